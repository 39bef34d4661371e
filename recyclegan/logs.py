"""The course of a run as it is kept: one JSON line a logged step."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files import append_text, write_text
from recyclegan.paths import AnyPath, as_path

LARGEST_STEP = 2**53
"""The last step that floating point tells from the next one."""


class StatsLog:
    """Appends to ``stats.jsonl``; after a resume, what the lost steps had written is dropped."""

    def __init__(self, path: Path, first_step: int) -> None:
        """Open ``path``, keeping only entries before ``first_step``.

        Raises:
            InputError: it cannot be written.
        """
        self.path = path
        kept = [entry for entry in read_stats(path) if entry["step"] < first_step]
        write_text(path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append one entry; it must hold ``step``. A line that a full disk cuts off is left out when it is read.

        Raises:
            InputError: it cannot be written.
        """
        append_text(self.path, json.dumps(entry) + "\n")


def read_stats(path: AnyPath) -> list[dict[str, Any]]:
    """Return the entries of ``stats.jsonl`` as they stand there, none where there is no file.

    Lines that are no entries, such as one that a crash cut off, are left out; `damaged_lines` tells which.

    Raises:
        InputError: the file cannot be read, or is a folder.
    """
    return [entry for _, entry in _lines(as_path(path)) if entry is not None]


def damaged_lines(path: Path) -> list[int]:
    """Return the numbers, from 1, of the lines of ``stats.jsonl`` that are no entries; empty lines do not count.

    Raises:
        InputError: as `read_stats`.
    """
    return [number for number, entry in _lines(path) if entry is None]


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the number of each line and its entry, None where it is none."""
    for number, line in enumerate(_content(path).splitlines(), start=1):
        if line.strip():
            yield number, _entry(line)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); expected the file of a run's course, one JSON line a step"
        ) from error


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return what a line says: a table with a step, a whole number of 0 or more."""
    try:
        entry = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and _is_step(entry.get("step")) else None


def _is_step(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_STEP


def is_number(value: Any) -> bool:
    """Return whether a logged value is a number, be it not finite; whole ones beyond floating point are none."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= LARGEST_STEP)


def series(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return, for each number that was logged, its (step, value) points by rising step; of one step the last counts."""
    points: dict[str, dict[float, float]] = defaultdict(dict)
    for entry in entries:
        for key, value in entry.items():
            if key != "step" and is_number(value):
                points[key][entry["step"]] = value
    return {key: sorted(values.items()) for key, values in points.items()}
