"""The training loop: data, steps, logs, samples, checkpoints, and a clean end whatever ends it."""

import errno
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import torch

from recyclegan.acceleration.stepping import choose_halves
from recyclegan.distributed.determinism import deterministic_algorithms
from recyclegan.distributed.processes import make_fabric, one_voice, shared_fate
from recyclegan.domains import Colours, Domain, Domains
from recyclegan.files import check_writable
from recyclegan.logs import read_stats, series
from recyclegan.methods import Method
from recyclegan.methods.class_reader import ClassReader
from recyclegan.pace import Pace, Progress
from recyclegan.runs.run_folder import (
    CONFIG_FILE,
    STATS_FILE,
    check_run_folder,
    only_training,
    unmade_on_failure,
    write_config,
)
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.states import save_checkpoint
from recyclegan.steps.finite import (
    refuse_infinite,
    refuse_infinite_measures,
    refuse_infinite_state,
    refuse_infinite_weights,
)
from recyclegan.steps.gathered import Gathered, StepNumbers
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import TrainState
from recyclegan.training.artifacts import (
    complete,
    failure_on_page,
    renew_translators,
    save_translators,
    translating_generators,
    write_curves,
    write_page,
    write_samples,
)
from recyclegan.training.colour_start import start_at_colours
from recyclegan.training.restoring import Notify, restore
from recyclegan.training.signals import Interruption
from recyclegan.training.training_data import Footage, load_footage, write_data
from recyclegan.training.validation import SampleJudge, notes_on_course, validate, verdict_lines

Report = Callable[[int, int, dict[str, float]], None]
"""Told of (steps done, steps in all, loss terms of the last step) after every step, in the first process.

On a GPU the loss terms are the newest that are known, a quarter of a second old or so.
"""
Waited = Callable[[float], None]
"""Told of the share of the time in which steps waited for their data, before every report."""


@dataclass(frozen=True)
class Outcome:
    """How training ended."""

    steps: int
    """Steps done."""
    num_steps: int
    """Steps that were wanted; fewer were done where a signal ended it, and the run can be resumed."""
    notes: tuple[str, ...] = ()
    """What there is to say of the data and of the course of training."""
    verdicts: tuple[str, ...] = field(default=(), compare=False)
    """What there is to say of the samples that were written last: a line for each direction, and for each discriminator
    that has won."""
    is_first_process: bool = True
    """Whether this process speaks for the run; where several train together, the others have nothing to print."""

    def __repr__(self) -> str:
        """Return it in a line; the notes are counted only."""
        return f"Outcome(steps={self.steps}, num_steps={self.num_steps}, notes={len(self.notes)})"


def train(
    config: TrainConfig,
    resume: bool = False,
    dry_run: bool = False,
    report: Report | None = None,
    decoding: Progress | None = None,
    notify: Notify | None = None,
    waited: Waited | None = None,
) -> Outcome:
    """Train a method on two folders of footage, leave a run folder, and return how it ended.

    ``resume`` continues from the newest good checkpoint, with the same bits as if it had never stopped; what is to say
    of it goes to ``notify`` at once, or without one to the notes of the outcome. ``dry_run`` reads all data, takes one
    step and writes nothing. ``waited`` hears before every report which share of the time steps waited for data. SIGINT,
    SIGTERM and SIGHUP end it after the step at hand, with a checkpoint.

    Raises:
        InputError: data, configuration or the run folder do not allow it, or something cannot be written.
        TrainingFailedError: a loss, a gradient or a weight is not finite.
        SystemExit: it fails, and another of the processes that train together says why.

    Example:
        >>> frames, small = DataConfig(size=(32, 48)), NetworkConfig(width=4, discriminator_width=4)
        >>> train(TrainConfig(data="data", out="runs/one", steps=2, networks=small, frames=frames)).steps
        2
    """
    with one_voice(), deterministic_algorithms(config.deterministic):
        if dry_run:
            return _train_one_step(config, resume, decoding)
        with unmade_on_failure(config.out), only_training(config.out):
            check_run_folder(config, resume)
            return _train(config, resume, report or (lambda *_: None), decoding, notify, waited or (lambda _: None))


