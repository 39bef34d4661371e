"""How sure a number is: bootstrap intervals over clips.

Frames of one clip resemble each other, so the clip is what is drawn again, never the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

LEVEL = 0.95

Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval (NaN for a single clip), and how many clips it rests on."""

    value: float
    low: float
    high: float
    num_clips: int
    draws: tuple[float, ...] = field(default=(), repr=False, compare=False)
    """Its values on the clips drawn again. The same seed draws the same clips, so that two evaluations of the same
    clips can be subtracted draw by draw."""


@dataclass(frozen=True)
class Draws:
    """How clips are drawn again: the same seed gives the same intervals."""

    count: int = 1000
    seed: int = 0


def bootstrap(
    clips: Sequence[Sample], statistic: Callable[[Sequence[Sample]], float], draws: Draws | None = None
) -> Interval:
    """Return ``statistic(clips)`` with the percentile interval of its values on clips drawn with replacement.

    Draws whose statistic is NaN are left out.
    """
    draws, num_clips = draws or Draws(), len(clips)
    value = float(statistic(clips))
    if num_clips < 2 or np.isnan(value):
        return Interval(value, float("nan"), float("nan"), num_clips)
    chosen = np.random.default_rng(draws.seed).integers(0, num_clips, (draws.count, num_clips))
    values = tuple(statistic([clips[i] for i in draw]) for draw in chosen)
    return Interval(value, *middle(values), num_clips, values)


def middle(values: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the middle 95 % of values, those that are NaN left out; NaN where there are none."""
    numbers = [value for value in values if not np.isnan(value)]
    if not numbers:
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(numbers, [tail, 1 - tail])
    return float(low), float(high)


def mean_interval(values: Sequence[float], draws: Draws | None = None) -> Interval:
    """Return the mean of one number a clip with its interval; clips without a number (NaN) do not count."""

    def mean(drawn: Sequence[float]) -> float:
        numbers = [value for value in drawn if not np.isnan(value)]
        return float(np.mean(numbers)) if numbers else float("nan")

    return replace(bootstrap(values, mean, draws), num_clips=sum(not np.isnan(value) for value in values))
