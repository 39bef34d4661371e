"""Class survival: what segmenters of both looks read of objects in translations."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from recyclegan.evaluation import EvaluationConfig, downstream, evaluate, survival
from recyclegan.evaluation.downstream import Examples, Lesson
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.results import SOURCE
from recyclegan.labels import VIPER
from tests.evaluation.test_downstream import write_truth
from tests.evaluation.world import write_clip

SKY, ROAD, LIGHT, PERSON, CAR = 2, 3, 13, 20, 24
DAY = {SKY: (120, 180, 240), ROAD: (120, 120, 120), PERSON: (240, 200, 60), CAR: (200, 30, 30)}
NIGHT = {SKY: (10, 10, 40), ROAD: (40, 40, 40), PERSON: (10, 160, 60), CAR: (150, 20, 160)}
LENGTH = 6
CONFIG = EvaluationConfig(
    labels="viper", downstream=True, num_shown=0, num_draws=20, num_samples=4, deep_features="off"
)


def classes_of(seed: int) -> np.ndarray:
    """Return the maps of a clip: a car and a person that stand on a road under a sky, at places of chance."""
    rng, maps = np.random.default_rng(seed), np.full((LENGTH, 32, 64), ROAD, np.uint8)
    maps[:, :12] = SKY
    for one in maps:
        top, left = rng.integers(14, 20), rng.integers(2, 20)
        one[top : top + 8, left : left + 12] = CAR
        top, left = rng.integers(14, 20), rng.integers(36, 54)
        one[top : top + 10, left : left + 6] = PERSON
    return maps


def painted(classes: np.ndarray, colours: Mapping[int, tuple[int, int, int]]) -> np.ndarray:
    table = np.zeros((256, 3), np.uint8)
    for id_, colour in colours.items():
        table[id_] = colour
    noise = np.random.default_rng(0).integers(0, 12, (*classes.shape, 3)).astype(np.uint8)
    return table[classes] + noise


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("survival")
    for number in range(2):
        for place, seed, colours in (("day", number, DAY), ("night", 10 + number, NIGHT)):
            classes = classes_of(seed)
            write_clip(root / place / f"clip{number}", painted(classes, colours))
            write_truth(root / f"{place}-truth" / f"clip{number}.npz", classes)
    return root


def kept(
    world: Path, out: Path, monkeypatch: pytest.MonkeyPatch, look: Mapping[int, tuple[int, int, int]] = NIGHT
) -> dict:
    """Return the results of translations into these colours."""
    monkeypatch.setattr(downstream, "STEPS", 8)
    monkeypatch.setattr(survival, "STEPS", 48)
    for number in range(2):
        write_clip(out / "translated" / f"clip{number}", painted(classes_of(number), look))
    return evaluate(
        out / "translated",
        world / "day",
        out / "report",
        world / "night",
        world / "day-truth",
        CONFIG,
        target_truth=world / "night-truth",
        memory=world / "memory",
    ).results


def test_true_colours_keep_all_objects(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = kept(world, tmp_path, monkeypatch)
    names = ("class_survival", "vehicles_kept", "people_kept")
    assert all(found[name].translated.value > 0.9 for name in names)
    assert "12 person, 12 car" in found["class_survival"].stated["samples"], "both are read in all source frames"
    assert "signs_kept" not in found


def test_copies_of_the_source_keep_exactly_all(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = kept(world, tmp_path, monkeypatch, DAY)
    for name in ("class_survival", "vehicles_kept", "people_kept"):
        assert found[name].translated.value == found[name].references[SOURCE].value == 1


def test_people_painted_as_road_are_lost_and_cars_are_not(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kept(world, tmp_path, monkeypatch, {**NIGHT, PERSON: NIGHT[ROAD]})
    assert found["people_kept"].translated.value < 0.1
    assert found["vehicles_kept"].translated.value > 0.9
    assert found["class_survival"].translated.value == pytest.approx(0.5, abs=0.1)


def test_lights_that_change_their_colour_are_counted() -> None:
    classes = np.full((2, 32, 64), ROAD, np.uint8)
    classes[:, 4:12, 4:8], classes[:, 4:12, 40:44] = LIGHT, LIGHT
    source = np.full((2, 32, 64, 3), 60, np.uint8)
    source[:, 5:8, 5:7], source[:, 5:8, 41:43] = (230, 30, 20), (20, 210, 90)
    translated = source.copy()
    translated[1, 5:8, 41:43] = (230, 30, 20)
    numbers = np.arange(2)
    lesson = Lesson((), (), VIPER, CONFIG, Memory(None))
    found = survival._lamps(lesson, Examples(source, classes, numbers), Examples(translated, classes, numbers))
    assert found.tolist() == [[2, 2], [2, 1]]
