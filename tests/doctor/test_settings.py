from pathlib import Path

import pytest

from recyclegan.doctor import run_folder_checks
from recyclegan.doctor.examining import examine_run
from tests.doctor.world import make_world, only, run_view, severities

CHECKS = (
    run_folder_checks.unreadable_configuration,
    run_folder_checks.learning_rate,
    run_folder_checks.missing_terms,
    run_folder_checks.too_few_steps,
    run_folder_checks.batch_larger_than_data,
)
COURSES = {f"{direction}/{term}": [1.0] * 3 for direction in ("ab", "ba") for term in ("adversarial", "unsup_recycle")}


def test_nothing_is_found_in_the_defaults(tmp_path: Path) -> None:
    data = make_world(tmp_path / "data")
    view = run_view(tmp_path / "run", {**COURSES, "lr": [2e-4] * 3}, data=data, steps=30)
    assert not [finding for check in CHECKS for finding in check(view)]


@pytest.mark.parametrize(("rate", "messages"), [(0.01, "50 times"), (1e-8, "too small")])
def test_absurd_learning_rates(tmp_path: Path, rate: float, messages: str) -> None:
    only(run_folder_checks.learning_rate(run_view(tmp_path, lr=rate)), "problem", f"--lr {rate:g}", messages)


def test_steps_at_rate_0(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"lr": [2e-4, 1e-4, 0, 0]})
    only(run_folder_checks.learning_rate(view), "problem", "2 logged steps", "from step 30")


def test_a_direction_without_terms(tmp_path: Path) -> None:
    courses = {name: values for name, values in COURSES.items() if name.startswith("ab")}
    only(run_folder_checks.missing_terms(run_view(tmp_path, courses)), "problem", "ba: all its weights are 0")


def test_measures_are_no_terms(tmp_path: Path) -> None:
    courses = {name: values for name, values in COURSES.items() if name.startswith("ab")}
    view = run_view(tmp_path, {**courses, "ba/equivariance": [0.1], "ba/variety": [0.1]})
    only(run_folder_checks.missing_terms(view), "problem", "ba: all its weights are 0")


def test_a_direction_without_an_adversarial_term(tmp_path: Path) -> None:
    courses = {name: values for name, values in COURSES.items() if name != "ab/adversarial"}
    only(
        run_folder_checks.missing_terms(run_view(tmp_path, courses)),
        "problem",
        "ab: its adversarial weight",
        "look like B",
    )


def test_a_direction_with_nothing_else(tmp_path: Path) -> None:
    courses = {name: values for name, values in COURSES.items() if name != "ba/unsup_recycle"}
    only(run_folder_checks.missing_terms(run_view(tmp_path, courses)), "warning", "ba", "adversarial term alone")


def test_fewer_steps_than_clips(tmp_path: Path) -> None:
    view = run_view(tmp_path / "run", COURSES, data=make_world(tmp_path / "data"), steps=2)
    a, b = run_folder_checks.too_few_steps(view)
    assert severities([a, b]) == ["warning", "warning"]
    assert "2 steps show 2 frames of A, which has 3 clips" in a.what


def test_a_batch_of_more_than_all_clips(tmp_path: Path) -> None:
    view = run_view(tmp_path / "run", COURSES, data=make_world(tmp_path / "data"), batch_size=4)
    a, b = run_folder_checks.batch_larger_than_data(view)
    assert severities([a, b]) == ["warning", "warning"]
    assert "4 clips of B, which has 3" in b.what


def test_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"method": {"name": "cycle-gun"}}')
    first, *_ = examine_run(tmp_path)
    assert first.severity == "problem"
    assert "cycle-gun" in first.what + first.remedy
