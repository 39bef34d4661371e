"""The command that goes on from here: what each command ends with, ready to paste.

One way leads through them: prepare, doctor, train, translate, evaluate.
"""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from recyclegan.domains import Direction, target_domain
from recyclegan.errors import InputError
from recyclegan.files import kind_of

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
    return next_step("translate", run, source, _free(beside(run, "translated")))


def after_examining(folder: Path, is_run: bool, data: Path | None) -> str:
    """Return how to go on with a data folder or a run in which nothing is wrong; an empty text where that is unknown.

    ``data`` is the data folder of a run, where it has moved.
    """
    if not is_run:
        return to_train(folder) + "\n"
    with suppress(InputError):
        return to_translate(folder, data or _data_of(folder)) + "\n"
    return ""


def after_translating(source: Path, translated: Path, model: str, direction: Direction) -> str:
    """Return how to measure videos that were translated, against footage of the look aimed at where the model is a run
    whose data is there; an empty text where nothing can be measured.
    """
    if kind_of(source) == "file" and _is_picture(source):
        return ""
    aim: list[str | Path] = []
    with suppress(InputError):
        target = _data_of(Path(model)) / "train" / target_domain(direction).upper()
        aim = ["--target", target] if target.is_dir() else []
    return next_step("evaluate", translated, source, "--out", _free(beside(translated, "report")), *aim) + "\n"


def _data_of(run: Path) -> Path:
    from recyclegan.runs import read_config

    return read_config(run).data


def _is_picture(path: Path) -> bool:
    from recyclegan.video import IMAGE_SUFFIXES

    return path.suffix.lower() in IMAGE_SUFFIXES


def beside(path: Path, what: str) -> Path:
    """Return a name beside a file or folder: ``drive-report`` for ``drive.mp4``."""
    stem = path.stem if path.is_file() else path.name
    return path.with_name(f"{stem}-{what}")


def _new_run(data: Path) -> Path:
    """Return ``runs/NAME`` with the name of the data folder, and a number where there is such a run."""
    return _free(Path("runs") / (data.resolve().name or "run"))


def _free(path: Path) -> Path:
    """Return a path at which there is nothing yet: the given one, or with the next number (``runs/data-2``)."""
    return next(place for place in chain([path], _numbered(path)) if not place.exists())


def _numbered(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}-{number}") for number in count(2))
