"""Going on: the newest checkpoint of a run that is whole, finite and its own, and what there is to say of it.

Whether a training state that was read is one of this run: every value has the type and the shape of its place.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recyclegan.distributed.processes import gather, shared_fate
from recyclegan.domains import Domain, Domains
from recyclegan.errors import InputError
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints, has_digests, load_checkpoint, step_of
from recyclegan.steps.finite import infinite_part
from recyclegan.steps.progressive import divisor_of, frame_words, sizes_of
from recyclegan.steps.train_state import MOMENTS, TrainState, parameters_of, trained_weights

Notify = Callable[[str], None]
"""Told of what a user should know, in one line each."""

PARTS = frozenset({"step", "networks", "optimizers", "average", "scaler", "processes"})
"""What a training state consists of."""


def restore(state: TrainState, notify: Notify) -> int:
    """Load the newest good checkpoint of the run and return the number of steps done; 0 where there is none yet.

    Raises:
        InputError: there are some, and none of them is good.
    """
    found = checkpoints(state.config.out)
    if not found:
        return 0
    with shared_fate(state.fabric):
        folder, saved, errors = _newest_good(found, state)
    if len(names := set(gather(state.fabric, folder.name))) > 1:
        raise InputError(f"{folder.parent}: processes see different checkpoints ({', '.join(sorted(names))}) there")
    state.load_state_dict(saved)
    for note in (*_notes_on_loss(folder, errors, found), *_notes_on(folder, saved, state)):
        notify(note)
    return saved["step"]


def _newest_good(found: Sequence[Path], state: TrainState) -> tuple[Path, dict[str, Any], list[InputError]]:
    """Return the newest checkpoint that is good, what it holds, and what is wrong with those after it."""
    errors: list[InputError] = []
    for folder in reversed(found):
        try:
            return folder, read_state(folder, state), errors
        except InputError as error:
            errors.append(error)
    others = f" (as little good: {', '.join(folder.name for folder in found[:-1])})" if len(found) > 1 else ""
    raise InputError(f"{errors[0]}{others}") from errors[0]


def read_state(folder: Path, state: TrainState) -> dict[str, Any]:
    """Return what a checkpoint holds.

    Raises:
        InputError: it is damaged, not finite, or does not belong to this run.
    """
    saved = load_checkpoint(folder)
    try:
        check_state(saved, state, step_of(folder))
    except MisfitError as error:
        raise InputError(
            f"{folder}: does not fit the networks of this run (look at {error}); it is a checkpoint of another, "
            "or of another version"
        ) from error
    if (part := infinite_part(saved)) is not None:
        raise InputError(f"{folder}: {part} are not finite; delete the folder to resume before it")
    return saved


def _notes_on_loss(folder: Path, errors: Sequence[InputError], found: Sequence[Path]) -> Iterator[str]:
    """Yield a line for each checkpoint after the one that is taken."""
    for later, error in zip(reversed(found), errors, strict=False):
        wrong = str(error).partition(";")[0]
        steps = step_of(later) - step_of(folder)
        yield f"{wrong}; goes on with {folder.name}, and the {steps} steps after it are trained again"


def _notes_on(folder: Path, saved: dict[str, Any], state: TrainState) -> Iterator[str]:
    """Yield what there is to say of the checkpoint that is taken."""
    if not has_digests(folder):
        yield f"{folder}: was written by an earlier version, without digests; damage to it would not be seen"
    before, now = len(saved["processes"]), state.fabric.world_size
    if before != now:
        yield f"{folder}: was trained on {before} devices and goes on on {now}: not with the bits of a run on {before}"
    if (divisor := divisor_of(state.config, saved["step"], state.num_steps)) > 1:
        yield f"{folder}: goes on with {frame_words(divisor)}, as a run of {state.num_steps} steps has (--progressive)"


class MisfitError(InputError):
    """A value of a training state is not what belongs in its place."""


def check_state(saved: dict[str, Any], state: TrainState, step: int) -> None:
    """Refuse a training state that is not one of this run after ``step`` steps: a MisfitError names the place."""
    require(saved.keys() == PARTS, " ".join(sorted(map(str, saved.keys() ^ PARTS))))
    require(type(saved["step"]) is int and saved["step"] == step, "step")
    check_like(saved["networks"], trained_weights(state.method), "networks")
    check_like(saved["average"], state.average.average if state.average else {}, "average")
    check_like(saved["scaler"], state.scaler.state_dict() if state.scaler and saved["scaler"] else {}, "scaler")
    optimizers = saved["optimizers"]
    require(isinstance(optimizers, dict) and optimizers.keys() == state.optimizers.keys(), "optimizers")
    for name, optimizer in state.optimizers.items():
        check_adam(optimizers[name], parameters_of(optimizer), f"optimizers.{name}")
    _check_processes(saved["processes"], state)


def _check_processes(processes: Any, state: TrainState) -> None:
    require(isinstance(processes, list) and len(processes) > 0, "processes")
    for number, own in enumerate(processes):
        place = f"processes.{number}"
        require(isinstance(own, dict) and own.keys() == {"buffers", "log"}, place)
        check_buffers(own["buffers"], state, f"{place}.buffers")
        check_log(own["log"], f"{place}.log")


def require(holds: bool, place: str) -> None:
    """Raise a MisfitError that names the place unless the condition holds."""
    if not holds:
        raise MisfitError(place)


def check_like(found: Any, wanted: Any, place: str) -> None:
    """Refuse what differs from ``wanted`` in types, names, shapes or lengths; values may differ. Tensors are plain."""
    if isinstance(wanted, Tensor):
        require(type(found) in (Tensor, nn.Parameter), place)
        same = found.layout == wanted.layout and found.shape == wanted.shape and found.dtype == wanted.dtype
        require(same, place)
    elif isinstance(wanted, Mapping):
        require(isinstance(found, Mapping) and found.keys() == wanted.keys(), place)
        for name, value in wanted.items():
            check_like(found[name], value, f"{place}.{name}")
    else:
        require(type(found) is type(wanted), place)


def check_adam(found: Any, parameters: Iterable[Tensor], place: str) -> None:
    """Refuse what is not the state of Adam over these parameters, any of which may have had no step yet."""
    require(isinstance(found, Mapping) and found.keys() == {"state", "param_groups"}, place)
    require(isinstance(found["state"], Mapping), f"{place}.state")
    known = dict(enumerate(parameters))
    for number, moments in found["state"].items():
        here = f"{place}.state.{number}"
        require(number in known and isinstance(moments, Mapping) and moments.keys() == {"step", *MOMENTS}, here)
        require(isinstance(moments["step"], Tensor) and moments["step"].numel() == 1, f"{here}.step")
        for name in MOMENTS:
            check_like(moments[name], known[number], f"{here}.{name}")


def check_buffers(found: Any, state: TrainState, place: str) -> None:
    """Refuse what does not hold a list of single fakes for each domain, as this run makes them."""
    require(isinstance(found, Mapping) and found.keys() == state.buffers.keys(), place)
    for domain, fakes in found.items():
        require(isinstance(fakes, list), f"{place}.{domain}")
        for number, fake in enumerate(fakes):
            require(type(fake) is Tensor and _is_fake(fake, domain, state.config), f"{place}.{domain}.{number}")


def _is_fake(found: Tensor, domain: Domain, config: TrainConfig) -> bool:
    shape = (1, Domains(config.frames.channels).channels_of(domain))
    sized = config.frames.crop == "none" or tuple(found.shape[2:]) in sizes_of(config)
    return found.dtype == torch.float32 and found.ndim == 4 and found.shape[:2] == shape and sized


def check_log(found: Any, place: str) -> None:
    """Refuse what is not the state of a ``RunLog``; earlier versions kept no ``last`` line."""
    names = {"sums", "num_steps", "due"}
    require(isinstance(found, Mapping) and {*names} <= found.keys() <= {*names, "last"}, place)
    require(type(found["num_steps"]) is int and found["num_steps"] >= 0, f"{place}.num_steps")
    for part in found.keys() - {"num_steps"}:
        require(_is_line(found[part]), f"{place}.{part}")


def _is_line(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and type(number) in (int, float) for name, number in value.items()
    )
