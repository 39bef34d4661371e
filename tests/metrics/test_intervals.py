"""Bootstrap intervals: seeded, as SciPy's, and as wide as theory says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recyclegan.metrics.intervals import Draws, bootstrap, mean_interval


def numbers(seed, count=40):
    return np.random.default_rng(seed).normal(3, 1, count).tolist()


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_interval_agrees_with_scipy(seed):
    values = numbers(seed)
    ours = mean_interval(values, Draws(4000, seed))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1))
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert ours.value == pytest.approx(np.mean(values))
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=0.08 * width)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=0.08 * width)


def test_about_95_percent_of_intervals_hold_the_truth():
    intervals = [mean_interval(numbers(seed), Draws(300)) for seed in range(200)]
    assert 0.89 < np.mean([interval.low < 3 < interval.high for interval in intervals]) < 0.99


def test_same_seed_same_interval():
    assert mean_interval(numbers(0), Draws(seed=5)) == mean_interval(numbers(0), Draws(seed=5))
    assert mean_interval(numbers(0), Draws(seed=5)) != mean_interval(numbers(0), Draws(seed=6))


def test_one_clip_has_no_interval():
    alone = mean_interval([2.0])
    assert (alone.value, alone.num_clips) == (2, 1)
    assert np.isnan([alone.low, alone.high]).all()


def test_clips_without_a_number_do_not_count():
    assert mean_interval([1.0, float("nan"), 3.0]).value == 2
    assert mean_interval([1.0, float("nan"), 3.0]).num_clips == 2
    assert np.isnan(mean_interval([float("nan")]).value)


def test_any_statistic_of_any_clips():
    clips = [np.array([1, 2]), np.array([3, 4]), np.array([8, 6])]
    found = bootstrap(clips, lambda drawn: float(sum(drawn).max()))
    assert found.value == 12
    assert found.low <= found.value <= found.high


def test_the_same_seed_draws_the_same_clips_so_that_two_results_can_be_subtracted():
    values = [0.3, 0.1, 0.7, 0.2, 0.9]
    ours, theirs = mean_interval(values), mean_interval([value + 0.25 for value in values])
    difference = np.subtract(theirs.draws, ours.draws)
    np.testing.assert_allclose(difference, 0.25)
    assert len(ours.draws) == 1000
    assert np.ptp(ours.draws) > 0.1


def test_a_clip_without_a_number_keeps_the_draws_of_the_others_in_step():
    whole, one_missing = mean_interval([1.0, 1.0, 1.0, 5.0]), mean_interval([1.0, 1.0, 1.0, np.nan])
    assert one_missing.num_clips == 3
    assert len(one_missing.draws) == len(whole.draws)
    assert set(np.array(one_missing.draws)[~np.isnan(one_missing.draws)]) == {1.0}
