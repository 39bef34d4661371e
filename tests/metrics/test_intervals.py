"""Bootstrap intervals: seeded, as SciPy's, and as wide as theory says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recyclegan.metrics.intervals import Draws, bootstrap, bootstrap_distance, bootstrap_each, mean_interval


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


def test_several_statistics_are_taken_on_the_same_draws():
    values = numbers(0, 12)
    mean, spread = bootstrap_each(values, lambda drawn: np.array([np.mean(drawn), np.std(drawn)]), Draws(100))
    assert mean == bootstrap(values, lambda drawn: float(np.mean(drawn)), Draws(100))
    assert spread == bootstrap(values, lambda drawn: float(np.std(drawn)), Draws(100))
    assert mean.draws == mean_interval(values, Draws(100)).draws


def shift():
    """Distance between the means of two sets of clips."""
    ours, theirs = np.array(numbers(0, 30)), np.array(numbers(1, 20)) + 2

    def statistic(counts, others):
        return float(abs(np.average(ours, weights=counts) - np.average(theirs, weights=others)))

    return statistic(np.ones(30), np.ones(20)), statistic


def test_interval_of_a_distance_is_as_wide_as_theory_says():
    """Of a difference of means: the square root of the sum of both variances of the mean, times 1.96 to each side."""
    value, statistic = shift()
    found = bootstrap_distance(value, statistic, (30, 20), Draws(2000))
    error = np.hypot(np.std(numbers(0, 30)) / np.sqrt(30), np.std(numbers(1, 20)) / np.sqrt(20))
    assert found.value == value
    assert found.num_clips == 30
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_draws_of_a_distance_are_moved_to_it():
    """Two draws of a set are never quite alike, which is no sign that the set differs from itself."""
    values = np.array(numbers(0, 30))

    def statistic(left, right):
        return float(abs(np.average(values, weights=left) - np.average(values, weights=right)))

    found = bootstrap_distance(0.5, statistic, (30, 30), Draws(500))
    assert np.mean(found.draws) == pytest.approx(0.5)
    assert found.low < 0.5 < found.high
    least = bootstrap_distance(0.0, statistic, (30, 30), Draws(500))
    assert least.low == 0
    assert min(least.draws) == 0
    assert min(bootstrap_distance(0.0, statistic, (30, 30), Draws(500), lowest=-np.inf).draws) < 0


def test_clips_are_drawn_for_distances_as_for_means():
    values = np.array(numbers(0, 9))
    found = bootstrap_distance(
        float(values.mean()), lambda left, _: float(np.average(values, weights=left)), (9, 4), Draws(50)
    )
    drawn = np.array(mean_interval(values.tolist(), Draws(50)).draws)
    np.testing.assert_allclose(found.draws, drawn - drawn.mean() + values.mean())


def test_distance_of_one_clip_has_no_interval():
    value, statistic = shift()
    assert np.isnan(bootstrap_distance(value, statistic, (1, 20)).low)
    assert bootstrap_distance(value, statistic, (1, 20)).draws == ()


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
