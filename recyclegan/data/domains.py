"""The frames of a domain's clips: what batches are drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from recyclegan.data.building import Progress
from recyclegan.data.cache import cached_clips
from recyclegan.data.cached_clip import CachedClip
from recyclegan.data.entry import Window
from recyclegan.data.index import index_data
from recyclegan.data.loading import LoadSpec
from recyclegan.domains import Domain
from recyclegan.settings.frames import Reading
from recyclegan.video import STRICT


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
