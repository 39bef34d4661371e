"""The size at which frames are translated in time: as large as this machine bears, found by timing."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Size = tuple[int, int]
Seconds = Callable[[Size], float]
"""Takes a (height, width), gives the seconds that a frame of it takes."""

SHARES = (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.33, 0.25)
"""Of the sides of the whole size that are tried."""
LEAST = 64
"""Pixels of the shorter side below which nothing is tried; a smaller size stays whole."""
IN_TIME = 0.8
"""Share of the time between two frames that translating one may take; reading and showing need the rest."""
LATE = 0.95
"""The same while it goes on: where frames take more on the average of ``WINDOW`` seconds, a smaller size is due."""
WINDOW = 2.0
_UNIT = 4
"""Sides are whole numbers of it, as strides want them."""


@dataclass(frozen=True)
class KeepingUp:
    """The size that was chosen."""

    size: Size
    seconds: float
    """That a frame takes at it."""
    is_in_time: bool

    @classmethod
    def at(cls, size: Size, seconds: float, rate: float) -> "KeepingUp":
        """Return what is to be said of a size at which a frame takes so long, for so many frames a second."""
        return cls(size, seconds, seconds <= IN_TIME / rate)

    def words(self, whole: Size, rate: float) -> str:
        """Return in a line what was chosen of a ``whole`` size for so many frames a second."""
        height, width = self.size
        found = f"translating at {width}x{height}, {self.seconds * 1000:.0f} ms a frame"
        if not self.is_in_time:
            return f"{found}: too slow for {rate:.3g} frames/s here; a smaller translator is faster"
        if self.size == whole:
            return f"{found}: in time for {rate:.3g} frames/s"
        return f"{found}, to keep up with {rate:.3g} frames/s ({whole[1]}x{whole[0]} is too slow here; --scale trained)"


def size_that_keeps_up(whole: Size, seconds: Seconds, rate: float) -> KeepingUp:
    """Return the largest size at which so many frames a second are translated; the least one where none is.

    As few sizes as possible are timed: what the first takes tells where to go on.
    """
    budget = IN_TIME / rate
    sizes = _sizes(whole)
    place = 0
    while True:
        taken = seconds(sizes[place])
        if taken <= budget or place == len(sizes) - 1:
            return KeepingUp.at(sizes[place], taken, rate)
        place = max(place + 1, _first_within(sizes, math.prod(sizes[place]) * budget / taken))


class Pace:
    """The seconds that translating a frame took of late, for so many frames a second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._taken: deque[float] = deque(maxlen=max(1, math.ceil(WINDOW * rate)))

    def took(self, seconds: float) -> None:
        """Take down a frame."""
        self._taken.append(seconds)

    @property
    def seconds(self) -> float:
        """Return the mean over the last frames."""
        return sum(self._taken) / len(self._taken)

    @property
    def is_late(self) -> bool:
        """Return whether frames take too long, once there are enough to tell."""
        return len(self._taken) == self._taken.maxlen and self.seconds > LATE / self.rate


def smaller_size(whole: Size, size: Size, pace: Pace) -> Size | None:
    """Return the size, below the present one, at which frames are likely to be in time; None where there is none."""
    sizes = [other for other in _sizes(whole) if other < size]
    return sizes[_first_within(sizes, math.prod(size) * IN_TIME / pace.rate / pace.seconds)] if sizes else None


def _sizes(whole: Size) -> list[Size]:
    """Return the sizes that are tried, the largest first, in the shape of the whole."""
    smaller = [(_rounded(whole[0] * share), _rounded(whole[1] * share)) for share in SHARES[1:]]
    return [whole, *(size for size in smaller if min(size) >= LEAST and size < whole)]


def _rounded(side: float) -> int:
    return _UNIT * round(side / _UNIT)


def _first_within(sizes: list[Size], pixels: float) -> int:
    """Return the place of the largest size of so many pixels at most, or of the least size."""
    return next((place for place, size in enumerate(sizes) if math.prod(size) <= pixels), len(sizes) - 1)
