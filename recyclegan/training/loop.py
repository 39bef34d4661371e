"""The training loop: data, steps, logs, samples, checkpoints, and a clean end whatever ends it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from recyclegan.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from recyclegan.errors import InputError
from recyclegan.files import check_writable
from recyclegan.logs import read_stats, series
from recyclegan.methods import METHODS, NO_LABELS, Method
from recyclegan.tensors import Colours, Domain
from recyclegan.training.config import TrainConfig
from recyclegan.training.data_record import write_data
from recyclegan.training.finite import check_scale, failure, infinite_part
from recyclegan.training.footage import Decoding, Footage, load_footage
from recyclegan.training.processes import Interruption, any_process, make_fabric
from recyclegan.training.results import save_translators, translating_generators, write_curves, write_samples
from recyclegan.training.run_folder import CONFIG_FILE, STATS_FILE, check_run_folder, unmade_on_failure, write_config
from recyclegan.training.step import TrainState, train_step
from recyclegan.training.validation import notes_on_course, validate

Report = Callable[[int, int, dict[str, float]], None]
"""Told of (steps done, steps in all, loss terms of the last step) after every step, in the first process."""


@dataclass(frozen=True)
class Outcome:
    """How training ended."""

    steps: int
    """Steps done."""
    num_steps: int
    """Steps that were wanted; fewer were done where a signal ended it, and the run can be resumed."""
    notes: tuple[str, ...] = ()
    """What there is to say of the data and of the course of training."""
    is_first_process: bool = True
    """Whether this process speaks for the run; where several train together, the others have nothing to print."""


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
    with unmade_on_failure(config.out):
        if not dry_run:
            check_writable(config.out / CONFIG_FILE)
        state, footage = prepare(config, decoding)
    if dry_run:
        losses = numbers(train_step(state, footage.batch(0), 0))
        refuse_infinite(state, losses, 0)
        return Outcome(0, state.num_steps, footage.notes, state.fabric.is_global_zero)
    done = run_steps(state, footage, restore(state) if resume else 0, report or (lambda *_: None))
    return outcome(state, footage, done)


def prepare(config: TrainConfig, decoding: Decoding | None) -> tuple[TrainState, Footage]:
    """Return what is trained, with its first weights, and what it is trained on."""
    fabric = make_fabric(config)
    method = first_method(config)  # refuses what no method can be, before any footage is read
    footage = load_footage(config, method.clip_length, fabric, decoding if fabric.is_global_zero else None)
    if footage.palettes:
        method = first_method(config, footage.palettes)
    num_steps = config.steps or max(1, round(config.epochs * footage.steps_per_epoch))
    return TrainState(method, config, fabric, num_steps), footage


def first_method(config: TrainConfig, palettes: Mapping[Domain, Colours] = NO_LABELS) -> Method:
    """Return the method with the first weights of the seed."""
    torch.manual_seed(config.seed)
    return METHODS[config.method_name](config.method, config.networks, config.frames.channels, palettes)


def outcome(state: TrainState, footage: Footage, done: int) -> Outcome:
    """Return how training ended; what there is to say of it is said by the first process alone."""
    if not state.fabric.is_global_zero:
        return Outcome(done, state.num_steps, is_first_process=False)
    course = series(read_stats(state.config.out / STATS_FILE)) if done == state.num_steps else {}
    return Outcome(done, state.num_steps, (*footage.notes, *notes_on_course(course)))


def run_steps(state: TrainState, footage: Footage, first: int, report: Report) -> int:
    """Train from step ``first`` to the last, or to a signal; return the number of steps done."""
    if first >= state.num_steps:
        return first
    config, is_writer = state.config, state.fabric.is_global_zero
    if is_writer:
        write_config(config)
        write_data(config.out, footage.digests, first)
        state.log.open(config.out / STATS_FILE, first)
    done, last = first, False
    with Interruption().listening() as interruption:
        while not last:
            losses = numbers(train_step(state, footage.batch(done), done))
            asked_to_stop = refuse_infinite(state, losses, done, interruption.asked)
            done += 1
            last = done == state.num_steps or asked_to_stop
            record(state, footage, done, losses, last)
            if last or done % config.save_every == 0 or ends_saved_epoch(config, footage, done):
                save(state, footage, done)
            if is_writer:
                report(done, state.num_steps, losses)
    return done


def record(state: TrainState, footage: Footage, done: int, losses: dict[str, float], last: bool) -> None:
    """Write what is due after ``done`` steps: a line of losses and measures, a grid of samples, the curves."""
    state.log.add(losses)
    shows = state.fabric.is_global_zero and (last or done % state.config.sample_every == 0)
    generators = translating_generators(state) if shows else None
    measures = validate(generators, footage) if generators else {}
    state.log.write(done, state.rate, measures, last)
    if generators:
        write_samples(state, generators, footage, done)
        write_curves(state.config.out)


def ends_saved_epoch(config: TrainConfig, footage: Footage, done: int) -> bool:
    """Return whether an epoch ends here after which a checkpoint is wanted."""
    return bool(config.save_epochs) and done % (config.save_epochs * footage.steps_per_epoch) == 0


def save(state: TrainState, footage: Footage, done: int) -> None:
    """Write a checkpoint and both translators, after checking that all of it is finite."""
    checkpoint = {"step": done, **state.state_dict()}
    if (part := infinite_part(checkpoint)) is not None:
        raise failure(state.config, done, f"{part} are not finite")
    check_scale(state.config, done, state.scaler)
    if state.fabric.is_global_zero:
        save_checkpoint(state.config.out, done, checkpoint, state.config.keep)
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
            f"{found[-1]}: does not fit the networks of this run; it is a checkpoint of another, or of another version"
        ) from error
    return saved["step"]


def numbers(terms: dict[str, Tensor]) -> dict[str, float]:
    """Return loss terms as numbers."""
    return dict(zip(terms, torch.stack(list(terms.values())).tolist(), strict=True))


def refuse_infinite(state: TrainState, losses: dict[str, float], step: int, asked_to_stop: bool = False) -> bool:
    """Return whether any process was asked to stop.

    Raises:
        TrainingFailedError: in any process a loss is not finite; it is raised in all of them.
    """
    infinite = [f"{name} is {value}" for name, value in losses.items() if not abs(value) < float("inf")]
    asked_to_stop, failed = any_process(state.fabric, asked_to_stop, bool(infinite))
    if failed:
        told = infinite[0] if infinite else "of another process is not finite"
        raise failure(state.config, step, f"loss {told}")
    return asked_to_stop
