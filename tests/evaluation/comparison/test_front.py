"""The front holds what no other beats in both."""

import re

from hypothesis import given
from hypothesis import strategies as st

from recyclegan.evaluation.comparison.comparison_report import grouped, markdown
from recyclegan.evaluation.comparison.front import CHARACTER, LINE, front_chart, front_of, label_tops, quality_of
from recyclegan.evaluation.comparison.standings import read_standing
from tests.evaluation.comparison.runs import made_up

coordinates = st.floats(0, 1, allow_nan=False)


def beats(one, other, higher):
    (x, y), (u, v) = one, other
    quality, least = (y, v) if higher else (-y, -v)
    return x <= u and quality >= least and (x < u or quality > least)


@given(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8, unique=True), st.booleans())
def test_front_is_exactly_what_no_other_beats(places, higher):
    points = {str(i): place for i, place in enumerate(places)}
    unbeaten = {name for name, own in points.items() if not any(beats(other, own, higher) for other in places)}
    assert set(front_of(points, higher)) == unbeaten


@given(st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8))
def test_no_label_covers_another_and_each_lies_near_its_dot(places):
    points = {f"contender {i}": place for i, place in enumerate(places)}
    tops = label_tops(points)
    width = CHARACTER * len("contender 0")
    for name, (x, y) in points.items():
        assert y - 1.001 * LINE <= tops[name] <= y + len(points) * LINE
        for other, (u, _) in points.items():
            if other != name and abs(x - u) < width and (x > 0.7) == (u > 0.7):
                assert abs(tops[name] - tops[other]) > 0.999 * LINE


def test_chart_names_every_contender_and_joins_the_front(tmp_path):
    numbers = {"calm": (0.1, 0.3), "good": (0.3, 0.6), "neither": (0.4, 0.2)}
    entries = [
        made_up(tmp_path, name, 0, {"warping_error": (x,), "mean_iou": (y,)}) for name, (x, y) in numbers.items()
    ]
    chart = front_chart(read_standing(entries, "calm")[0])
    assert all(f">{name}<" in chart for name in numbers)
    assert chart.count("L") >= 1
    assert chart.count("var(--faint)") == 1


def test_no_chart_without_quality(tmp_path):
    entries = [made_up(tmp_path, name, 0, {"warping_error": (0.1,)}) for name in ("a", "b")]
    assert front_chart(read_standing(entries, "a")[0]) is None


def test_realism_is_the_quality_of_footage_where_it_was_measured(tmp_path):
    """Of pictures; what is scored in classes goes by them."""
    measures = {"warping_error": (0.1,), "patches_coarse": (1.0,), "fid": (9.0,), "feature_frechet": (20.0, 50.0)}
    entries = [made_up(tmp_path / "footage", name, 0, measures) for name in ("a", "b")]
    standing = read_standing(entries, "a")[0]
    assert quality_of(standing) == "feature_frechet"
    assert "Fréchet distance of features over warping error" in front_chart(standing)
    entries = [made_up(tmp_path / "labels", name, 0, measures | {"mean_iou": (0.3,)}) for name in ("a", "b")]
    assert quality_of(read_standing(entries, "a")[0]) == "mean_iou"


def test_what_footage_is_judged_by_stands_in_one_table(tmp_path):
    measures = {"warping_error": (0.1, 0.2), "holes": (0.0, 0.0), "feature_frechet": (20.0, 50.0)}
    measures |= {"downstream_iou": (0.4, 0.3, 0.5), "sharpness": (0.1, 0.1)}
    standing = read_standing([made_up(tmp_path, name, 0, measures) for name in ("a", "b")], "a")[0]
    title, names = grouped(standing)[0]
    assert (title, names) == (
        "Realism over steadiness",
        ["feature_frechet", "warping_error", "downstream_iou", "holes"],
    )
    text = markdown(standing, {"a": "", "b": ""})
    assert re.search(r"\| source itself \| 50\S* \| 0\.2\S* \| 0\.3\S* \| \S+ \|", text)
    assert re.search(r"\| target itself \| \S+ \| \S+ \| 0\.5\S* \| \S+ \|", text)
    entries = [made_up(tmp_path / "plain", name, 0, {"holes": (0.0,)}) for name in ("a", "b")]
    assert [title for title, _ in grouped(read_standing(entries, "a")[0])] == ["Pictures"]
