"""How sure a number is: bootstrap intervals over clips.

Frames of one clip resemble each other, so the clip is what is drawn again, never the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float64, Int64

LEVEL = 0.95

Sample = TypeVar("Sample")
Numbers = Float64[np.ndarray, " _"]
Counts = Int64[np.ndarray, " _"]
"""How often each clip was drawn."""
ManyCounts = Int64[np.ndarray, "draws _"]
"""The same for several draws."""


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

    def of(self, num_clips: int) -> Int64[np.ndarray, "draws clips"]:
        """Return the numbers of the clips of each draw, with replacement."""
        return np.random.default_rng(self.seed).integers(0, num_clips, (self.count, num_clips))


def bootstrap(
    clips: Sequence[Sample], statistic: Callable[[Sequence[Sample]], float], draws: Draws | None = None
) -> Interval:
    """Return ``statistic(clips)`` with the percentile interval of its values on clips drawn with replacement.

    Draws whose statistic is NaN are left out.
    """
    return bootstrap_each(clips, lambda drawn: np.array([statistic(drawn)]), draws)[0]


def bootstrap_each(
    clips: Sequence[Sample], statistics: Callable[[Sequence[Sample]], Numbers], draws: Draws | None = None
) -> list[Interval]:
    """Return the interval of each of several statistics, all taken on the same draws; as `bootstrap` for one."""
    draws, num_clips = draws or Draws(), len(clips)
    values = statistics(clips)
    if num_clips < 2:
        return [bare(value, num_clips) for value in values]
    drawn = np.stack([statistics([clips[i] for i in draw]) for draw in draws.of(num_clips)])
    return [_interval(value, column, num_clips) for value, column in zip(values, drawn.T, strict=True)]


def bare(value: float, num_clips: int) -> Interval:
    """Return a number that comes without an interval."""
    return Interval(float(value), float("nan"), float("nan"), num_clips)


def _interval(value: float, drawn: Numbers, num_clips: int) -> Interval:
    if np.isnan(value):
        return bare(value, num_clips)
    values = tuple(drawn.tolist())
    return Interval(float(value), *middle(values), num_clips, values)


def middle(values: Sequence[float]) -> tuple[float, float]:
    """Return the bounds of the middle 95 % of values, those that are NaN left out; NaN where there are none."""
    numbers = [value for value in values if not np.isnan(value)]
    if not numbers:
        return float("nan"), float("nan")
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(numbers, [tail, 1 - tail])
    return float(low), float(high)


def bootstrap_distance(
    value: float,
    statistic: Callable[[Counts, Counts], float],
    num_clips: tuple[int, int],
    draws: Draws | None = None,
    *,
    lowest: float = 0.0,
) -> Interval:
    """Return a distance between two sets of clips with its interval; ``statistic`` takes one draw of either set.

    As `bootstrap_distances`, for a distance that is cheap.
    """

    def each(left: ManyCounts, right: ManyCounts) -> Numbers:
        return np.array([statistic(*pair) for pair in zip(left, right, strict=True)])

    return bootstrap_distances(value, each, num_clips, draws, lowest=lowest)


def bootstrap_distances(
    value: float,
    statistics: Callable[[ManyCounts, ManyCounts], Numbers],
    num_clips: tuple[int, int],
    draws: Draws | None = None,
    *,
    lowest: float = 0.0,
) -> Interval:
    """Return a distance between two sets of clips with its interval, the clips of both sets drawn again.

    ``statistics`` takes how often each clip of either set was drawn, one row a draw, and returns a distance a row.
    Clips that are drawn twice make any two sets less alike, so the distances of the draws lie too high as a whole: they
    are moved until their mean is ``value``, and cut at ``lowest``, the least that a distance can be.
    """
    draws = draws or Draws()
    ours, theirs = num_clips
    if ours < 2 or np.isnan(value):
        return bare(value, ours)
    others = replace(draws, seed=draws.seed + 1)
    drawn = statistics(_counts(draws.of(ours), ours), _counts(others.of(theirs), theirs))
    moved = drawn - np.nanmean(drawn) + value
    return _interval(value, moved.clip(min=min(lowest, value)), ours)


def _counts(chosen: Int64[np.ndarray, "draws clips"], num_clips: int) -> ManyCounts:
    """Return how often each clip was chosen in each draw."""
    return np.stack([np.bincount(draw, minlength=num_clips) for draw in chosen])


def mean_interval(values: Sequence[float], draws: Draws | None = None) -> Interval:
    """Return the mean of one number a clip with its interval; clips without a number (NaN) do not count."""

    def mean(drawn: Sequence[float]) -> float:
        numbers = [value for value in drawn if not np.isnan(value)]
        return float(np.mean(numbers)) if numbers else float("nan")

    return replace(bootstrap(values, mean, draws), num_clips=sum(not np.isnan(value) for value in values))
