"""Files that are read, or refused in one line."""

import hashlib
import json
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files.places import kind_of


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: there is no such file, it cannot be read, or it is not UTF-8.
    """
    _check_is_file(path)
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
    _check_is_file(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error


def digest_of(data: bytes | memoryview) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _check_is_file(path: Path) -> None:
    if (kind := kind_of(path)) != "file":
        raise InputError(f"{path}: {'no such file' if kind == 'nothing' else f'is a {kind}'}; check the path")
