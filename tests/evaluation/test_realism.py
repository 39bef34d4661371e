"""The judge judged: what is done to a perfect translation moves the measure that it should move, and no other."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from recyclegan.evaluation import EvaluationConfig, evaluate
from recyclegan.features.efficientnet import ABOUT, weights_file
from recyclegan.roadworld import Drive
from recyclegan.tensors import to_frames, to_images
from tests.evaluation.world import write_clip

pytestmark = pytest.mark.skipif(weights_file() is None, reason="needs the extra: pip install 'recyclegan[features]'")

SIZE = (64, 128)
LENGTH = 5


def drives(look, first, count=4):
    """Return clips of drives, every sixth frame of them."""
    made = [Drive(first + number, *SIZE, num_frames=6 * LENGTH) for number in range(count)]
    return [np.stack([drive.image(6 * frame, look) for frame in range(LENGTH)]) for drive in made]


def blurred(images, width):
    steps = torch.arange(-6, 7).float()
    kernel = torch.exp(-(steps**2) / 2 / width**2)
    kernel = (kernel / kernel.sum())[None, None].expand(3, 1, -1)
    frames = F.pad(to_frames(images), [6] * 4, mode="reflect")
    frames = F.conv2d(frames, kernel[:, :, None], groups=3)
    return to_images(F.conv2d(frames, kernel[..., None], groups=3))


def turned(images, share):
    """Return images whose channels change places by a share."""
    return np.rint((1 - share) * images + share * images[..., [1, 2, 0]]).astype(np.uint8)


def holed(images, side):
    images = images.copy()
    images[:, 36 : 36 + side, 30 : 30 + side] = (0, 255, 255)
    return images


@dataclass(frozen=True)
class Judged:
    """What evaluations of changed translations say, by the name of the change."""

    results: dict

    def __getitem__(self, asked):
        change, name = asked
        return self.results[change].results[name].translated.value


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    root = tmp_path_factory.mktemp("judge")
    day, night = drives("day", 10), drives("night", 10)
    changes = {
        "nothing": lambda images: images,
        "blur": lambda images: blurred(images, 0.8),
        "more blur": lambda images: blurred(images, 2.0),
        "hue": lambda images: turned(images, 0.4),
        "more hue": lambda images: turned(images, 1.0),
        "tint": lambda images: (images + np.int64((40, 0, 0))).clip(0, 255).astype(np.uint8),
        "holes": lambda images: holed(images, 10),
        "larger holes": lambda images: holed(images, 20),
        "other drives": None,
    }
    for number, (before, target) in enumerate(zip(day, drives("night", 50), strict=True)):
        write_clip(root / "day" / f"clip{number}", before)
        write_clip(root / "target" / f"clip{number}", target)
        for name, change in changes.items():
            images = change(night[number]) if change else night[(number + 1) % len(night)]
            write_clip(root / name / f"clip{number}", images)
    config = EvaluationConfig(num_shown=0, num_draws=20, num_samples=20)
    return Judged(
        {
            name: evaluate(
                root / name, root / "day", root / "out" / name, root / "target", config=config, memory=root / "memory"
            )
            for name in changes
        }
    )


def reference(judged, name, who):
    return judged.results["nothing"].results[name].references[who].value


@pytest.mark.parametrize("measure", ["feature_frechet", "feature_kernel"])
def test_realism_orders_every_change_by_its_size(judged, measure):
    perfect, source = judged["nothing", measure], reference(judged, measure, "source")
    assert perfect < 0.5 * source
    for changed in ("blur", "hue", "holes"):
        larger = {"blur": "more blur", "hue": "more hue", "holes": "larger holes"}[changed]
        assert perfect < judged[changed, measure] < judged[larger, measure], changed
    assert judged["other drives", measure] == pytest.approx(perfect, abs=1e-3), "it knows no source"


def test_aligned_realism_asks_that_each_thing_looks_like_its_own_kind(judged):
    """Pictures of other drives look as real as a set, and are not what their sources show."""
    perfect, source = judged["nothing", "aligned_kernel"], reference(judged, "aligned_kernel", "source")
    assert perfect < 0.5 * source
    assert judged["other drives", "aligned_kernel"] > perfect + 0.1 * abs(source)
    for changed in ("blur", "hue", "holes"):
        assert judged[changed, "aligned_kernel"] > perfect, changed


def test_structure_is_moved_by_what_moves_things_and_not_by_colour(judged):
    perfect = judged["nothing", "structure_distance"]
    assert perfect < judged["blur", "structure_distance"] < judged["more blur", "structure_distance"]
    assert perfect < judged["holes", "structure_distance"] < judged["larger holes", "structure_distance"]
    assert judged["other drives", "structure_distance"] > 1.5 * perfect
    for change in ("hue", "more hue"):
        assert judged[change, "structure_distance"] == pytest.approx(perfect, rel=0.1)


def test_every_change_moves_its_own_measure_and_no_other(judged):
    """Edges are blur's, coarse patches those of colour, holes are those that were torn; within a tenth, or 4 levels."""
    perfect = {name: judged["nothing", name] for name in ("edges_kept", "tint", "holes", "checkerboard")}
    assert judged["more blur", "edges_kept"] < judged["blur", "edges_kept"] < 0.9 * perfect["edges_kept"]
    assert judged["more hue", "patches_coarse"] > judged["hue", "patches_coarse"] > judged["nothing", "patches_coarse"]
    assert judged["tint", "tint"] > perfect["tint"] + 4
    assert judged["larger holes", "holes"] > 2 * judged["holes", "holes"] > 0.01
    for change in judged.results.keys() - {"blur", "more blur", "other drives"}:
        assert judged[change, "edges_kept"] == pytest.approx(perfect["edges_kept"], rel=0.1), change
    for change in judged.results.keys() - {"tint"}:
        assert judged[change, "tint"] == pytest.approx(perfect["tint"], abs=4), change
    for change in judged.results.keys() - {"holes", "larger holes"}:
        assert judged[change, "holes"] == pytest.approx(perfect["holes"], abs=0.002), change
    assert judged["hue", "checkerboard"] == pytest.approx(perfect["checkerboard"], abs=2)


def test_floor_is_that_of_two_halves_and_everything_is_said(judged):
    found = judged.results["nothing"].results
    for name in ("feature_frechet", "feature_kernel"):
        assert found[name].references.keys() == {"source", "target"}
        assert found[name].references["target"].value < found[name].references["source"].value
        assert found[name].stated["features"] == ABOUT
        assert found[name].stated["samples"] == "20 frames of 4 clips; target 20 frames of 4 clips"
        assert found[name].translated.low <= found[name].translated.value <= found[name].translated.high
    assert found["structure_distance"].references["source"].value == 0
    protocol = judged.results["nothing"].protocol
    assert protocol["deep features"] == ABOUT
    assert "halves" in protocol["floor of deep features"]
