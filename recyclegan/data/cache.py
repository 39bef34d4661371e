"""Clips decoded once into files of frames at load size, so that a training step never waits for a decoder.

The cache is a folder of ``KEY.npy`` files, one a clip (:mod:`recyclegan.data.entry`). KEY stands for the source files
(paths, sizes, times of change), for what is kept of them, for this program's version and for the layout: a changed
source gets a new key, and the old file ages out. A file appears whole or not at all, and of two processes that want it
one builds while the other waits. A file that no longer holds what was written is built anew, whenever that is found.
A complete cache is only read: its folder need not be writable.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic

from recyclegan.data.building import Progress, build_all
from recyclegan.data.cached_clip import CachedClip
from recyclegan.data.entry import DamagedError, Entry, MissingError, open_entry
from recyclegan.data.index import Clip
from recyclegan.data.loading import LoadSpec, Source
from recyclegan.data.room import make_folder, make_room, mark_used
from recyclegan.errors import InputError
from recyclegan.files import sweep

_DEFAULT_GIGABYTES = 64.0
_MOST_GIGABYTES = 1e9


def default_cache_folder() -> Path:
    """Return ``$RECYCLEGAN_CACHE``, or the folder ``recyclegan`` where the system keeps caches.

    Raises:
        InputError: the variable names the home of an unknown user, or there is no home at all.
    """
    chosen = os.environ.get("RECYCLEGAN_CACHE")
    try:
        if chosen:
            return Path(chosen).expanduser()
        home = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError as error:
        raise InputError(f"RECYCLEGAN_CACHE: is {chosen!r} ({error}); set it to a folder for the cache") from error
    return Path(home) / "recyclegan"


def default_cache_bytes() -> int:
    """Return the most that the cache may hold: ``$RECYCLEGAN_CACHE_GB`` gigabytes, 64 unless set.

    Raises:
        InputError: the variable is no such number, or above 10^9.
    """
    stated = os.environ.get("RECYCLEGAN_CACHE_GB") or str(_DEFAULT_GIGABYTES)
    try:
        gigabytes = float(stated)
    except ValueError:
        gigabytes = math.nan
    if not 0 < gigabytes <= _MOST_GIGABYTES:
        raise InputError(
            f"RECYCLEGAN_CACHE_GB: is {stated!r}; expected gigabytes, above 0 and at most {_MOST_GIGABYTES:g}"
        )
    return int(gigabytes * 1e9)


LONG = 1.0
"""Seconds of checking after which it is told."""


def cached_clips(
    wanted: Sequence[tuple[Clip, LoadSpec]],
    folder: Path | None = None,
    max_bytes: int | None = None,
    progress: Progress | None = None,
) -> list[CachedClip]:
    """Return the frames of each clip, decoding those that are not in the cache yet or are damaged there.

    The cache lies in ``folder`` (:func:`default_cache_folder`) and holds at most ``max_bytes``
    (:func:`default_cache_bytes`): the clips of other data that were not used for the longest time make room.

    Raises:
        InputError: a clip cannot be read, its frames end up in different sizes, or all clips together need more room
            than ``max_bytes`` or the disk has; that is said before anything is decoded.
    """
    folder = folder or default_cache_folder()
    sources = [Source(*pair) for pair in wanted]
    paths = [folder / f"{source.key()}.npy" for source in sources]
    found = dict(zip(paths, _checked(paths, progress), strict=True))
    entries = {path: entry for path, entry in found.items() if isinstance(entry, Entry)}
    missing = {path: source for path, source in zip(paths, sources, strict=True) if path not in entries}
    _make_room(folder, missing, list(entries), max_bytes)
    entries |= build_all(missing, progress)
    for path in entries:
        mark_used(path)
    places = zip(sources, paths, strict=True)
    return [CachedClip(source, entries[path], _damage(found[path])) for source, path in places]


def _checked(paths: Sequence[Path], progress: Progress | None) -> Iterator[Entry | DamagedError]:
    """Yield what is found at each path; that much is read for it is told once it takes long."""
    start = monotonic()
    for done, path in enumerate(paths, start=1):
        yield _found(path)
        if progress and monotonic() - start > LONG:
            progress(done, len(paths), "checking the cache")


def _found(path: Path) -> Entry | DamagedError:
    """Return the entry at a path, or what is wrong with it."""
    try:
        return open_entry(path, path.stem)
    except DamagedError as damage:
        return damage


def _damage(found: Entry | DamagedError) -> str:
    """Return what was wrong in a place where something was found."""
    return "" if isinstance(found, (Entry, MissingError)) else str(found)


def _make_room(folder: Path, missing: Mapping[Path, Source], kept: list[Path], max_bytes: int | None) -> None:
    """Make room for what is missing; where nothing is, the folder need not be writable."""
    if missing:
        make_folder(folder)
        sweep(folder)
    new_bytes = sum(source.num_bytes for source in missing.values())
    if max_bytes is None:
        make_room(folder, kept, new_bytes, default_cache_bytes(), "set RECYCLEGAN_CACHE_GB higher")
    else:
        make_room(folder, kept, new_bytes, max_bytes, "give a larger --cache-gb")
