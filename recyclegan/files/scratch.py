"""Where outputs lie until they are whole: a folder ``.NAME.partial`` beside their place.

Its writer holds a lock in it: a second writer of the same place is refused, and what a killed process left there is
known for it.

Locks that tell whether another process is at work on the same thing; they end with their process.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from recyclegan.errors import InputError
from recyclegan.files.whole_reads import digest_of

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What file systems say that know no locks; there, one does without."""


@contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold the lock file while the block runs, so that no other process runs one with the same; it is removed after.

    Raises:
        InputError: another process holds it, or it cannot be made.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = acquired(lock)
    except OSError as error:
        raise InputError(f"{lock}: cannot be written ({error.strerror}); choose another place") from error
    if held is None:
        raise InputError(f"{what}: another process is at work on it; wait until it has ended, or name another")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        held.release()


def acquired(lock: Path) -> FileLock | None:
    """Return a held lock, or None where another process holds it."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return held


REPLACED = "replaced"
"""Folder, in a scratch folder, of what makes way for a new output."""
_LOCK = "lock"
_LONGEST_NAME = 200
"""Bytes of a name that its scratch folder takes over; file systems allow 255 in all."""
_TRIES = 10


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yield the empty scratch folder of ``path``, which no other process has, and remove it at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _held_scratch(path) as folder:
            yield folder
    except OSError as error:
        raise unwritten(path, error) from error


def sweep(folder: Path) -> None:
    """Remove the scratch that killed processes left in a folder; what a living one is writing stays."""
    for scratch in folder.glob(".*.partial"):
        with suppress(OSError):
            if not any(scratch.iterdir()):
                scratch.rmdir()
            elif (scratch / _LOCK).is_file() and (held := acquired(scratch / _LOCK)) is not None:
                _restore(scratch)
                shutil.rmtree(scratch, ignore_errors=True)
                held.release()


def unwritten(path: Path, error: OSError) -> InputError:
    """Return the error of a write that failed."""
    remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose another place"
    return InputError(f"{_public(path)}: cannot be written ({error.strerror or error}); {remedy}")


@contextmanager
def _held_scratch(path: Path) -> Iterator[Path]:
    folder = path.parent / f".{_short(path.name)}.partial"
    held = _lock_in(folder)
    if held is None:
        raise InputError(f"{_public(path)}: is being written by another process; wait for it, or name another output")
    try:
        _restore(folder)
        _empty(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.release()


def _lock_in(folder: Path) -> FileLock | None:
    """Return the held lock of a scratch folder, which is made if need be; None where another process holds it."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, FileExistsError):  # whoever had it has removed it just now
            folder.mkdir(exist_ok=True)
            return acquired(folder / _LOCK)
    return None


def _restore(folder: Path) -> None:
    """Put back what had made way for a new output when its process was killed."""
    for old in (folder / REPLACED).glob("*"):
        if not (folder.parent / old.name).exists():
            old.replace(folder.parent / old.name)


def _empty(folder: Path) -> None:
    """Remove what a killed process left in a scratch folder."""
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        elif left.name != _LOCK:
            left.unlink()


def _short(name: str) -> str:
    """Return a name, or, of a very long one, its beginning and what tells it from others."""
    encoded = os.fsencode(name)
    if len(encoded) <= _LONGEST_NAME:
        return name
    return encoded[:_LONGEST_NAME].decode("utf-8", "ignore") + digest_of(encoded)[:16]


def _public(path: Path) -> Path:
    """Return where a file will lie in the end: its path without scratch folders."""
    return Path(*(part for part in path.parts if not re.fullmatch(r"\..+\.partial", part)))
