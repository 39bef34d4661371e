"""Unpaired batches of short clips, drawn without state: a batch depends on the seed, the step and the rank alone.

That is what makes resuming exact: step 1000 of a resumed run sees the frames that step 1000 always sees.

Whether a batch is of a size that makes sense for the data and fits the machine, before anything is drawn.
"""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from recyclegan.data.cache import DomainFrames
from recyclegan.data.cache_entry import Window
from recyclegan.data.cuts import Cut
from recyclegan.data.resize import WHOLE_FRAME, Crop
from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError
from recyclegan.tensors import Clips, scaled

MOST_REPEATS = 16
"""Times that a batch may hold each window of the larger domain; crops and motion still differ."""


def check_batch(num_windows: Mapping[Domain, int], batch_size: int) -> None:
    """Refuse a batch, over all processes, that is far larger than an epoch.

    Raises:
        InputError: it would hold every window more than 16 times.
    """
    largest = max(num_windows.values())
    if batch_size > MOST_REPEATS * largest:
        raise InputError(
            f"batch_size: {batch_size} clips of each domain in a step, and an epoch has {largest}; expected at most "
            f"{MOST_REPEATS * largest}; take a smaller batch, or add footage"
        )


def batch_notes(num_windows: Mapping[Domain, int], batch_size: int) -> list[str]:
    """Return a note for each domain of which a batch holds windows several times."""
    return [
        f"domain {domain.upper()}: has {number} clips to draw, and a batch takes {batch_size}: it holds some several "
        "times"
        for domain, number in num_windows.items()
        if batch_size > number
    ]


def check_memory(num_bytes: int) -> None:
    """Refuse a batch of more bytes than the machine has memory.

    Raises:
        InputError: it has.
    """
    memory = _memory()
    if num_bytes > memory:
        raise InputError(
            f"batch_size: a batch takes {num_bytes / 1e9:.1f} GB before any network sees it, and the machine has "
            f"{memory / 1e9:.1f} GB; take a smaller batch or smaller frames"
        )


def _memory() -> float:
    """Return the machine's memory in bytes, infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf


_BYTES_OF_A_LEVEL = 4

Matching = Callable[[int, dict[Domain, Cut]], dict[Domain, Cut]]
"""Takes a position in the order of all windows and the windows drawn for it, each domain's by itself; returns those to
be taken instead. It depends on nothing else."""


def as_clips(levels: UInt8[Tensor, "frames height width channels"], batch_size: int) -> Clips:
    """Return the frames of all windows of a batch, one window behind the other, as clips in [-1, 1]."""
    return scaled(levels.permute(0, 3, 1, 2).contiguous()).unflatten(0, (batch_size, -1))


class UnpairedClips:
    """Batches of ``clip_length`` consecutive frames from each domain, the domains independent of each other.

    An epoch of a domain visits every window of ``clip_length`` frames within a clip once, in an order drawn from the
    seed; the domain with fewer windows begins its next epoch earlier. With several processes the batch of a step is
    one batch of ``batch_size * world_size`` windows dealt out to the ranks. Crop and flip hold for a whole window.

    Clips shorter than ``clip_length`` are left out, and ``notes`` names them.

    Raises:
        InputError: a domain has no clip that is long enough, frames are smaller than the crop, frames of several
            sizes would meet in a batch, or a batch is far larger than an epoch or takes more memory than there is.
    """

    def __init__(
        self,
        a: DomainFrames,
        b: DomainFrames,
        clip_length: int,
        crop: Crop = WHOLE_FRAME,
        flip: bool = False,
        batch_size: int = 1,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        shuffle: bool = True,
    ) -> None:
        self._draws: dict[Domain, _Draws] = {
            domain: _Draws(_long_enough(frames, domain, clip_length), clip_length, crop, flip, (seed, number), shuffle)
            for number, (domain, frames) in enumerate(zip(DOMAINS, (a, b), strict=True))
        }
        for domain, draws in self._draws.items():
            _check_sizes(draws.frames, domain, crop, batch_size)
        self.batch_size = batch_size
        self.matching: Matching | None = None
        """What makes windows of one domain match those of the other; without it they are drawn each by itself."""
        self._rank = rank
        self._world_size = world_size
        check_batch(self.num_windows, batch_size * world_size)
        check_memory(batch_size * sum(draws.num_bytes for draws in self._draws.values()))
        self.notes = [note for frames in (a, b) for note in _short_notes(frames, clip_length)]
        self.notes += batch_notes(self.num_windows, batch_size * world_size)

    @property
    def num_windows(self) -> dict[Domain, int]:
        """Number of windows in an epoch of each domain."""
        return {domain: draws.num_windows for domain, draws in self._draws.items()}

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every window of both domains has been visited."""
        return math.ceil(max(self.num_windows.values()) / (self.batch_size * self._world_size))

    @property
    def frames(self) -> dict[Domain, DomainFrames]:
        """The clips that are drawn from; the number of a cut's clip counts them."""
        return {domain: draws.frames for domain, draws in self._draws.items()}

    def batch(self, step: int) -> dict[Domain, Clips]:
        """Return the batch of a step (from 0) for this rank, in [-1, 1]."""
        return {
            domain: as_clips(torch.from_numpy(np.concatenate(windows)), self.batch_size)
            for domain, windows in self.windows(step).items()
        }

    def windows(self, step: int) -> dict[Domain, list[Window]]:
        """Return what is cut out of the clips for a step, in levels of 255."""
        clips = {domain: frames.clips for domain, frames in self.frames.items()}
        return {domain: [cut.of(clips[domain][cut.clip]) for cut in cuts] for domain, cuts in self.cuts(step).items()}

    def cuts(self, step: int) -> dict[Domain, list[Cut]]:
        """Return where the windows of a step lie."""
        first = (step * self._world_size + self._rank) * self.batch_size
        drawn = [self._drawn(position) for position in range(first, first + self.batch_size)]
        return {domain: [cuts[domain] for cuts in drawn] for domain in self._draws}

    def _drawn(self, position: int) -> dict[Domain, Cut]:
        cuts = {domain: draws.cut(position) for domain, draws in self._draws.items()}
        return self.matching(position, cuts) if self.matching else cuts


