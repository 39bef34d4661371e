"""How long the parts of a run took: training, translating and measuring."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Literal, get_args

from recyclegan.errors import InputError
from recyclegan.files import read_json, write_json

Stage = Literal["training", "translating", "measuring"]
STAGES: tuple[Stage, ...] = get_args(Stage)
SECONDS_FILE = "seconds.json"


@contextmanager
def timed(folder: Path, stage: Stage) -> Iterator[None]:
    """Add the seconds that the block takes to those that the stage of a run took before, unless it fails."""
    start = monotonic()
    yield
    found = seconds_of(folder)
    write_json(folder / SECONDS_FILE, found | {stage: round(found.get(stage, 0.0) + monotonic() - start, 3)})


def seconds_of(folder: Path) -> dict[str, float]:
    """Return the seconds that each stage of a run took, as far as they were taken.

    Raises:
        InputError: the file is damaged.
    """
    file = folder / SECONDS_FILE
    if not file.is_file():
        return {}
    found = read_json(file)
    if not isinstance(found, dict) or not all(type(value) in (int, float) and value >= 0 for value in found.values()):
        raise InputError(f"{file}: expected the seconds of each stage; delete it, they are only told")
    return found


def total_seconds(folders: Sequence[Path]) -> dict[str, float]:
    """Return the seconds that each stage took in all runs."""
    each = [seconds_of(folder) for folder in folders]
    return {stage: round(sum(found.get(stage, 0.0) for found in each), 3) for stage in STAGES}


def in_words(seconds: dict[str, float]) -> str:
    """Return where the time went, in a line."""
    return "Time: " + ", ".join(f"{stage} {_short(value)}" for stage, value in seconds.items())


def _short(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"
