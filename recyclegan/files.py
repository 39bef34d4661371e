"""Outputs that appear whole or not at all, and file names in the order that people mean."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recyclegan.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; rename it to ``path`` on success, remove it on any error.

    Raises:
        InputError: the folder of ``path`` cannot be made or written to.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file to write")
    with _scratch_folder(path) as folder:
        scratch = folder / path.name
        yield scratch
        scratch.replace(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` to fill; move it to ``path`` on success, remove it on any error.

    An existing folder at ``path`` is replaced, at the very end.

    Raises:
        InputError: ``path`` is a file, or its parent cannot be written to.
    """
    if path.is_file():
        raise InputError(f"{path}: is a file; name a folder to write")
    with _scratch_folder(path) as folder:
        scratch = folder / path.name
        scratch.mkdir()
        yield scratch
        if path.exists():
            path.replace(folder / "replaced")
        scratch.replace(path)


def check_writable(path: Path) -> None:
    """Make the folder of ``path`` and see that files can be written there, before work that would be lost.

    Raises:
        InputError: they cannot.
    """
    with _scratch_folder(path):
        pass


@contextmanager
def _scratch_folder(path: Path) -> Iterator[Path]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another place") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a sorting key that puts ``frame_9`` before ``frame_10``."""
    parts = re.split(r"(\d+)", str(path))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts)
