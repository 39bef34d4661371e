from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from recyclegan.doctor import training_checks
from tests.doctor.world import noisy, only, run_view

FLAT, FALLING = np.full(60, 2.0), np.linspace(8.0, 2.0, 60)


@pytest.mark.parametrize("value", [nan, inf])
def test_a_value_that_is_not_finite(tmp_path: Path, value: float) -> None:
    view = run_view(tmp_path, {"ab/cycle": [1.0, 0.9, value], "lr": [2e-4] * 3})
    only(training_checks.values_not_finite(view), "problem", "ab/cycle", str(value), "step 30")


def test_finite_values(tmp_path: Path) -> None:
    assert not list(training_checks.values_not_finite(run_view(tmp_path, {"ab/cycle": FALLING})))


def test_a_run_that_still_falls(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"ab/cycle": noisy(FALLING), "ba/cycle": noisy(FALLING), "ab/adversarial": FLAT})
    finding = only(training_checks.still_falling_or_settled(view), "note", "still fell", "step 310 to 600")
    assert "--steps 1200" in finding.remedy


def test_a_run_that_has_settled(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"ab/cycle": noisy(FLAT), "ba/cycle": noisy(FLAT), "ab/adversarial": FALLING})
    only(training_checks.still_falling_or_settled(view), "note", "changed by", "step 310 to 600")


def test_nothing_is_said_of_a_short_or_a_noisy_run(tmp_path: Path) -> None:
    assert not list(training_checks.still_falling_or_settled(run_view(tmp_path / "short", {"ab/cycle": FALLING[:10]})))
    rough = np.where(np.arange(60) % 2, 4.0, 1.0)
    assert not list(training_checks.still_falling_or_settled(run_view(tmp_path / "rough", {"ab/cycle": rough})))


def test_an_equivariance_error_that_rises_while_losses_fall(tmp_path: Path) -> None:
    losses = {"ab/cycle": noisy(FALLING), "ba/cycle": noisy(FALLING)}
    rising = {"ab/equivariance": np.linspace(0.01, 0.04, 60), "ba/equivariance": np.full(60, 0.02)}
    only(
        training_checks.equivariance_rises(run_view(tmp_path / "1", {**losses, **rising})),
        "warning",
        "ab/equivariance",
        "%",
    )
    both = {"ab/cycle": FALLING[::-1], "ba/cycle": FALLING[::-1], **rising}
    assert not list(training_checks.equivariance_rises(run_view(tmp_path / "2", both)))
    assert not list(training_checks.equivariance_rises(run_view(tmp_path / "3", losses)))


def test_a_falling_equivariance_error_is_no_term_of_the_loss(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"ab/cycle": noisy(FLAT), "ab/equivariance": 100 * FALLING})
    only(training_checks.still_falling_or_settled(view), "note", "changed by")
