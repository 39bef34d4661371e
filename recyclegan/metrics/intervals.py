"""How sure a number is: bootstrap intervals over clips.

Frames of one clip resemble each other, so the clip is what is drawn again, never the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    values = np.array([statistic([clips[i] for i in draw]) for draw in chosen])
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values[~np.isnan(values)], [tail, 1 - tail])
    return Interval(value, float(low), float(high), num_clips)


def mean_interval(values: Sequence[float], draws: Draws | None = None) -> Interval:
    """Return the mean of one number a clip with its interval; clips without a number (NaN) do not count."""
    numbers = [value for value in values if not np.isnan(value)]
    return bootstrap(numbers, lambda drawn: float(np.mean(drawn)) if drawn else float("nan"), draws)
