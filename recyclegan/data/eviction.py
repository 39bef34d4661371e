"""The folder of the cache: who may build what, and keeping it within its bounds.

The entries that were not used for the longest time make room for new ones.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from glob import iglob
from pathlib import Path

from filelock import FileLock, Timeout

from recyclegan.errors import InputError

_SECONDS_BETWEEN_LOOKS = 0.2
_ENTRY_NAME = re.compile(r"[0-9a-f]{32}\.npy")
_REMEDY = "set RECYCLEGAN_CACHE elsewhere, or give --cache"


def entry_lock(entry: Path) -> FileLock:
    """Return the lock to hold while an entry is built or removed; it works across processes and threads."""
    return FileLock(entry.with_suffix(".lock"))


@contextmanager
def locked(entry: Path, is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock of an entry, after waiting for whoever holds it.

    Raises:
        InputError: the folder cannot be written to.
        CancelledError: ``is_stopped`` while waiting.
    """
    lock = entry_lock(entry)
    while not _acquired(lock):
        if is_stopped():
            raise CancelledError
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS)
    except Timeout:
        return False
    except OSError as error:
        raise InputError(f"{lock.lock_file}: cannot be written ({error.strerror}); {_REMEDY}") from error
    return True


def make_folder(folder: Path) -> None:
    """Make the folder of the cache.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot hold the cache ({error.strerror}); {_REMEDY}") from error


def mark_used(entry: Path) -> None:
    """Keep an entry from being the next to make room, where the folder may be written to."""
    with suppress(OSError):
        entry.touch()


def make_room(folder: Path, kept: list[Path], new_bytes: int, max_bytes: int, remedy: str = "a larger bound") -> None:
    """Remove the oldest entries other than ``kept`` until ``new_bytes`` more fit under ``max_bytes`` and on the disk.

    Raises:
        InputError: the kept and the new entries alone exceed ``max_bytes`` (``remedy`` says what to do), the disk has
            no room, or the folder cannot be searched.
    """
    needed = new_bytes + sum(map(bytes_of, set(kept)))
    if needed > max_bytes:
        raise InputError(
            f"{folder}: the clips take {gigabytes(needed)} decoded at this size, and the cache may hold "
            f"{gigabytes(max_bytes)}; {remedy}, or use a smaller size or fewer clips"
        )
    sizes = _entries(folder)
    excess = new_bytes + sum(sizes.values()) + _in_writing(folder) - max_bytes
    for path in sorted(sizes.keys() - set(kept), key=_last_use):
        if excess <= 0 and shutil.disk_usage(folder).free >= new_bytes:
            break
        excess -= _removed(path)
    free = shutil.disk_usage(folder).free
    if new_bytes > free:
        raise InputError(
            f"{folder}: the clips take {gigabytes(new_bytes)} decoded at this size, and the disk has "
            f"{gigabytes(free)} left; set RECYCLEGAN_CACHE to a larger disk, or use a smaller size or fewer clips"
        )


def _entries(folder: Path) -> dict[Path, int]:
    """Return the bytes of every entry. Files of other names are not ours, and are left alone.

    Raises:
        InputError: the folder cannot be searched.
    """
    try:
        return {path: bytes_of(path) for path in folder.iterdir() if _ENTRY_NAME.fullmatch(path.name)}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{folder}: cannot be searched ({error.strerror}); {_REMEDY}") from error


def _in_writing(folder: Path) -> int:
    """Return the bytes that processes are writing, whose folders may go at any moment."""
    return sum(bytes_of(folder / name) for name in iglob(".*.npy.partial/*.npy", root_dir=folder))  # noqa: PTH207


def bytes_of(path: Path) -> int:
    """Return the bytes of a file; another process may have removed it."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _last_use(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _removed(path: Path) -> int:
    """Return the bytes that removing an entry has freed: none if another process holds it."""
    with suppress(Timeout, OSError), entry_lock(path).acquire(timeout=0):
        size = path.stat().st_size
        path.unlink()
        return size
    return 0


def gigabytes(num_bytes: float) -> str:
    """Return bytes in words."""
    return f"{num_bytes / 1e9:.2f} GB"