@dataclass(frozen=True)
class _Draws:
    """An endless sequence of windows of one domain; a window depends on its position alone."""

    frames: DomainFrames
    clip_length: int
    crop: Crop
    flip: bool
    seed: tuple[int, int]
    shuffle: bool

    @cached_property
    def _ends(self) -> Int64[np.ndarray, "clips"]:
        """For each clip, the number of windows in it and in all clips before."""
        return np.cumsum([len(clip) - self.clip_length + 1 for clip in self.frames.clips])

    @property
    def num_windows(self) -> int:
        return int(self._ends[-1])

    @property
    def num_bytes(self) -> int:
        """Bytes of the largest window as it is trained on, in floating point."""
        areas = (math.prod(self.crop.size(*clip.shape[1:3])) * clip.shape[3] for clip in self.frames.clips)
        return self.clip_length * max(areas) * _BYTES_OF_A_LEVEL

    def cut(self, position: int) -> Cut:
        """Return the window at a position."""
        epoch, place = divmod(position, self.num_windows)
        number = order_of((*self.seed, epoch), self.num_windows)[place] if self.shuffle else place
        clip = int(np.searchsorted(self._ends, number, side="right"))
        frames = self.frames.clips[clip]
        start = int(number - self._ends[clip] + len(frames) - self.clip_length + 1)
        rng = np.random.default_rng((*self.seed, epoch, place))
        rows, columns = self.crop.place(frames.shape[1], frames.shape[2], rng)
        flips = self.flip and rng.random() < 0.5
        return Cut(clip, slice(start, start + self.clip_length), rows, columns, flips)


@lru_cache(maxsize=8)
def order_of(seed: tuple[int, ...], num_windows: int) -> Int64[np.ndarray, "windows"]:
    """Return the order of an epoch; the last few are remembered, because every step of an epoch asks for the same."""
    return np.random.default_rng(seed).permutation(num_windows)


def _long_enough(frames: DomainFrames, domain: Domain, clip_length: int) -> DomainFrames:
    """Return the clips of at least ``clip_length`` frames."""
    pairs = [pair for pair in zip(frames.names, frames.clips, strict=True) if len(pair[1]) >= clip_length]
    if not pairs:
        name, clip = max(zip(frames.names, frames.clips, strict=True), key=lambda pair: len(pair[1]))
        raise InputError(
            f"domain {domain.upper()}: no clip has {clip_length} frames, which this method needs in a row; the longest "
            f"({name}) has {len(clip)}; add longer clips (a folder of frames is one clip)"
        )
    names, clips = zip(*pairs, strict=True)
    return DomainFrames(names, clips)


def _short_notes(frames: DomainFrames, clip_length: int) -> list[str]:
    return [
        f"{name}: left out, because it has {len(clip)} of the {clip_length} frames that this method needs in a row"
        for name, clip in zip(frames.names, frames.clips, strict=True)
        if len(clip) < clip_length
    ]


def _check_sizes(frames: DomainFrames, domain: Domain, crop: Crop, batch_size: int) -> None:
    for name, clip in zip(frames.names, frames.clips, strict=True):
        height, width = clip.shape[1:3]
        needed_height, needed_width = crop.size(height, width)
        if height < needed_height or width < needed_width:
            raise InputError(
                f"{name}: frames of domain {domain.upper()} are {width}x{height} after resizing, smaller than the crop "
                f"of {needed_width}x{needed_height}; resize to a larger size or crop to a smaller one"
            )
    sizes = sorted({crop.size(*clip.shape[1:3]) for clip in frames.clips})
    if batch_size > 1 and len(sizes) > 1:
        (height, width), (other_height, other_width) = sizes[0], sizes[-1]
        raise InputError(
            f"domain {domain.upper()}: frames of {width}x{height} and {other_width}x{other_height} cannot share a "
            "batch; resize or crop to one size, or use a batch size of 1"
        )
