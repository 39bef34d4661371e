"""The settings of synthetic motion."""

from dataclasses import dataclass
from typing import Annotated

from recyclegan.config import Within, check_numbers


@dataclass(frozen=True)
class FlowSynthesis:
    """A recipe for synthetic motion: a smooth random field and a shift, then zoom, rotation and perspective.

    Every sample of a batch gets its own motion, drawn from the generator that is passed in, on its device. The defaults
    are the published ones, relative to the frame size.

    Source: Wang, Akash and Misu 2022, section 3; smooth field after Wang et al. 2020 (consistent video style transfer).
    Differs from the published code: one field per sample instead of per batch, any frame size, and zoom adds to
    the motion instead of replacing it.

    Example:
        >>> FlowSynthesis(motion=4.0, zoom=2.0).shift
        10
    """

    motion: Annotated[float, Within(0, 1e4)] = 8.0
    """Standard deviation of the coarse field in pixels."""
    shift: Annotated[int, Within(0, 10_000)] = 10
    """Largest whole-frame shift along each axis in pixels."""
    smoothness: Annotated[int, Within(1, 10_000)] = 100
    """Size in pixels of a cell of the coarse field, and of the box blur over it."""
    zoom: Annotated[float, Within(0, 100, below=True)] = 0.0
    """Largest zoom, in pixels of motion per 100 pixels of distance from a random centre."""
    rotation: Annotated[float, Within(0, 180)] = 0.0
    """Largest rotation about the frame's centre in degrees."""
    perspective: Annotated[float, Within(0, 1, below=True)] = 0.0
    """Largest change of scale from one side of the frame to the other, as a fraction (0.1: one side 10 % nearer)."""
    noise: Annotated[float, Within(0, 10)] = 0.001
    """Standard deviation of the noise that is added to warped frames, before the random factor in [1, 2)."""
    relative: bool = True
    """Scale motion, shift and smoothness by the shorter side of the frame over 256; off: pixels as published."""

    def __post_init__(self) -> None:
        """Refuse settings that no motion can have."""
        check_numbers(self, "flow ")
