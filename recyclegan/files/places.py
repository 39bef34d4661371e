"""What stands at a path, and in which order people think of names."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from recyclegan.errors import InputError


def as_path(place: str | os.PathLike[str]) -> Path:
    """Return what a caller names as a place, a string or a path, as a path; the one place that converts.

    Raises:
        InputError: it is something else, or an empty string, which would be the current folder.
    """
    if not isinstance(place, str | os.PathLike) or not str(place):
        raise InputError(f"{place!r}: is no path; expected a string or a Path")
    return Path(place)


def as_paths(places: Sequence[str | os.PathLike[str]]) -> tuple[Path, ...]:
    """Return several places as paths; a single one counts as a list of one.

    Raises:
        InputError: one of them is no path.
    """
    return tuple(map(as_path, [places] if isinstance(places, str | os.PathLike) else places))


def kind_of(path: Path) -> Literal["file", "folder", "device", "nothing"]:
    """Return what stands at a path, links followed; pipes and sockets count as devices.

    Raises:
        InputError: a folder on the way may not be entered, or no path can be called that.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r}: cannot be reached ({reason}); check its folders and its name") from error
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "device"


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a sorting key that puts ``frame_9`` before ``frame_10``."""
    parts = re.split(r"(\d+)", str(path))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts)
