from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recyclegan.doctor import training_checks
from recyclegan.metrics.pictures import thumbnail
from recyclegan.roadworld import Drive
from tests.doctor.world import only, run_view, scene, translations

CHECKS = (
    training_checks.inverted_colours,
    training_checks.vanishing_variety,
    training_checks.nothing_but_one_colour,
    training_checks.saturated_colours,
    training_checks.holes,
    training_checks.lost_edges,
    training_checks.checkerboard,
    training_checks.ghosts,
    training_checks.tint,
    training_checks.nothing_changed,
)
SOURCES = np.stack([thumbnail(scene(seed, 1)[0]) for seed in range(6)])


def findings(folder: Path, translate: Callable[[np.ndarray], np.ndarray], labels: bool = False) -> list:
    translated = translate(SOURCES.astype(float)).clip(0, 255).astype(np.uint8)
    view = run_view(folder, seen=translations("ba", SOURCES, translated, labels))
    return [finding for check in CHECKS for finding in check(view)]


def test_nothing_is_found_in_another_look(tmp_path: Path) -> None:
    assert not findings(tmp_path, lambda frames: frames * (0.5, 0.7, 0.9) + 30)


def test_inverted_colours(tmp_path: Path) -> None:
    only(
        findings(tmp_path, lambda frames: 255 - 0.8 * frames), "problem", "ba", "swapped in 100 %", "-1.00", "6 frames"
    )


def test_a_sky_that_turns_dark_by_night_is_no_inversion(tmp_path: Path) -> None:
    drives = [Drive(seed, 48, 96, num_frames=1) for seed in range(4)]
    day, night = (np.stack([thumbnail(drive.image(0, look)) for drive in drives]) for look in ("day", "night"))
    for source, target in ((day, night), (night, day)):
        view = run_view(tmp_path, seen=translations("ab", source, target, has_labels=False))
        assert not [finding for check in CHECKS for finding in check(view)]


def test_the_brightness_of_label_maps_means_nothing(tmp_path: Path) -> None:
    assert not findings(tmp_path, lambda frames: 255 - 0.8 * frames, labels=True)


def test_translations_that_are_all_the_same(tmp_path: Path) -> None:
    one = SOURCES[:1].astype(float).repeat(6, 0)
    only(
        findings(tmp_path, lambda frames: 0.99 * one + 0.01 * frames + 20),
        "problem",
        "6 frames: different frames",
        "vary by",
    )


def test_translations_of_one_colour(tmp_path: Path) -> None:
    messages = [f.what for f in findings(tmp_path, lambda frames: 120 + 0 * frames)]
    assert any("one colour" in what and "0.0 levels" in what for what in messages)


def test_saturated_translations(tmp_path: Path) -> None:
    only(findings(tmp_path, lambda frames: 20 * (frames - 128) + 128), "warning", "ba", "full light")


def test_translations_that_are_their_sources(tmp_path: Path) -> None:
    only(findings(tmp_path, lambda frames: frames + 1), "warning", "ba", "by 1.0 of 255 levels")


@pytest.mark.parametrize("missing", ["translators", "footage"])
def test_a_run_whose_translations_cannot_be_seen(tmp_path: Path, missing: str) -> None:
    view = run_view(tmp_path)
    if missing == "footage":
        (tmp_path / "ab.safetensors").touch()
    only(training_checks.nothing_to_look_at(view), "note", f"no {missing}")
