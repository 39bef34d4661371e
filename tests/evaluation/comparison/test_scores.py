"""Standing: means over seeds, intervals over seeds and clips, and differences on the same clips."""

import numpy as np
import pytest

from recyclegan.evaluation.comparison.comparison_report import markdown
from recyclegan.evaluation.comparison.standings import over_seeds, read_standing
from tests.evaluation.comparison.runs import made_up

CLIPS = np.random.default_rng(0).normal(0, 1, 300)
"""What the draws of clips alone do to a number, the same for every run."""


def standing(tmp_path, ours, theirs, spread=0.0):
    """Return the standing of two contenders with these values by seed; clips scatter both by ``spread``."""
    entries = [
        made_up(tmp_path, name, seed, {"warping_error": (value, 0.5)}, {"warping_error": value + spread * CLIPS})
        for name, values in (("theirs", theirs), ("ours", ours))
        for seed, value in enumerate(values)
    ]
    return read_standing(entries, "theirs")[0]


def test_the_value_is_the_mean_over_seeds_and_each_seed_is_told(tmp_path):
    score = standing(tmp_path, [1.0, 3.0], [2.0, 2.0]).scores["ours"]["warping_error"]
    assert score.value.value == 2.0
    assert score.seeds == (1.0, 3.0)
    assert (score.value.low, score.value.high) == (1.0, 3.0)


def test_a_difference_smaller_than_the_scatter_of_clips_shows_because_clips_are_shared(tmp_path):
    scores = standing(tmp_path, [1.0, 1.0], [1.1, 1.1], spread=10.0).scores["ours"]["warping_error"]
    assert scores.value.high - scores.value.low > 10
    assert scores.difference.value == pytest.approx(-0.1)
    assert scores.difference.high == pytest.approx(-0.1)
    assert scores.verdict == -1


def test_seeds_that_scatter_more_than_the_contenders_differ_leave_it_open(tmp_path):
    scores = standing(tmp_path, [1.0, 2.0], [1.2, 2.2]).scores["ours"]["warping_error"]
    assert scores.verdict == 0
    assert scores.difference.low < 0 < scores.difference.high


def test_the_baseline_has_no_difference_and_the_source_is_told(tmp_path):
    found = standing(tmp_path, [1.0], [2.0])
    assert found.scores["theirs"]["warping_error"].difference is None
    assert found.scores["theirs"]["warping_error"].verdict == 0
    assert found.source == {"warping_error": 0.5}


def test_without_draws_there_are_values_but_no_intervals(tmp_path):
    entries = [made_up(tmp_path, name, 0, {"mean_iou": (value,)}) for name, value in (("a", 0.5), ("b", 0.75))]
    score = read_standing(entries, "a")[0].scores["b"]["mean_iou"]
    assert score.difference.value == 0.25
    assert np.isnan(score.difference.low)
    assert score.verdict == 0


def test_seeds_are_drawn_again_for_each_draw():
    draws = np.stack([np.zeros(1000), np.ones(1000)])
    found = over_seeds(draws, np.random.default_rng(0))
    assert set(found) == {0.0, 0.5, 1.0}
    assert np.mean(found == 0.5) == pytest.approx(0.5, abs=0.05)


def test_a_contender_has_the_verdict_of_its_worst_seed(tmp_path):
    words = ["usable", "not usable", "usable with reservations"]
    messages = [{"word": word, "sentence": f"{word}: so it is"} for word in words]
    entries = [made_up(tmp_path, "a", seed, {"mean_iou": (0.5,)}, verdict=messages[seed]) for seed in range(3)]
    entries.append(made_up(tmp_path, "older", 0, {"mean_iou": (0.5,)}))
    (found,) = read_standing(entries, "a")[:1]
    assert found.verdicts == {"a": "not usable: so it is"}
    assert "| a | not usable: so it is |" in markdown(found, {"a": "3 steps", "older": "3 steps"})
