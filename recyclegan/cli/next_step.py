"""The command that goes on from here: what each command ends with, ready to paste."""

import shlex
from itertools import count
from pathlib import Path

MINUTES = "10"
"""What a first training is given."""


def next_step(*words: str | Path) -> str:
    """Return the command to go on with, quoted for the shell, on a line of its own."""
    return f"next:\n  {shlex.join(['recyclegan', *map(str, words)])}"


def to_train(data: Path, *options: str | Path) -> str:
    """Return how to train on a data folder, in a run folder that is not there yet."""
    return next_step("train", "--data", data, "--out", _new_run(data), "--minutes", MINUTES, *options)


def to_translate(run: Path, data: Path) -> str:
    """Return how to translate the held-out clips of A, or, where none are held out, those that were trained on."""
    held_out = data / "val" / "A"
    source = held_out if held_out.is_dir() else data / "train" / "A"
    return next_step("translate", run, source, beside(run, "translated"))


def to_evaluate(translated: Path, source: Path, target: Path | None) -> str:
    """Return how to measure what was translated, against footage of the look aimed at where that is known."""
    aim: list[str | Path] = ["--target", target] if target else []
    return next_step("evaluate", translated, source, "--out", beside(translated, "report"), *aim)


def beside(path: Path, what: str) -> Path:
    """Return a name beside a file or folder: ``drive-report`` for ``drive.mp4``."""
    stem = path.stem if path.is_file() else path.name
    return path.with_name(f"{stem}-{what}")


def _new_run(data: Path) -> Path:
    """Return ``runs/NAME`` with the name of the data folder, and a number where there is such a run."""
    name = data.resolve().name or "run"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(run for run in (Path("runs") / name for name in names) if not run.exists())
