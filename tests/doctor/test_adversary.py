from pathlib import Path

import numpy as np
import pytest

from recyclegan.doctor import training_checks
from recyclegan.settings.networks import NetworkConfig
from tests.doctor.world import noisy, only, run_view

CHECKS = (
    training_checks.discriminator_has_won,
    training_checks.discriminator_cannot_tell,
    training_checks.adversarial_out_of_bounds,
)


def test_nothing_is_found_in_a_balance(tmp_path: Path) -> None:
    courses = {
        **{f"{domain}/discriminator": noisy([0.2] * 40, 0.2) for domain in "ab"},
        **{f"{direction}/adversarial": noisy([0.4] * 40, 0.3) for direction in ("ab", "ba")},
    }
    view = run_view(tmp_path, courses)
    assert not [finding for check in CHECKS for finding in check(view)]


def test_a_discriminator_that_has_won(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"a/discriminator": [0.2] * 20 + [0.001] * 20, "b/discriminator": [0.2] * 40})
    only(training_checks.discriminator_has_won(view), "problem", "a/discriminator", "steps 210-400")


@pytest.mark.parametrize("course", [[0.2] * 37 + [0.001] * 3, [0.001] * 20 + [0.2] * 20, [0.001] * 5])
def test_a_short_or_overcome_stretch_is_passed_over(tmp_path: Path, course: list[float]) -> None:
    assert not list(training_checks.discriminator_has_won(run_view(tmp_path, {"a/discriminator": course})))


@pytest.mark.parametrize(("objective", "chance"), [("least-squares", 0.25), ("cross-entropy", 0.693), ("hinge", 1.0)])
def test_a_discriminator_at_chance(tmp_path: Path, objective: str, chance: float) -> None:
    networks = NetworkConfig(objective=objective)
    courses = {"b/discriminator": [1.0] * 5 + noisy([chance] * 25, 0.005)}
    only(
        training_checks.discriminator_cannot_tell(run_view(tmp_path, courses, networks=networks)),
        "warning",
        "b/disc",
        f"{chance:.3g}",
    )
    other = NetworkConfig(objective="cross-entropy" if objective == "least-squares" else "least-squares")
    assert not list(training_checks.discriminator_cannot_tell(run_view(tmp_path, courses, networks=other)))


def test_an_adversarial_term_that_rises_without_bound(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"ab/adversarial": np.linspace(0.5, 9, 30), "ba/adversarial": np.linspace(0.2, 0.9, 30)})
    only(training_checks.adversarial_out_of_bounds(view), "problem", "ab/adversarial", "1 is what it costs")
