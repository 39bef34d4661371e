"""Whether a run ended as it was meant to, and what it keeps on the disk."""

import time
from collections.abc import Iterable
from pathlib import Path

from recyclegan.doctor.finding import Finding, counted, gigabytes, note, problem, warning
from recyclegan.doctor.run_view import RunView
from recyclegan.domains import DOMAINS
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.states import STATE_FILE

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
    missing = [f"{way}.safetensors" for way in view.ways if not (view.run / f"{way}.safetensors").is_file()]
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
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
