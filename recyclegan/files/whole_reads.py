"""Files that are read, or refused in one line.

What stands at a path, and in which order people think of names.
"""

import hashlib
import json
import re
import stat
from pathlib import Path
from typing import Any, Literal

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


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: there is no such file, it cannot be read, or it is not UTF-8.
    """
    check_is_file(path, "check the path")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8 (byte {error.start}); it is damaged or another file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error


def read_json(path: Path) -> Any:
    """Return the value that a JSON file holds.

    Raises:
        InputError: there is no such file, it cannot be read, or it is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); it is damaged or another file") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    check_is_file(path, "check the path")
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error


def digest_of(data: bytes | memoryview) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def check_is_file(path: Path, remedy: str) -> None:
    """Refuse a path where no file is; ``remedy`` says what to do, or what is expected.

    Raises:
        InputError: nothing is there, or something else.
    """
    if (kind := kind_of(path)) != "file":
        raise InputError(f"{path}: {'no such file' if kind == 'nothing' else f'is a {kind}'}; {remedy}")