def _train_one_step(config: TrainConfig, resume: bool, decoding: Progress | None) -> Outcome:
    check_run_folder(config, resume)
    state, footage = prepare(config, decoding)
    gathered = Gathered(state)
    largest = state.num_steps - 1 if config.progressive else 0
    gathered.add(0, train_step(state, footage.batch(0), largest), state.norms)
    take(state, gathered.read(due=True))
    notes = (*footage.beginning, *footage.notes)
    return Outcome(0, state.num_steps, notes, is_first_process=state.fabric.is_global_zero)


def _train(
    config: TrainConfig, resume: bool, report: Report, decoding: Progress | None, notify: Notify | None, waited: Waited
) -> Outcome:
    check_writable(config.out / CONFIG_FILE)
    state, footage = prepare(config, decoding)
    notes: list[str] = []
    notify = state.notify = (notify or notes.append) if state.fabric.is_global_zero else (lambda _: None)
    for line in footage.beginning:
        notify(line)
    first = restore(state, notify) if resume else 0
    if first:
        renew(state, footage, first, notify)
    with failure_on_page(state):
        done = run_steps(state, footage, first, report, waited)
    ended = outcome(state, footage, done)
    return replace(ended, notes=(*notes, *ended.notes))


def prepare(config: TrainConfig, decoding: Progress | None) -> tuple[TrainState, Footage]:
    """Return what is trained, with its first weights, and what it is trained on."""
    fabric = make_fabric(config)
    method = first_method(config)  # refuses what no method can be, before any footage is read
    with shared_fate(fabric):
        footage = load_footage(config, method.clip_length, fabric, decoding if fabric.is_global_zero else None)
    if footage.palettes:
        method = first_method(config, footage.palettes)
    if footage.labelled:
        method.reader = ClassReader(footage.labelled.counts)
    start_at_colours(method, footage.cached)
    num_steps = config.steps or max(1, round(config.epochs * footage.clips.steps_per_epoch))
    state = TrainState(method, config, fabric, num_steps)
    choose_halves(state)
    return state, footage


def first_method(config: TrainConfig, palettes: Mapping[Domain, Colours] | None = None) -> Method:
    """Return the method with the first weights of the seed."""
    torch.manual_seed(config.seed)
    domains = Domains(config.frames.channels, palettes or {}, config.extras.num_channels)
    return METHODS[config.method_name](config.method, config.networks, domains)


def outcome(state: TrainState, footage: Footage, done: int) -> Outcome:
    """Return how training ended; what there is to say of it is said by the first process alone."""
    if not state.fabric.is_global_zero:
        return Outcome(done, state.num_steps, is_first_process=False)
    entries = read_stats(state.config.out / STATS_FILE)
    course = series(entries) if done == state.num_steps else {}
    return Outcome(done, state.num_steps, (*footage.notes, *notes_on_course(course)), verdict_lines(entries))


def renew(state: TrainState, footage: Footage, done: int, notify: Notify) -> None:
    """Bring what lies beside the checkpoint of ``done`` steps to its state, as a kill after it was written may need."""
    with shared_fate(state.fabric):
        if state.fabric.is_global_zero:
            bring = complete if done >= state.num_steps else renew_translators
            for note in bring(state, footage, done):
                notify(note)


