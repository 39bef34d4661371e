"""How fast work goes, how long it will take, and who is told how much of it is done."""

import time
from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Told of (done, in all, what): frames, pairs or steps, of which clip or set."""
Show = Callable[[int, int | None, str], None]
"""Told of (done, in all, what); None in all where that is not known."""


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


def counted(progress: Progress | None, what: str, total: int) -> Callable[[], None]:
    """Return a function that tells of one more each time that it is called; that nothing is done yet is told now."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total, what)

    if progress:
        progress(0, total, what)
    return step
