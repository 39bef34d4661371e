"""Clips decoded once into files of frames at load size, so that a training step never waits for a decoder.

The cache is a folder of ``KEY.npy`` files, one a clip (:mod:`recyclegan.data.cache_entry`). KEY stands for the source
files (paths, sizes, times of change), for what is kept of them, for this program's version and for the layout: what
changed gets a new key, and the old file ages out. A file appears whole or not at all, and of two processes that want it
one builds while the other waits. A file that no longer holds what was written is built anew, whenever that is found.
A complete cache is only read: its folder need not be writable.

A clip in the cache as training reads it: checked as it is read, and decoded anew where it is damaged.

The frames of a domain's clips: what batches are drawn from.
"""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol, runtime_checkable

from recyclegan.data.cache_entry import (
    Counter,
    DamagedError,
    Entry,
    MissingError,
    Window,
    build_all,
    built,
    open_entry,
)
from recyclegan.data.eviction import make_folder, make_room, mark_used
from recyclegan.data.index import Clip, index_data
from recyclegan.data.loading import LoadSpec, Source
from recyclegan.domains import Colours, Domain
from recyclegan.errors import InputError
from recyclegan.files import sweep
from recyclegan.pace import Progress
from recyclegan.settings.frames import Reading
from recyclegan.video import STRICT


class CachedClip:
    """The frames of a clip in the cache; ``notes`` tells when they were damaged and decoded anew."""

    def __init__(self, source: Source, entry: Entry, damage: str = "") -> None:
        """Take an entry, and what was found in its place before it was built."""
        self._source = source
        self._entry = entry
        self.notes = [self._note(damage)] if damage else []

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Time, height, width, channels."""
        return self._entry.shape

    @property
    def palette(self) -> Colours:
        """The colours of all frames of a clip of label maps, sorted."""
        return self._entry.palette

    @property
    def digest(self) -> str:
        """The SHA-256 of the frames, in hexadecimal."""
        return self._entry.digest

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> Window:
        """Return consecutive frames.

        Raises:
            InputError: they are damaged in the cache, and cannot be decoded anew or are damaged again.
        """
        start, stop, _ = frames.indices(len(self))
        try:
            return self._entry.read(start, stop)
        except DamagedError as damage:
            self._renew(str(damage))
        try:
            return self._entry.read(start, stop)
        except DamagedError as damage:
            raise InputError(
                f"{self._entry.path}: is damaged again ({damage}); set RECYCLEGAN_CACHE to another disk"
            ) from damage

    def _renew(self, damage: str) -> None:
        path, name = self._entry.path, self._source.clip.name
        if self._source.key() != path.stem:
            raise InputError(
                f"{path}: {damage}, and {name}, which it was decoded from, has changed since training began; "
                "go on with --resume"
            )
        self._entry = built(self._source, path, Counter(0))
        self.notes.append(self._note(damage))

    def _note(self, damage: str) -> str:
        return f"{self._source.clip.name}: its frames in the cache were damaged ({damage}) and are decoded anew"


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


@runtime_checkable
class ClipFrames(Protocol):
    """The frames of a clip: an array, or something that reads like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Time, height, width, channels."""

    def __len__(self) -> int: ...

    def __getitem__(self, frames: slice, /) -> Window: ...


@dataclass(frozen=True)
class DomainFrames:
    """The decoded clips of one domain."""

    names: tuple[str, ...]
    clips: tuple[ClipFrames, ...]


@dataclass(frozen=True)
class CachedDomain(DomainFrames):
    """The clips of one domain as they lie in the cache."""

    clips: tuple[CachedClip, ...]
    kept: tuple[str, ...] = ()
    """What there is to say of videos that are kept although they are damaged."""

    @property
    def digests(self) -> dict[str, str]:
        """Return for each clip's name the SHA-256 of its frames."""
        return {name: clip.digest for name, clip in zip(self.names, self.clips, strict=True)}

    @property
    def notes(self) -> list[str]:
        """Return what was found damaged so far."""
        return [*self.kept, *(note for clip in self.clips for note in clip.notes)]


def load_data(
    root: Path,
    split: str,
    specs: Mapping[Domain, LoadSpec],
    cache: Path | None = None,
    max_cache_bytes: int | None = None,
    progress: Progress | None = None,
    triplets: bool = False,
    reading: Reading = STRICT,
) -> dict[Domain, CachedDomain]:
    """Return the frames of the domains named in ``specs``, decoded into the cache where they are not there yet.

    With ``triplets`` each image is a clip of three frames side by side. ``reading`` says how videos are read.

    Raises:
        InputError: as :func:`index_data` and :func:`cached_clips`.
    """
    clips = index_data(root, split, specs, triplets, reading)
    wanted = [(clip, specs[domain]) for domain in specs for clip in clips[domain]]
    cached = iter(cached_clips(wanted, cache, max_cache_bytes, progress))
    return {
        domain: CachedDomain(
            tuple(clip.name for clip in clips[domain]),
            tuple(next(cached) for _ in clips[domain]),
            tuple(note for clip in clips[domain] for note in clip.notes()),
        )
        for domain in specs
    }
