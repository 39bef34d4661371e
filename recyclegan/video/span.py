"""A stretch of a video, in the times of the video itself."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from recyclegan.errors import InputError

Time = float | str
"""Seconds, or a text such as ``90``, ``1:30`` or ``0:01:30.5``."""
_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Span:
    """The frames shown from ``start`` on, up to but not including ``end`` (in seconds; None: the end of the video)."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    def __contains__(self, time: Fraction) -> bool:
        """Return whether a time lies in it."""
        return self.start <= time and not self.is_over(time)

    def is_over(self, time: Fraction) -> bool:
        """Return whether it has ended at a time."""
        return self.end is not None and time >= self.end

    def __str__(self) -> str:
        """Return it in words."""
        until = "to its end" if self.end is None else f"to {float(self.end):g} s"
        return f"from {float(self.start):g} s {until}"


WHOLE = Span()
"""All of a video."""


def seconds(time: Time, name: str) -> Fraction:
    """Return a time in seconds, exactly as it is written; ``name`` is what errors call it.

    Raises:
        InputError: it is no time, or a negative one.
    """
    if isinstance(time, str):
        return _of_clock(time, name)
    if not math.isfinite(time) or time < 0:
        raise InputError(f"{name}: found {time}, expected seconds from 0 on")
    return Fraction(str(time))


def _of_clock(text: str, name: str) -> Fraction:
    match = _CLOCK.fullmatch(text.strip())
    hours, minutes, rest = match.groups() if match else (None, None, None)
    if rest is None or (minutes is not None and Fraction(rest) >= 60):
        raise InputError(f"{name}: found {text!r}, expected seconds, mm:ss or hh:mm:ss, such as 90, 1:30 or 0:01:30.5")
    return Fraction(hours or 0) * 3600 + Fraction(minutes or 0) * 60 + Fraction(rest)
