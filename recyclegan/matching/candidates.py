"""The crops of a domain that may be matched: spread evenly over its windows and over the places of a frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recyclegan.data import Crop, DomainFrames
from recyclegan.data.cuts import Cut

MOST_WINDOWS, MOST_CROPS = 2048, 4096
"""Windows and crops of a domain that are described, at most."""
CROPS_OF_A_WINDOW = 8
"""Places of a window that are described, at most."""
REACH = 4
"""Frames before and after a described one that stand for it, at most."""


@dataclass(frozen=True)
class Candidate:
    """A crop of a window; where there are many windows it stands for those just before and after it, too."""

    clip: int
    start: int
    reach: int
    rows: slice
    columns: slice

    def cut(self, clip_length: int, flips: bool, rng: np.random.Generator) -> Cut:
        """Return the crop of one of the windows that it stands for."""
        start = self.start + int(rng.integers(-self.reach, self.reach + 1)) if self.reach else self.start
        return Cut(self.clip, slice(start, start + clip_length), self.rows, self.columns, flips)


def candidates_of(frames: DomainFrames, clip_length: int, crop: Crop) -> list[Candidate]:
    """Return the crops of a domain that may be matched: the same ones for the same clips, whatever the seed."""
    num_windows = [len(clip) - clip_length + 1 for clip in frames.clips]
    stride = -(-sum(num_windows) // MOST_WINDOWS)
    windows = [window for clip, number in enumerate(num_windows) for window in _windows(clip, number, stride)]
    each = max(1, min(CROPS_OF_A_WINDOW, MOST_CROPS // len(windows)))
    return [
        Candidate(*window, *place)
        for number, window in enumerate(windows)
        for place in _places(frames.clips[window[0]].shape, crop, each, number)
    ]


def _windows(clip: int, number: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """Yield clip, start and reach of every ``stride``-th window of a clip, each in the middle of what it stands for."""
    for first in range(0, number, stride):
        last = min(first + stride, number) - 1
        yield clip, (first + last) // 2, min(REACH, (last - first) // 2)


def _places(shape: tuple[int, ...], crop: Crop, most: int, number: int) -> list[tuple[slice, slice]]:
    """Return different places of a window; one that is cut nowhere has one."""
    rng = np.random.default_rng(number)
    drawn = [crop.place(shape[1], shape[2], rng) for _ in range(most)]
    return [place for first, place in enumerate(drawn) if place not in drawn[:first]]
