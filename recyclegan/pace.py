"""How fast work goes, and how long it will take."""

import time


class Pace:
    """The pace of one piece of work since it began, or went on, with ``done`` of it done."""

    def __init__(self, done: int) -> None:
        self._start, self._first = time.monotonic(), done

    def speed(self, done: int) -> float:
        """Return how much is done a second; 0 as long as nothing is."""
        seconds = time.monotonic() - self._start
        return (done - self._first) / seconds if seconds else 0.0


def duration(seconds: float) -> str:
    """Return a length of time in words, as exact as people need it: ``40 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60:02} min"
