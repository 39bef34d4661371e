"""Resizing on a device: every bit as Pillow resizes, whatever the sizes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data.resampling import bicubic, nearest, resize_levels
from recyclegan.data.resize import Resize

SIDES = st.integers(1, 90)


def images(seed: int, count: int, channels: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = rng.integers(0, 256, (count, height, width, channels), np.uint8)
    return np.where(rng.random(smooth.shape) < 0.3, 255 * (smooth > 128), smooth).astype(np.uint8)


def on_device(batch: np.ndarray, size: tuple[int, int], is_label: bool) -> np.ndarray:
    levels = torch.from_numpy(batch).permute(0, 3, 1, 2)
    return resize_levels(levels, size, is_label).permute(0, 2, 3, 1).numpy()


@settings(max_examples=150, deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from([1, 3]), st.booleans(), st.integers(0, 2**16))
def test_every_bit_is_that_of_pillow(
    height: int, width: int, new_height: int, new_width: int, channels: int, is_label: bool, seed: int
) -> None:
    batch = images(seed, 2, channels, height, width)
    resize = Resize("rectangle", new_height, new_width)
    wanted = np.stack([resize(image, is_label=is_label) for image in batch])
    np.testing.assert_array_equal(on_device(batch, (new_height, new_width), is_label), wanted)


@pytest.mark.parametrize(("size", "new"), [((62, 7), (1, 2)), ((1, 9), (5, 1)), ((80, 90), (1, 1)), ((5, 80), (2, 3))])
def test_pictures_of_a_few_pixels_are_resized_in_the_same_order(size: tuple[int, int], new: tuple[int, int]) -> None:
    """Rows first or columns first gives the same in most of them, so that many must be seen to tell."""
    for seed in range(50):
        batch = images(seed, 2, 1, *size)
        wanted = np.stack([Resize("rectangle", *new)(image) for image in batch])
        np.testing.assert_array_equal(on_device(batch, new, False), wanted)


@pytest.mark.parametrize("is_label", [False, True])
@pytest.mark.parametrize(("size", "new"), [((1080, 1920), (286, 508)), ((286, 508), (1080, 1920))])
def test_sizes_of_films_are_resized_alike(size: tuple[int, int], new: tuple[int, int], is_label: bool) -> None:
    batch = images(0, 1, 3, *size)
    wanted = Resize("rectangle", *new)(batch[0], is_label=is_label)
    np.testing.assert_array_equal(on_device(batch, new, is_label)[0], wanted)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_places_lie_inside_and_weights_sum_to_one(old: int, new: int) -> None:
    places, weights = bicubic(old, new)
    assert places.min() >= 0
    assert places.max() < old
    assert np.abs(weights.sum(0) - 2**22).max() <= len(weights)
    assert np.all(np.diff(nearest(old, new)) >= 0)
