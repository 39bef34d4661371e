"""What translated frames are good for: what a segmenter learns from them, between a floor and a ceiling."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.evaluation import EvaluationConfig, downstream, evaluate
from recyclegan.evaluation.downstream import Examples, learned
from recyclegan.labels import VIPER, VOID
from recyclegan.roadworld import Drive
from tests.evaluation.world import write_clip

SIZE = (32, 64)
LENGTH = 12
CONFIG = EvaluationConfig(
    labels="viper", downstream=True, num_shown=0, num_draws=50, num_samples=8, deep_features="off"
)


def write_drives(root, looks, first, count=4):
    """Write the frames of drives in some looks, and their classes as arrays."""
    for number in range(count):
        drive, name = Drive(first + number, *SIZE, num_frames=4 * LENGTH), f"clip{number}"
        frames = [drive[4 * index] for index in range(LENGTH)]
        for look in looks:
            write_clip(root / look / name, [drive.image(4 * index, look) for index in range(LENGTH)])
        write_truth(root / "truth" / f"{name}.npz", np.stack([frame.classes for frame in frames]))
    return root


def write_truth(path, classes):
    path.parent.mkdir(parents=True, exist_ok=True)
    still = np.zeros((*classes.shape, 2), np.float32)
    np.savez(path, classes=classes, flow_backward=still, visible_backward=np.ones(classes.shape, bool))


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    root = tmp_path_factory.mktemp("downstream")
    return write_drives(root / "source", ("day", "night"), 10), write_drives(root / "target", ("night",), 50)


def scored(worlds, tmp_path, translated, **options):
    source, target = worlds
    return evaluate(
        translated,
        source / "day",
        tmp_path / "out",
        target / "night",
        source / "truth",
        replace(CONFIG, **options),
        target_truth=target / "truth",
        memory=tmp_path / "memory",
    )


def recoloured(worlds, folder):
    """Write the source with the target's mean colour and contrast in each channel: a recolouring, no night."""
    source, target = worlds
    day = {path: clip(path) for path in sorted((source / "day").iterdir())}
    night = np.concatenate([clip(path) for path in sorted((target / "night").iterdir())]).reshape(-1, 3)
    all_day = np.concatenate(list(day.values())).reshape(-1, 3)
    gain = night.std(axis=0) / all_day.std(axis=0)
    for path, images in day.items():
        levels = (images - all_day.mean(axis=0)) * gain + night.mean(axis=0)
        write_clip(folder / path.name, levels.clip(0, 255).astype(np.uint8))
    return folder


def clip(folder):
    from recyclegan.video import read_image

    return np.stack([read_image(file) for file in sorted(folder.iterdir())])


def test_a_recolouring_lies_between_the_floor_and_the_ceiling_and_the_true_look_above_it(worlds, tmp_path, monkeypatch):
    monkeypatch.setattr(downstream, "STEPS", 120)
    between = scored(worlds, tmp_path, recoloured(worlds, tmp_path / "recoloured")).results
    perfect = scored(worlds, tmp_path, worlds[0] / "night").results
    floor, ceiling = (between["downstream_iou"].references[who] for who in ("source", "target"))
    recolouring, true_look = (found["downstream_iou"].translated for found in (between, perfect))
    assert floor.value < recolouring.value < ceiling.value
    assert true_look.value > recolouring.value
    assert perfect["downstream_iou"].references == between["downstream_iou"].references, "remembered"
    share = (recolouring.value - floor.value) / (ceiling.value - floor.value)
    assert between["gap_closed"].translated.value == pytest.approx(share)
    for found in (recolouring, floor, ceiling, between["gap_closed"].translated):
        assert found.low < found.value < found.high
        assert found.num_clips == 4


def test_the_untouched_source_is_the_floor_and_closes_nothing(worlds, tmp_path, monkeypatch):
    monkeypatch.setattr(downstream, "STEPS", 20)
    found = scored(worlds, tmp_path, worlds[0] / "day").results
    assert found["downstream_iou"].translated == found["downstream_iou"].references["source"]
    assert found["gap_closed"].translated.value in (0, pytest.approx(np.nan, nan_ok=True))
    assert "mean_iou" not in found, "translated pictures are no label maps"
    assert found["downstream_iou"].stated["size"] == "64x32"


def test_swapped_classes_teach_less(worlds):
    """Known class swaps: of a picture whose sky is called road and whose road is called sky."""
    source, _ = worlds
    with np.load(source / "truth" / "clip0.npz") as file:
        classes = file["classes"]
    right = Examples(clip(source / "night" / "clip0"), classes, np.zeros(LENGTH, np.int64))
    table = np.arange(256, dtype=np.uint8)
    table[[2, 3]] = 3, 2
    found = []
    for truth in (classes, table[classes]):
        network = learned(replace(right, classes=truth), 32, 60)
        pairs = zip(right.images, classes, strict=True)
        found.append(np.mean([(downstream._classes_in(network, image) == true).mean() for image, true in pairs]))
    assert found[0] > 0.8
    assert found[1] < 0.5


def test_the_same_seed_learns_the_same_and_leaves_randomness_alone():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (5, 16, 24, 3)).astype(np.uint8)
    examples = Examples(images, rng.integers(2, 4, (5, 16, 24)).astype(np.uint8), np.zeros(5, np.int64))
    examples.classes[0] = VOID
    state = torch.get_rng_state()
    one, again, other = (learned(examples, 32, 3, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["scores.weight"], other["scores.weight"])
    assert torch.equal(state, torch.get_rng_state())
    assert all(value.isfinite().all() for value in one.values())


def test_nothing_to_learn_from_is_said():
    void = np.full((2, 16, 24), VOID, np.uint8)
    with pytest.raises(InputError, match="no labelled pixel to learn from"):
        learned(Examples(np.zeros((2, 16, 24, 3), np.uint8), void, np.zeros(2, np.int64)), max(VIPER.ids) + 1, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"target_truth": None}, "downstream: no target-truth given"),
        ({"truth": None}, "downstream: no truth given|no truth to score"),
        ({"target": None}, "downstream: no target given"),
        ({"config": replace(CONFIG, labels=None)}, "downstream: no labels given"),
        ({"config": replace(CONFIG, downstream=False)}, "only the downstream score needs it; give --downstream"),
    ],
)
def test_what_it_lacks_is_refused_before_anything_is_read(worlds, tmp_path, given, message):
    source, target = worlds
    ok = {"target": target / "night", "truth": source / "truth", "target_truth": target / "truth", "config": CONFIG}
    with pytest.raises(InputError, match=message):
        evaluate(source / "night", source / "day", tmp_path / "out", **{**ok, **given})
    assert not (tmp_path / "out").exists()
