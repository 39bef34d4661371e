"""How fast frames are translated live, and how far they are behind."""

from collections import deque
from dataclasses import dataclass

WINDOW = 2.0
"""Seconds that figures are taken over."""


@dataclass(frozen=True)
class Figures:
    """What a viewer is told."""

    rate: float
    """Frames a second that are shown."""
    delay: float
    """Seconds from the arrival of a frame until it is shown."""
    num_dropped: int
    """Frames that were never shown, since the beginning."""
    size: tuple[int, int]
    """(Height, width) at which frames are translated."""

    def __str__(self) -> str:
        """Return them in a line."""
        height, width = self.size
        dropped = f", {self.num_dropped} dropped" if self.num_dropped else ""
        return f"{self.rate:.1f} frames/s, {self.delay * 1000:.0f} ms behind, translated at {width}x{height}{dropped}"


class Meter:
    """Takes down when frames arrived and when they were shown, in seconds of any one clock."""

    def __init__(self) -> None:
        self._shown: deque[tuple[float, float]] = deque()
        self.num_frames = 0
        self.longest_delay = 0.0
        self._first: float | None = None
        self._last = 0.0

    def took(self, arrived: float, shown: float) -> None:
        """Take down a frame."""
        self._first = shown if self._first is None else self._first
        self._last = shown
        self._shown.append((arrived, shown))
        while shown - self._shown[0][1] > WINDOW:
            self._shown.popleft()
        self.num_frames += 1
        self.longest_delay = max(self.longest_delay, shown - arrived)

    def figures(self, num_dropped: int, size: tuple[int, int]) -> Figures:
        """Return what is to be told of the last seconds."""
        delays = [shown - arrived for arrived, shown in self._shown]
        return Figures(self._rate(), sum(delays) / max(1, len(delays)), num_dropped, size)

    def _rate(self) -> float:
        if len(self._shown) < 2:
            return 0.0
        passed = self._shown[-1][1] - self._shown[0][1]
        return (len(self._shown) - 1) / passed if passed > 0 else 0.0

    @property
    def whole_rate(self) -> float:
        """Return frames a second from the first to the last."""
        passed = self._last - (self._first or 0.0)
        return (self.num_frames - 1) / passed if self.num_frames > 1 and passed > 0 else 0.0
