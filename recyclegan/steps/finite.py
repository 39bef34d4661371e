"""Numbers that are not finite: how they are found, and where training ends because of them."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import torch
from torch import Tensor

from recyclegan.distributed.processes import any_process
from recyclegan.errors import InputError
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints
from recyclegan.steps.gathered import StepNumbers
from recyclegan.steps.train_state import TrainState, trained_weights

LEAST_SCALE = 2.0**-30
"""Factor of the loss in 16-mixed below which gradients overflow whatever it is."""
_WORDS = {"networks": "weights of ", "average": "averaged weights of generators.", "scaler": "the loss's factor "}
"""What the parts of a training state are called; the rest go by their names in it."""


class TrainingFailedError(InputError):
    """Training cannot go on: a loss, a gradient or a weight is not finite."""


def _failure(config: TrainConfig, step: int, what: str) -> TrainingFailedError:
    """Return the error that says what is not finite in a step, what is left of the run, and what may help."""
    found = checkpoints(config.out)
    left = f"last good checkpoint: {found[-1]}" if found else "no checkpoint yet"
    remedies = ["lower --lr"]
    if not config.clip_gradients:
        remedies.append("give --clip-gradients 1")
    if config.precision != "32":
        remedies.append("give --precision 32")
    return TrainingFailedError(f"step {step}: {what}; {left}; {' or '.join(remedies)}")


def infinite_part(state: Mapping[str, Any]) -> str | None:
    """Return what in a training state is not finite, in words; None where all of it is."""
    for part, value in state.items():
        if (place := next(_infinite_places(value), None)) is not None:
            return f"{_WORDS.get(part, f'values of {part}.')}{place}".rstrip(".")
    return None


def _infinite_places(value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of floating-point values in nested dictionaries and lists that are not finite."""
    if isinstance(value, Tensor):
        if value.is_floating_point() and not value.isfinite().all():
            yield place
    elif isinstance(value, float):
        if not isfinite(value):
            yield place
    elif isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, item in items:
            yield from _infinite_places(item, f"{place}.{name}" if place else str(name))


def check_scale(config: TrainConfig, step: int, scaler: torch.amp.GradScaler | None) -> None:
    """Raise a TrainingFailedError where 16-mixed has halved the loss's factor to nothing: every step is left out."""
    if scaler and scaler.get_scale() < LEAST_SCALE:
        raise _failure(config, step, "gradients overflow in every step, whatever the loss is multiplied by")


def refuse_infinite(state: TrainState, numbers: StepNumbers, asked_to_stop: bool = False) -> bool:
    """Return whether any process was asked to stop.

    Raises:
        TrainingFailedError: in any process a loss is not finite, or one of the norms by which gradients were clipped;
            it is raised in all of them.
    """
    infinite = [f"gradients of {name} are not finite" for name, norm in numbers.norms.items() if not isfinite(norm)]
    infinite += [f"loss {name} is {value}" for name, value in numbers.losses.items() if not isfinite(value)]
    asked_to_stop, failed = any_process(state.fabric, asked_to_stop, bool(infinite))
    if failed:
        what = infinite[0] if infinite else "loss of another process is not finite"
        raise _failure(state.config, numbers.step, what)
    return asked_to_stop


def refuse_infinite_state(state: TrainState, saved: Mapping[str, Any], done: int) -> None:
    """Refuse to save what is not finite, or no longer trains.

    Raises:
        TrainingFailedError: there is some, the same in all processes.
    """
    check_scale(state.config, done, state.scaler)
    if (part := infinite_part(saved)) is not None:
        raise _failure(state.config, done, f"{part} are not finite")


def refuse_infinite_weights(state: TrainState, done: int) -> None:
    """Refuse to show what weights make that are not finite.

    Raises:
        TrainingFailedError: there are some, the same in all processes.
    """
    averages = state.average.average if state.average else {}
    refuse_infinite_state(state, {"networks": trained_weights(state.method), "average": averages}, done)


def refuse_infinite_measures(state: TrainState, measures: Mapping[str, float], done: int) -> None:
    """Refuse translations that are not finite, though the weights are.

    Raises:
        TrainingFailedError: a measure of them is not finite.
    """
    for name, value in measures.items():
        if not isfinite(value):
            raise _failure(state.config, done, f"{name} of held-out frames is {value}")
