"""The training loop: data, steps, logs, samples, checkpoints, and a clean end whatever ends it."""

import json
import signal
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from recyclegan.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from recyclegan.errors import InputError
from recyclegan.files import check_writable, whole_file
from recyclegan.logs import StatsLog
from recyclegan.methods import METHODS
from recyclegan.training.config import TrainConfig, config_from_dict, config_to_dict
from recyclegan.training.footage import Decoding, Footage, load_footage
from recyclegan.training.results import save_translators, write_curves, write_samples
from recyclegan.training.step import TrainState, train_step

CONFIG_FILE = "config.json"
STATS_FILE = "stats.jsonl"
MAY_CHANGE = frozenset(
    {
        *("data", "out", "steps", "epochs", "device", "devices"),
        *("save_every", "save_epochs", "keep", "log_every", "sample_every"),
    }
)
"""Fields that may differ from those that a run was started with when it is resumed."""

Report = Callable[[int, int, dict[str, float]], None]
"""Told of (steps done, steps in all, loss terms of the last step) after every step."""


class TrainingFailedError(InputError):
    """Training cannot go on: a loss or a weight is not finite."""


@dataclass(frozen=True)
class Outcome:
    """How training ended."""

    steps: int
    """Steps done."""
    num_steps: int
    """Steps that were wanted; fewer were done where a signal ended it, and the run can be resumed."""
    notes: tuple[str, ...] = ()
    """What there is to say of the data."""


def train(
    config: TrainConfig,
    resume: bool = False,
    dry_run: bool = False,
    report: Report | None = None,
    decoding: Decoding | None = None,
) -> Outcome:
    """Train a method on two folders of footage, leave a run folder, and return how it ended.

    ``resume`` continues from the newest checkpoint, with the same bits as if it had never stopped. ``dry_run`` reads
    all data, takes one step and writes nothing. SIGINT and SIGTERM end it after the step at hand, with a checkpoint.

    Raises:
        InputError: data, configuration or the run folder do not allow it.
        TrainingFailedError: a loss or a weight is not finite.
    """
    check_run_folder(config, resume)
    if not dry_run:
        check_writable(config.out / CONFIG_FILE)
    fabric = make_fabric(config)
    torch.manual_seed(config.seed)
    method_class = METHODS[config.method_name]
    method = method_class(config.method, config.networks, config.frames.channels)
    footage = load_footage(config, method_class.clip_length, fabric, decoding)
    num_steps = config.steps or max(1, round(config.epochs * footage.steps_per_epoch))
    state = TrainState(method, config, fabric, num_steps)
    if dry_run:
        check_finite(train_step(state, footage.batch(0), 0), 0, config.out)
        return Outcome(0, num_steps, footage.notes)
    first = restore(state) if resume else 0
    return Outcome(run_steps(state, footage, first, report or (lambda *_: None)), num_steps, footage.notes)


def run_steps(state: TrainState, footage: Footage, first: int, report: Report) -> int:
    """Train from step ``first`` to the last, or to a signal; return the number of steps done."""
    config, run, is_writer = state.config, state.config.out, state.fabric.is_global_zero
    if is_writer:
        write_config(config)
        stats = StatsLog(run / STATS_FILE, first + 1)
    gathered: dict[str, list[float]] = defaultdict(list)
    done, asked_to_stop = first, False
    with Interruption().listening() as interruption:
        while done < state.num_steps and not asked_to_stop:
            terms = check_finite(train_step(state, footage.batch(done), done), done, run)
            done += 1
            for name, value in terms.items():
                gathered[name].append(value)
            asked_to_stop = interruption.asked
            last = done == state.num_steps or asked_to_stop
            if is_writer and (last or done % config.log_every == 0):
                means = {name: sum(values) / len(values) for name, values in gathered.items()}
                stats.write({"step": done, **means, "lr": state.rate})
                gathered.clear()
            if is_writer and (last or done % config.sample_every == 0):
                write_samples(state, footage, done)
                write_curves(run)
            if last or done % config.save_every == 0 or ends_saved_epoch(config, footage, done):
                save(state, footage, done)
            report(done, state.num_steps, terms)
    return done


def ends_saved_epoch(config: TrainConfig, footage: Footage, done: int) -> bool:
    """Return whether an epoch ends here after which a checkpoint is wanted."""
    return bool(config.save_epochs) and done % (config.save_epochs * footage.steps_per_epoch) == 0


