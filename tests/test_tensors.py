"""Directions and domains, and the way from 8-bit images to frames and back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.domains import DIRECTIONS, DOMAINS, Direction, opposite, source_domain, target_domain
from recyclegan.tensors import scaled, to_frames, to_images


def test_there_are_two_domains_and_two_directions() -> None:
    assert DOMAINS == ("a", "b")
    assert DIRECTIONS == ("ab", "ba")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_direction_is_written_from_source_to_target(direction: Direction) -> None:
    assert source_domain(direction) + target_domain(direction) == direction
    assert opposite(direction) == direction[::-1]
    assert opposite(opposite(direction)) == direction


def test_levels_are_scaled_as_they_always_were_bit_for_bit() -> None:
    levels = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(scaled(levels), levels.float().div(127.5).sub(1))


def test_every_level_comes_back_exactly() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 8, 32, 1)
    frames = to_frames(images)
    assert (float(frames.min()), float(frames.max())) == (-1, 1)
    np.testing.assert_array_equal(to_images(frames), images)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(0, 999))
@settings(max_examples=20, deadline=None)
def test_images_come_back_exactly_with_channels_in_their_place(n: int, c: int, h: int, w: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (n, h, w, c), np.uint8)
    frames = to_frames(images)
    assert frames.shape == (n, c, h, w)
    assert frames.dtype == torch.float32
    np.testing.assert_array_equal(to_images(frames), images)
    assert float(frames[-1, -1, -1, 0]) == pytest.approx(images[-1, -1, 0, -1] / 127.5 - 1, abs=1e-6)


def test_frames_do_not_share_memory_with_images() -> None:
    images = np.zeros((1, 2, 2, 3), np.uint8)
    frames = to_frames(images)
    images[:] = 255
    assert float(frames.max()) == -1


def test_read_only_and_mirrored_images_are_taken() -> None:
    images = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    images.setflags(write=False)
    mirrored = to_images(to_frames(images[:, :, ::-1]))
    np.testing.assert_array_equal(mirrored, images[:, :, ::-1])


@pytest.mark.parametrize(
    ("value", "level"), [(-1.5, 0), (1.7, 255), (0.0, 128), (0.4 / 127.5 - 1, 0), (0.6 / 127.5 - 1, 1)]
)
def test_values_are_rounded_to_the_nearest_level_and_clamped(value: float, level: int) -> None:
    assert to_images(torch.full((1, 1, 1, 1), value)).item() == level


@pytest.mark.parametrize("kind", [torch.float64, torch.bfloat16])
def test_frames_of_any_precision_and_with_gradients_become_images(kind: torch.dtype) -> None:
    images = to_images(torch.ones(1, 3, 2, 2, dtype=kind, requires_grad=True))
    assert images.dtype == np.uint8
    assert (images == 255).all()