def run_steps(state: TrainState, footage: Footage, first: int, report: Report, waited: Waited) -> int:
    """Train from step ``first`` to the last, or to a signal; return the number of steps done."""
    done, last, judge, gathered = first, first >= state.num_steps, SampleJudge(footage), Gathered(state)
    losses: dict[str, float] = {}
    with Interruption().listening() as interruption, footage.ahead(first, state.num_steps) as batches:
        while not last:
            gathered.add(done, train_step(state, batches.batch(done), done), state.norms)
            asked, due = interruption.asked, done == first or is_due(state.config, footage, done + 1)
            numbers = gathered.read(due or asked or done + 1 == state.num_steps)
            asked_to_stop = take(state, numbers, asked)
            losses = numbers[-1].losses if numbers else losses
            if done == first:
                begin(state, footage, first)
            done += 1
            last = done == state.num_steps or asked_to_stop
            record(state, footage, judge, done, last)
            if last or is_saved(state.config, footage, done):
                save(state, footage, done)
            if last or done % state.config.sample_every == 0:
                show(state, done, last)
            if state.fabric.is_global_zero:
                waited(batches.share_waited)
                tell_of_step(report, done, state.num_steps, losses)
    return done


def take(state: TrainState, messages: Sequence[StepNumbers], asked_to_stop: bool = False) -> bool:
    """Log the numbers of steps in their order; return whether any process was asked to stop.

    Raises:
        TrainingFailedError: a number is not finite; the first such step is named.
    """
    for numbers in messages:
        asked_to_stop = refuse_infinite(state, numbers, asked_to_stop)
        state.log.add(numbers.losses)
    return asked_to_stop


def is_due(config: TrainConfig, footage: Footage, done: int) -> bool:
    """Return whether the numbers of all steps must be known after ``done`` of them: something is to be written."""
    return done % config.log_every == 0 or done % config.sample_every == 0 or is_saved(config, footage, done)


def is_saved(config: TrainConfig, footage: Footage, done: int) -> bool:
    """Return whether a checkpoint is wanted after ``done`` steps: so many are done, or an epoch ends that is saved."""
    steps = config.save_epochs * footage.clips.steps_per_epoch
    return done % config.save_every == 0 or bool(steps and done % steps == 0)


def begin(state: TrainState, footage: Footage, first: int) -> None:
    """Write configuration, digests of the data, the log of ``first`` steps and a first page, once a step was done."""
    with shared_fate(state.fabric):
        if state.fabric.is_global_zero:
            write_config(state.config)
            write_data(state.config.out, footage.digests, first)
            state.log.open(state.config.out / STATS_FILE, first)
            state.pace = Pace(first + 1)
            write_page(state, first + 1, going=True)


def show(state: TrainState, done: int, last: bool) -> None:
    """Write the page of the run, after everything that it refers to."""
    with shared_fate(state.fabric):
        if state.fabric.is_global_zero:
            write_page(state, done, going=not last)


def tell_of_step(report: Report, done: int, num_steps: int, losses: dict[str, float]) -> None:
    """Report a step; a terminal or a pipe that is gone takes no news, and training goes on without."""
    try:
        report(done, num_steps, losses)
    except OSError as error:
        if error.errno not in (errno.EIO, errno.EPIPE):
            raise


def record(state: TrainState, footage: Footage, judge: SampleJudge, done: int, last: bool) -> None:
    """Write what is due after ``done`` steps: a line of losses and measures, a grid of samples, the curves."""
    shows = last or done % state.config.sample_every == 0
    if shows:
        refuse_infinite_weights(state, done)
    means = state.log.means(done, state.rate, last)
    with shared_fate(state.fabric) if means or shows else nullcontext():
        generators = translating_generators(state) if shows and state.fabric.is_global_zero else None
        measures = {**validate(generators, footage), **judge.numbers(generators)} if generators else {}
        refuse_infinite_measures(state, measures, done)
        state.log.write(done, means, measures)
        if generators:
            write_samples(state, generators, footage, done)
            write_curves(state.config.out)


def save(state: TrainState, footage: Footage, done: int) -> None:
    """Write a checkpoint and both translators, after checking that all of it is finite."""
    checkpoint = {"step": done, **state.state_dict()}
    refuse_infinite_state(state, checkpoint, done)
    with shared_fate(state.fabric):
        if state.fabric.is_global_zero:
            save_checkpoint(state.config.out, done, checkpoint, state.config.keep)
            save_translators(state, footage, done)