def save(state: TrainState, footage: Footage, done: int) -> None:
    """Write a checkpoint and both translators, after checking that every weight is finite."""
    networks = state.method.state_dict()
    for name, value in networks.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise TrainingFailedError(f"step {done}: weights of {name} are not finite; {_last_good(state.config.out)}")
    if state.fabric.is_global_zero:
        save_checkpoint(state.config.out, done, {"step": done, **state.state_dict()}, state.config.keep)
        save_translators(state, footage, done)
    state.fabric.barrier()


def restore(state: TrainState) -> int:
    """Load the newest checkpoint of the run and return the number of steps done; 0 where there is none yet."""
    found = checkpoints(state.config.out)
    if not found:
        return 0
    saved = load_checkpoint(found[-1])
    try:
        state.load_state_dict(saved)
    except (KeyError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{found[-1]}: does not fit the networks of this run; it is a checkpoint of another"
        ) from error
    return saved["step"]


def check_finite(terms: dict[str, Tensor], step: int, run: Path) -> dict[str, float]:
    """Return the loss terms as numbers.

    Raises:
        TrainingFailedError: one of them is not finite.
    """
    values = dict(zip(terms, torch.stack(list(terms.values())).tolist(), strict=True))
    for name, value in values.items():
        if not abs(value) < float("inf"):
            raise TrainingFailedError(f"step {step}: loss {name} is {value}; {_last_good(run)}")
    return values


def _last_good(run: Path) -> str:
    found = checkpoints(run)
    remedy = "lower --lr, give --clip-gradients 1, or train in fp32"
    return f"last good checkpoint: {found[-1]}; {remedy}" if found else f"no checkpoint yet; {remedy}"


def make_fabric(config: TrainConfig) -> Fabric:
    """Return Lightning Fabric on the devices that the configuration names.

    Raises:
        InputError: they are not there, or cannot do the precision.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*AMP with fp16 is not supported on CPU")
            fabric = Fabric(accelerator=config.device, devices=config.devices, precision=config.precision)
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"--device {config.device} --precision {config.precision}: {reason}; try --device auto"
        ) from error
    if config.precision == "16-mixed" and fabric.device.type == "cpu":
        raise InputError("--precision 16-mixed: is not to be had on a CPU; give bf16-mixed or 32")
    return fabric


def check_run_folder(config: TrainConfig, resume: bool) -> None:
    """Refuse to write over a run, or to resume one with another configuration.

    Raises:
        InputError: the folder holds a run and ``resume`` is off, or it differs from what the run was started with.
    """
    path = config.out / CONFIG_FILE
    if config.out.exists() and not config.out.is_dir():
        raise InputError(f"{config.out}: is a file; name a folder for the run")
    if not path.is_file():
        return
    if not resume:
        raise InputError(f"{config.out}: holds a run already; give --resume to go on with it, or another --out")
    wanted, started = config_to_dict(config), config_to_dict(read_config(config.out))
    for name in wanted.keys() - MAY_CHANGE:
        if wanted[name] != started[name]:
            raise InputError(
                f"{config.out}: was started with {name}={started[name]}, found {wanted[name]}; resume it as it was"
            )


def read_config(run: Path) -> TrainConfig:
    """Return the configuration of a run folder.

    Raises:
        InputError: there is none, or it is not of this program.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        raise InputError(f"{run}: holds no {CONFIG_FILE}; name a run folder")
    try:
        values = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is no JSON ({error})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: found {values!r}, expected a table of fields")
    return config_from_dict(values, str(path))


def write_config(config: TrainConfig) -> None:
    """Write the configuration into its run folder."""
    with whole_file(config.out / CONFIG_FILE) as scratch:
        scratch.write_text(json.dumps(config_to_dict(config), indent=2) + "\n")


@dataclass
class Interruption:
    """Whether SIGINT or SIGTERM asked for a clean end."""

    asked: bool = False
    before: dict[int, Any] = field(default_factory=dict)

    @contextmanager
    def listening(self) -> Iterator["Interruption"]:
        """Take both signals while the block runs; a second one of the same kind ends the process at once.

        Outside the main thread, where Python hands out no signals, the block just runs.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        self.before = {kind: signal.signal(kind, self._take) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for kind, handler in self.before.items():
                signal.signal(kind, handler)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, self.before[number])
