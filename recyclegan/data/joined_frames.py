"""Frames of two clips that belong together, pixel by pixel: side by side among the channels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recyclegan.data.cache import CachedDomain, ClipFrames, DomainFrames
from recyclegan.data.cache_entry import Window
from recyclegan.errors import InputError


@dataclass(frozen=True)
class JoinedClip:
    """Two clips of as many frames of one size: each frame holds the channels of both."""

    first: ClipFrames
    second: ClipFrames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Time, height, width, channels."""
        time, height, width, channels = self.first.shape
        return time, height, width, channels + self.second.shape[3]

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, frames: slice) -> Window:
        """Return consecutive frames."""
        return np.concatenate([self.first[frames], self.second[frames]], axis=3)


def join(first: CachedDomain, second: CachedDomain, what: str) -> DomainFrames:
    """Return the clips of ``first``, each joined with the one of the same name of ``second``.

    Raises:
        InputError: names, numbers of frames or sizes differ; ``what`` says what the second clips are.
    """
    others = dict(zip(second.names, second.clips, strict=True))
    if missing := [name for name in first.names if name not in others]:
        raise InputError(f"{what}: {_named(missing)} missing; give a new --out, to have them made")
    for name, clip in zip(first.names, first.clips, strict=True):
        if others[name].shape[:3] != clip.shape[:3]:
            found, wanted = _in_words(others[name].shape), _in_words(clip.shape)
            raise InputError(f"{what}: {name} has {found}, and its source {wanted}; give a new --out, to have it made")
    joined = tuple(JoinedClip(clip, others[name]) for name, clip in zip(first.names, first.clips, strict=True))
    return DomainFrames(first.names, joined)


def _named(names: Sequence[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"


def _in_words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} frames of {shape[2]}x{shape[1]}"
