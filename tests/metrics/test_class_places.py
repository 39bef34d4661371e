"""Places of one class: their features see no other class, and their distances know looks, not layouts."""

import numpy as np
import pytest
import torch

from recyclegan.features.efficientnet import weights_file
from recyclegan.labels import VOID
from recyclegan.metrics.class_places import (
    AROUND,
    STRIDE,
    FeaturesOf,
    Places,
    class_kernel,
    class_slices,
    patch_map,
    place_classes,
    places_of,
)
from recyclegan.metrics.deep_features import fine_map

SKY, ROAD, SIGN = 2, 3, 14
NEEDS = pytest.mark.skipif(weights_file() is None, reason="needs the extra: pip install 'recyclegan[features]'")
FEATURES = [pytest.param(fine_map, marks=NEEDS), patch_map]


def half_and_half(height: int = 128, width: int = 160) -> np.ndarray:
    classes = np.full((height, width), SKY, np.uint8)
    classes[:, width // 2 :] = ROAD
    return classes


@pytest.mark.parametrize(("height", "width"), [(128, 160), (64, 96), (129, 150), (300, 410), (37, 50)])
@pytest.mark.parametrize("features_of", FEATURES)
def test_there_is_a_class_for_each_place_that_has_features(features_of: FeaturesOf, height: int, width: int) -> None:
    found = place_classes(np.full((height, width), ROAD, np.uint8))
    assert features_of(torch.zeros(1, 3, height, width)).shape[2:] == found.shape
    assert (found == ROAD).all()


def test_places_near_a_border_of_classes_have_none() -> None:
    found = place_classes(half_and_half())
    near = -(-(AROUND - STRIDE) // 2 // STRIDE)
    assert (found[:, 20 - near : 20 + near] == VOID).all()
    assert (found[:, : 20 - near] == SKY).all()
    assert (found[:, 20 + near :] == ROAD).all()


def test_what_is_smaller_than_its_surroundings_has_no_place() -> None:
    classes = half_and_half()
    classes[40 : 40 + AROUND - 1, 10 : 10 + AROUND - 1] = SIGN
    assert SIGN not in place_classes(classes)


def test_void_has_no_place() -> None:
    classes, images = np.full((1, 128, 128), VOID, np.uint8), np.zeros((1, 128, 128, 3), np.uint8)
    assert len(places_of(images, classes, np.zeros(1, np.int64), patch_map, 8).classes) == 0


@pytest.mark.parametrize("features_of", FEATURES)
def test_features_of_a_class_do_not_see_the_other(features_of: FeaturesOf) -> None:
    rng = torch.Generator().manual_seed(0)
    frame = torch.rand(1, 3, 128, 160, generator=rng) * 2 - 1
    changed = frame.clone()
    changed[..., 80:] = -changed[..., 80:].flip(1)
    before, after = features_of(frame), features_of(changed)
    of = torch.from_numpy(place_classes(half_and_half()))
    moved = (after - before).square().mean(dim=1)[0].sqrt() / before.std()
    assert moved[of == SKY].max() < 0.1
    assert moved[of == ROAD].mean() > 0.5


def made(num_frames: int = 6, num_clips: int = 3, most: int = 5, seed: int = 0) -> Places:
    images = np.random.default_rng(7).integers(0, 256, (num_frames, 128, 160, 3), np.uint8)
    classes, clip_of = np.stack([half_and_half()] * num_frames), np.arange(num_frames) * num_clips // num_frames
    return places_of(images, classes, clip_of, patch_map, most, seed)


def test_each_frame_gives_as_many_places_of_each_class_and_the_same_seed_the_same() -> None:
    places = made()
    assert places.counts()[[SKY, ROAD]].tolist() == [30, 30]
    assert places.num_clips == 3
    assert torch.equal(places.features, made().features)
    assert not torch.equal(places.features, made(seed=1).features)


def test_frames_can_be_parted_by_their_clips() -> None:
    places = made()
    part = places.of_frames(places.clip_of != 1)
    assert part.num_clips == 2
    assert part.counts()[[SKY, ROAD]].tolist() == [20, 20]
    assert part.clip_of[part.frame_of].tolist() == [0] * 20 + [1] * 20
    assert torch.equal(part.features[-20:], places.features[-20:])


def test_scale_is_the_targets_whatever_it_shows_most() -> None:
    rng = np.random.default_rng(0)

    def target(counts: tuple[int, int]) -> Places:
        rows = [rng.normal(mean, 1, (count, 3)) for mean, count in zip((0, 4), counts, strict=True)]
        features = torch.from_numpy(np.concatenate(rows)).float()
        classes = np.repeat(np.array([SKY, ROAD], np.uint8), counts)
        return Places(features, classes, np.zeros(sum(counts), np.int64), np.zeros(1, np.int64))

    probe = target((100, 100))
    even, odd = (probe.relative_to(target(counts), (SKY, ROAD)) for counts in ((4000, 4000), (7500, 500)))
    assert (even.features - odd.features).abs().max() < 0.1
    own = probe.relative_to(probe, (SKY, ROAD)).features
    assert own.mean().abs() < 1e-6
    assert own.std(dim=0).mean() == pytest.approx(1, abs=0.01)


def test_distances_of_a_class_are_those_of_its_places_alone() -> None:
    places, ones = made(), np.ones(3, np.int64)
    features = places.features + torch.from_numpy(places.classes == SKY)[:, None]
    moved = Places(features, places.classes, places.frame_of, places.clip_of)
    kernels = [class_kernel(ours, places, id_).distance(ones, ones) for ours in (places, moved) for id_ in (SKY, ROAD)]
    slices = [class_slices(ours, places, id_).distance() for ours in (places, moved) for id_ in (SKY, ROAD)]
    assert class_kernel(places, places, SKY).sizes[0].tolist() == [10, 10, 10]
    assert kernels[2] > kernels[0] + 1
    assert kernels[3] == kernels[1]
    assert slices[0] == slices[1] == slices[3] == pytest.approx(0, abs=1e-6)
    assert slices[2] > 0.5
