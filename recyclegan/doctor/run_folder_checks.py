"""Checks of what a run folder holds: its configuration, its checkpoints and its translators."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from recyclegan.doctor.finding import Finding, counted, gigabytes, note, problem, warning
from recyclegan.doctor.run_view import RunView
from recyclegan.domains import DOMAINS, target_domain
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.states import STATE_FILE

PUBLISHED_RATE = 2e-4
HIGHEST_RATE = 2e-3
LOWEST_RATE = 1e-6
"""A learning rate a hundred or more times smaller than the published one hardly moves a weight."""


def unreadable_configuration(view: RunView) -> Iterable[Finding]:
    """Find a configuration that is missing or cannot be read."""
    return view.config_findings


def learning_rate(view: RunView) -> Iterable[Finding]:
    """Find learning rates of 0, or far from those that such networks are trained with."""
    if view.config and view.config.lr > HIGHEST_RATE:
        yield problem(
            f"--lr {view.config.lr:g} is {view.config.lr / PUBLISHED_RATE:.0f} times the published {PUBLISHED_RATE:g}",
            f"train anew with --lr {PUBLISHED_RATE:g}, at most {HIGHEST_RATE:g}",
        )
    if view.config and view.config.lr < LOWEST_RATE:
        yield problem(
            f"--lr {view.config.lr:g} is too small to change the networks; the published rate is {PUBLISHED_RATE:g}",
            f"train anew with --lr {PUBLISHED_RATE:g}",
        )
    idle = [step for step, rate in view.points.get("lr", []) if rate == 0]
    if idle:
        yield problem(
            f"stats.jsonl: the learning rate was 0 in {counted(len(idle), 'logged step')}, from step {idle[0]:.0f} on",
            "steps at rate 0 teach nothing; shorten --decay, or train anew",
        )


def missing_terms(view: RunView) -> Iterable[Finding]:
    """Find directions without an adversarial term, or with nothing else."""
    if not view.steps_done:
        return
    for direction in view.directions:
        terms = set(view.terms(direction))
        adversarial = {term for term in terms if term.startswith("adversarial")}
        if not terms:
            yield problem(
                f"{direction}: all its weights are 0, so that it learned nothing", "train with --adversarial 1 1"
            )
        elif not adversarial:
            yield problem(
                f"{direction}: its adversarial weight is 0, so that nothing makes it look like"
                f" {target_domain(direction).upper()}",
                "train with --adversarial 1 1",
            )
        elif terms == adversarial:
            yield warning(
                f"{direction}: has an adversarial term alone, so that nothing ties a translation to its source",
                "give another term a weight, such as --unsup-recycle 10 10 or --cycle 10 10",
            )


def too_few_steps(view: RunView) -> Iterable[Finding]:
    """Find runs with fewer steps than there are clips."""
    if view.config is None or view.config.steps is None:
        return
    seen = view.config.steps * view.config.batch_size * view.config.devices
    for domain in DOMAINS:
        clips = len(view.clips(domain, "train"))
        if seen < clips:
            yield warning(
                f"{counted(view.config.steps, 'step')} show {counted(seen, 'frame')} of {domain.upper()}, which has"
                f" {counted(clips, 'clip')}",
                "give more --steps, or leave them out to pass over all frames --epochs times",
            )


def batch_larger_than_data(view: RunView) -> Iterable[Finding]:
    """Find batches that hold more frames than there are clips."""
    if view.config is None:
        return
    batch = view.config.batch_size * view.config.devices
    for domain in DOMAINS:
        clips = len(view.clips(domain, "train"))
        if 0 < clips < batch and batch > 1:
            yield warning(
                f"a batch holds {counted(batch, 'clip')} of {domain.upper()}, which has {clips}, so that it shows the"
                " same scenes several times",
                "give a smaller --batch-size (the published one is 1), or add clips",
            )


YOUNG = 600
"""Seconds since the last line of ``stats.jsonl`` in which a run may still be going on."""
MUCH = 1e9
"""Bytes of checkpoints that are told of."""


def stopped_early(view: RunView) -> Iterable[Finding]:
    """Find runs that did fewer steps than they were to do, with the command that goes on."""
    stats = view.run / "stats.jsonl"
    if view.config is None:
        return
    if not view.steps_done:
        yield warning(f"{stats}: holds no step, so that there is no course to judge", "train, or see why it stopped")
        return
    wanted = view.config.steps or _steps_of_epochs(view, view.config)
    if wanted is None or view.steps_done >= wanted:
        return
    done = f"{view.steps_done:,} of {wanted:,} steps are done"
    if time.time() - stats.stat().st_mtime < YOUNG:
        yield note(f"{done}; the last was logged minutes ago", "examine the run again when it has ended")
    else:
        yield warning(f"{done}, and no step was logged lately", f"go on with {_resume(view.run, view.config)}")


def damaged_checkpoints(view: RunView) -> Iterable[Finding]:
    """Find checkpoints without training state, and runs without a checkpoint."""
    for folder in view.checkpoints:
        state = folder / STATE_FILE
        if not state.is_file() or not state.stat().st_size:
            yield problem(f"{folder}: holds no training state, so that --resume fails", "delete the folder")
    if view.steps_done and not view.checkpoints:
        yield warning(
            f"{view.run}: holds no checkpoint after {counted(view.steps_done, 'step')}, so that it cannot be resumed",
            "give a smaller --save-every",
        )


def missing_translators(view: RunView) -> Iterable[Finding]:
    """Find directions without a translator."""
    missing = [
        f"{direction}.safetensors"
        for direction in view.directions
        if not (view.run / f"{direction}.safetensors").is_file()
    ]
    if missing and view.steps_done:
        yield warning(
            f"{view.run}: holds no {' and no '.join(missing)}",
            "resume the run; translators appear with each checkpoint",
        )


def left_behind(view: RunView) -> Iterable[Finding]:
    """Find half-written checkpoints that a kill left behind."""
    unfinished = [folder for folder in view.run.glob(".step-*") if folder.is_dir()]
    if unfinished:
        taken = gigabytes(sum(map(_size, unfinished)))
        yield note(
            f"{view.run}: holds {counted(len(unfinished), 'half-written checkpoint')}, {taken}: {unfinished[0].name}",
            "delete them when no training is going on",
        )


def disk_use(view: RunView) -> Iterable[Finding]:
    """Tell what large checkpoints take."""
    taken = sum(map(_size, view.checkpoints))
    if taken >= MUCH:
        yield note(
            f"{counted(len(view.checkpoints), 'checkpoint')} take {gigabytes(taken)}",
            "a finished run needs ab.safetensors and ba.safetensors alone; --keep 1 keeps one",
        )


def _steps_of_epochs(view: RunView, config: TrainConfig) -> int | None:
    """Return the steps that the configured epochs amount to, where the footage is there."""
    length = METHODS[config.method_name].clip_length
    windows = [sum(max(0, clip.num_frames - length + 1) for clip in view.clips(domain, "train")) for domain in DOMAINS]
    if not all(windows):
        return None
    steps = -(-max(windows) // (config.batch_size * config.devices))
    return max(1, round(config.epochs * steps))


def _resume(run: Path, config: TrainConfig) -> str:
    return f"recyclegan train {config.method_name} --data {config.data} --out {run} --resume"


def _size(folder: Path) -> int:
    """Return the bytes of a folder's files; training that goes on may take some away meanwhile."""
    taken = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                taken += (Path(place) / name).stat().st_size
    return taken
