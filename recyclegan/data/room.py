"""Keeping the cache within its bounds: the entries that were not used for the longest time make room for new ones."""

import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from recyclegan.errors import InputError


def entry_lock(entry: Path) -> FileLock:
    """Return the lock to hold while an entry is built, opened or removed; it works across processes and threads."""
    return FileLock(entry.with_suffix(".lock"))


def make_folder(folder: Path) -> None:
    """Make the folder of the cache.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot hold the cache ({error.strerror}); set RECYCLEGAN_CACHE elsewhere"
        ) from error


def make_room(folder: Path, kept: list[Path], new_bytes: int, max_bytes: int) -> None:
    """Remove the oldest entries other than ``kept`` until ``new_bytes`` more fit under ``max_bytes`` and on the disk.

    Raises:
        InputError: the kept and the new entries alone exceed ``max_bytes``, or the disk has no room.
    """
    needed = new_bytes + sum(path.stat().st_size for path in set(kept) if path.exists())
    if needed > max_bytes:
        raise InputError(
            f"{folder}: the clips take {_gigabytes(needed)} decoded at this size, and the cache may hold "
            f"{_gigabytes(max_bytes)}; set RECYCLEGAN_CACHE_GB higher, or use a smaller size or fewer clips"
        )
    others = sorted(set(folder.glob("*.npy")) - set(kept), key=lambda path: path.stat().st_mtime)
    excess = needed + sum(path.stat().st_size for path in others) - max_bytes
    for path in others:
        if excess <= 0 and shutil.disk_usage(folder).free >= new_bytes:
            break
        excess -= _removed(path)
    free = shutil.disk_usage(folder).free
    if new_bytes > free:
        raise InputError(
            f"{folder}: the clips take {_gigabytes(new_bytes)} decoded at this size, and the disk has "
            f"{_gigabytes(free)} left; set RECYCLEGAN_CACHE to a larger disk, or use a smaller size or fewer clips"
        )


def _removed(path: Path) -> int:
    """Return the bytes that removing an entry has freed: none if another process holds it."""
    with suppress(Timeout, OSError), entry_lock(path).acquire(timeout=0):
        size = path.stat().st_size
        path.unlink()
        return size
    return 0


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB"
