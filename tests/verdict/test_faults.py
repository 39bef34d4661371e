"""Each fault for itself, from numbers alone."""

import pytest

from recyclegan.verdict import NAMES, discriminators_that_won, on_discriminators, verdict_in, verdict_of

GOOD = {
    "lightness_agreement": 0.8,
    "swapped_area": 0.02,
    "edges_kept": 0.9,
    "detail_kept": 1.0,
    "holes": 0.0,
    "ghosts": 0.05,
    "checkerboard": 0.5,
    "tint": 0.0,
    "saturated": 0.0,
    "variety_kept": 0.9,
    "contrast": 40.0,
    "change": 30.0,
}
WRONG = {
    "inversion": ({"lightness_agreement": -0.8, "swapped_area": 0.9}, "not usable"),
    "unrelated": ({"lightness_agreement": 0.02}, "usable with reservations"),
    "holes": ({"holes": 0.02}, "usable with reservations"),
    "saturation": ({"saturated": 0.6, "holes": 0.5}, "usable with reservations"),
    "mush": ({"edges_kept": 0.5, "detail_kept": 0.7}, "usable with reservations"),
    "checkerboard": ({"checkerboard": 8.0}, "usable with reservations"),
    "ghosts": ({"ghosts": 0.5}, "usable with reservations"),
    "tint": ({"tint": 20.0}, "usable with reservations"),
    "unchanged": ({"change": 1.0}, "usable with reservations"),
    "one colour": ({"contrast": 1.0}, "not usable"),
    "no variety": ({"variety_kept": 0.01}, "not usable"),
}
GRAVE = [{"holes": 0.2}, {"edges_kept": 0.2, "detail_kept": 0.4}, {"lightness_agreement": 0.0, "edges_kept": 0.3}]


def test_good_numbers_lead_to_one_line() -> None:
    verdict = verdict_of(GOOD)
    assert verdict.word == "usable"
    assert verdict.lines("ab ") == [f"ab {verdict.sentence}"]
    assert verdict.sentence.startswith("usable: light and dark are in place (+0.80), edges are kept (90 %), no holes")
    assert set(GOOD) == set(NAMES)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_a_remedy_that_names_an_option(name: str) -> None:
    changed, word = WRONG[name]
    verdict = verdict_of({**GOOD, **changed})
    (finding,) = verdict.findings
    assert (finding.name, verdict.word) == (name, word)
    assert "--" in finding.remedy
    assert finding.sentence in verdict.sentence
    assert verdict.lines("ab ") == [f"ab {verdict.sentence}", f"ab {name}: {finding.remedy}"]


@pytest.mark.parametrize("changed", GRAVE, ids=str)
def test_more_of_it_is_grave(changed: dict[str, float]) -> None:
    assert verdict_of({**GOOD, **changed}).word == "not usable"


def test_grave_things_come_first() -> None:
    verdict = verdict_of({**GOOD, "tint": 20.0, "holes": 0.01, "edges_kept": 0.1, "detail_kept": 0.1})
    assert [finding.is_grave for finding in verdict.findings] == [True, False, False]


def test_a_weak_sign_of_ghosts_counts_beside_another_fault_alone() -> None:
    assert not verdict_of({**GOOD, "ghosts": 0.2}).findings
    assert [f.name for f in verdict_of({**GOOD, "ghosts": 0.2, "holes": 0.01}).findings] == ["holes", "ghosts"]


@pytest.mark.parametrize("missing", NAMES)
def test_a_number_that_is_missing_accuses_of_nothing(missing: str) -> None:
    assert verdict_of({name: value for name, value in GOOD.items() if name != missing}).word == "usable"
    assert verdict_of({}).word == "not judged"


def test_a_line_of_a_run_is_judged_by_direction() -> None:
    entry = {f"ab/{name}": value for name, value in GOOD.items()} | {"ba/lightness_agreement": -0.8, "step": 5}
    assert verdict_in(entry, "ab").word == "usable"
    assert verdict_in(entry, "ba").word == "not usable"


def test_a_discriminator_that_has_won_is_told() -> None:
    course = [(10.0 * step, 0.2 if step <= 20 else 0.001) for step in range(1, 41)]
    fair = [(step, 0.2) for step, _ in course]
    points = {"a/discriminator": course, "b/discriminator": fair}
    assert discriminators_that_won(points) == {"a": (210, 400)}
    (finding,) = on_discriminators(points)
    assert "steps 210-400" in finding.sentence
    assert not on_discriminators({"a/discriminator": course[:11]})
