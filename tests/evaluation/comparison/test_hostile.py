"""What a comparison reads may be damaged, odd, or of other settings: one line each, no number in silence."""

import json

import numpy as np
import pytest

from recyclegan.errors import InputError
from recyclegan.evaluation.comparison.running import equal_minutes
from recyclegan.evaluation.comparison.standings import measured_otherwise, read_standing
from tests.evaluation.comparison.runs import made_up
from tests.small import small_config

DRAWS = np.linspace(0, 1, 40)


def test_a_seed_without_a_measure_leaves_it_out_for_its_contender(tmp_path):
    both = {"warping_error": (1.0,), "flow_difference": (2.0,)}
    entries = [
        made_up(tmp_path, "ours", 0, both),
        made_up(tmp_path, "ours", 1, {"warping_error": (3.0,)}),
        made_up(tmp_path, "theirs", 0, both),
    ]
    scores = read_standing(entries, "theirs")[0].scores
    assert set(scores["ours"]) == {"warping_error"}
    assert set(scores["theirs"]) == {"warping_error", "flow_difference"}


@pytest.mark.parametrize("counts", [(40, 20), (20, 40), (40, 0)])
def test_other_numbers_of_draws_still_compare_on_the_same_clips(tmp_path, counts):
    entries = [
        made_up(tmp_path, name, 0, {"warping_error": (1.0 + number,)}, {"warping_error": number + DRAWS[:count]})
        for number, (name, count) in enumerate(zip(("theirs", "ours"), counts, strict=True))
    ]
    difference = read_standing(entries, "theirs")[0].scores["ours"]["warping_error"].difference
    assert difference.value == 1
    assert np.isnan(difference.low) if 0 in counts else difference.low == pytest.approx(1)


def test_a_contender_without_a_number_has_no_difference(tmp_path):
    entries = [
        made_up(tmp_path, "theirs", 0, {"warping_error": (1.0,)}, {"warping_error": DRAWS}),
        made_up(tmp_path, "ours", 0, {"warping_error": (None,)}),
    ]
    score = read_standing(entries, "theirs")[0].scores["ours"]["warping_error"]
    assert np.isnan(score.value.value)
    assert score.verdict == 0


def test_measurements_of_other_settings_are_told(tmp_path):
    entries = [made_up(tmp_path, name, 0, {"warping_error": (1.0,)}) for name in ("theirs", "ours")]
    assert measured_otherwise(entries) == []
    path = entries[1].evaluation("ab") / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"protocol": {"intervals": "20 draws, seed 3"}}))
    (line,) = measured_otherwise(entries)
    assert line.startswith("ab: These differ in intervals")
    assert "ours, seed 0: 20 draws, seed 3" in line


@pytest.mark.parametrize("content", ["", "[]", '{"ours": 0}', '{"ours": -1}', '{"ours": "1"}', '{"ours": NaN}'])
def test_odd_timings_are_refused_with_what_to_do(tmp_path, content):
    (tmp_path / "budget.json").write_text(content)
    contenders = {"ours": small_config(tmp_path, tmp_path)}
    with pytest.raises(InputError, match=r"budget\.json"):
        equal_minutes(contenders, 1.0, 1, tmp_path / "budget.json", lambda *_: None, measure=lambda _: 1.0)
