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


def bootstrap(
    clips: Sequence[Sample],
    statistic: Callable[[Sequence[Sample]], float],
    seed: int = 0,
    num_resamples: int = 1000,
    level: float = LEVEL,
) -> Interval:
    """Return ``statistic(clips)`` with the percentile interval of its values on clips drawn with replacement.

    The same seed gives the same interval. Draws whose statistic is NaN are left out.
    """
    value, num_clips = float(statistic(clips)), len(clips)
    if num_clips < 2:
        return Interval(value, float("nan"), float("nan"), num_clips)
    draws = np.random.default_rng(seed).integers(0, num_clips, (num_resamples, num_clips))
    values = np.array([statistic([clips[i] for i in draw]) for draw in draws])
    tail = (1 - level) / 2
    low, high = np.quantile(values[~np.isnan(values)], [tail, 1 - tail]) if not np.isnan(value) else (value, value)
    return Interval(value, float(low), float(high), num_clips)


def mean_interval(values: Sequence[float], seed: int = 0, num_resamples: int = 1000) -> Interval:
    """Return the mean of one number a clip with its interval; clips without a number (NaN) do not count."""
    numbers = [value for value in values if not np.isnan(value)]
    return bootstrap(numbers, lambda drawn: float(np.mean(drawn)) if drawn else float("nan"), seed, num_resamples)
