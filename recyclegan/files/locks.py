"""Locks that tell whether another process is at work on the same thing; they end with their process."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from recyclegan.errors import InputError

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
