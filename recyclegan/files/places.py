"""What stands at a path, and in which order people think of names."""

import re
import stat
from pathlib import Path
from typing import Literal

from recyclegan.errors import InputError


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
