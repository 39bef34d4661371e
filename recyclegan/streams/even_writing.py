"""Frames shown at any times, written into what shows one every tick of an even rate."""

from collections.abc import Callable
from fractions import Fraction

from recyclegan.arrays import Image


class EvenWriter:
    """Writes frames at once, each at the tick nearest to its time; the one before is repeated where ticks are missing.

    The first frame is shown at 0. A frame whose tick is taken is left out. ``num_repeated`` and ``num_left_out``
    tell how many ticks and frames these were.
    """

    def __init__(self, show: Callable[[Image, int], None], rate: Fraction) -> None:
        """``show`` takes a frame and how many ticks in a row it is shown."""
        self._show, self._rate = show, rate
        self._first: Fraction | None = None
        self._last: Image | None = None
        self._next = 0
        self.num_repeated = self.num_left_out = 0

    def write(self, image: Image, time: Fraction) -> None:
        """Write a frame shown at a time in seconds, no earlier than the one before."""
        self._first = time if self._first is None else self._first
        tick = round((time - self._first) * self._rate)
        if tick < self._next:
            self.num_left_out += 1
            return
        if self._last is not None and tick > self._next:
            self._show(self._last, tick - self._next)
            self.num_repeated += tick - self._next
        self._show(image, 1)
        self._last, self._next = image, tick + 1

    @property
    def notes(self) -> list[str]:
        """Return in words what was done to the frames; nothing where all came at an even rate."""
        if not self.num_repeated and not self.num_left_out:
            return []
        done = f"{self.num_repeated} frames were repeated and {self.num_left_out} left out"
        return [f"-: a pipe holds one even rate; to keep times, {done}"]
