"""Frames gathered into batches whose memory is bounded, whatever the size of the frames and the batch asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

MOST_PIXELS = 1 << 23
"""Pixels translated at once, unless one frame has more: four frames of 1080p. More take memory and no less time."""
PAYS = 0.95
"""Share of the time of a frame that a batch of twice as many must not exceed to be worth its memory."""
_LOOKS = 2
"""Batches of one size that are timed; the first one may be slowed by what a new size makes necessary."""


def batches(items: Iterable[T], size: int | Callable[[], int], pixels: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield items in order, at most ``size`` at a time, and fewer where they would have more than ``MOST_PIXELS``.

    Where ``size`` is a function, it is asked for every batch.
    """
    size_now = size if callable(size) else lambda: size
    batch: list[T] = []
    total = 0
    for item in items:
        each = pixels(item)
        if batch and total + each > MOST_PIXELS:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += each
        if len(batch) >= size_now():
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


class GrowingBatch:
    """A batch size that is found while frames are translated: it doubles as long as a frame takes less time by it.

    No frame is translated for measuring alone. ``size`` is that of the next batch. ``fits`` tells after a batch whether
    memory holds one of twice as many.
    """

    def __init__(self, first: int, most: int, fits: Callable[[], bool] = lambda: True) -> None:
        self.size, self._most, self._fits = first, most, fits
        self._first, self._is_settled = first, first >= most
        self._times: list[float] = []
        self._before = float("inf")

    def took(self, frames: int, seconds: float) -> None:
        """Learn in how many seconds a batch was translated; those of another size than the present one say nothing."""
        if self._is_settled or frames != self.size:
            return
        self._times.append(seconds / frames)
        if len(self._times) == _LOOKS:
            self._decide(min(self._times))

    def _decide(self, pace: float) -> None:
        pays = pace < PAYS * self._before
        self._is_settled = not pays or 2 * self.size > self._most or not self._fits()
        if not pays:
            self.size = max(self._first, self.size // 2)
        elif not self._is_settled:
            self.size *= 2
        self._times, self._before = [], pace
