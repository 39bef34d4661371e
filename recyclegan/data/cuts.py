"""Where a window lies in the clips of a domain: the one description of it for frames in memory and on a device."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from recyclegan.data.cache import ClipFrames
from recyclegan.data.cache_entry import Window

LevelClip = UInt8[Tensor, "time height width channels"]
LevelWindow = UInt8[Tensor, "cut_time cut_height cut_width channels"]


@dataclass(frozen=True)
class Cut:
    """A window that is cut out of a clip."""

    clip: int
    """The number of the clip in its domain."""
    frames: slice
    rows: slice
    columns: slice
    flips: bool = False
    """Whether left and right are swapped."""

    def of(self, clip: ClipFrames) -> Window:
        """Return the window of a clip in memory or in the cache."""
        window = clip[self.frames][:, self.rows, self.columns]
        return np.ascontiguousarray(window[:, :, ::-1]) if self.flips else window

    def of_levels(self, clip: LevelClip) -> LevelWindow:
        """Return the window of a clip on a device: the same levels, without waiting for the device."""
        window = clip[self.frames, self.rows, self.columns]
        return window.flip(2) if self.flips else window
