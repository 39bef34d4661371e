"""Resizing and cropping: Pillow's numbers, exact palettes, every offset."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import WHOLE_FRAME, Crop, Resize
from recyclegan.errors import InputError
from recyclegan.labels import VIPER
from recyclegan.tensors import to_frames

CASES = json.loads((Path(__file__).parents[1] / "golden" / "reference.json").read_text())["preprocess"]


def golden_image(height: int, width: int, phase: float) -> np.ndarray:
    """Return the closed-form test image as 8 bits."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    wave = 0.5 * np.sin(0.11 * x + 0.05 * y + 1.3 * c + phase)
    wave += 0.4 * np.cos(0.23 * y - 0.07 * x + 0.6 * c + 2 * phase)
    return np.round((wave + 1) * 127.5).astype(np.uint8)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['width']}x{case['height']}")
def test_the_published_preprocessing_is_met(case: dict) -> None:
    image = golden_image(case["height"], case["width"], case["phase"])
    resized = Resize("rectangle", case["out_height"], case["out_width"])(image)
    frames = to_frames(resized[None])[0].double()
    output = case["output"]
    assert list(frames.shape) == output["shape"]
    sample = frames.flatten()[output["sample_index"]].numpy()
    np.testing.assert_allclose(sample, output["sample"], atol=1 / 127.5 + 1e-6)
    assert float(frames.mean()) == pytest.approx(output["mean"], abs=1e-3)
    assert float(frames.std(correction=0)) == pytest.approx(output["std"], abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    size=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    new=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 99),
)
def test_labels_keep_their_palette_exactly(size: tuple[int, int], new: tuple[int, int], seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, len(VIPER.colours), size)
    resized = Resize("rectangle", *new)(VIPER.colours[rows], is_label=True)
    assert resized.shape == (*new, 3)
    assert {tuple(colour) for colour in resized.reshape(-1, 3)} <= {
        tuple(colour) for colour in VIPER.colours[rows].reshape(-1, 3)
    }


@pytest.mark.parametrize(
    ("resize", "expected"),
    [
        (Resize("rectangle", 286, 542), (286, 542)),
        (Resize("square", 286, 286), (286, 286)),
        (Resize("scale_shortest", 286, 286), (286, 508)),
        (Resize("scale_shortest", 542, 286), (286, 508)),
        (Resize("none"), (720, 1280)),
    ],
)
def test_sizes_of_the_modes(resize: Resize, expected: tuple[int, int]) -> None:
    assert resize.size(720, 1280) == expected


def test_one_channel_is_resized_too() -> None:
    assert Resize("rectangle", 5, 7)(np.zeros((9, 9, 1), np.uint8)).shape == (5, 7, 1)


@settings(max_examples=25, deadline=None)
@given(spare=st.tuples(st.integers(0, 3), st.integers(0, 3)))
def test_every_offset_is_reached_the_last_one_too(spare: tuple[int, int]) -> None:
    height, width = 4 + spare[0], 5 + spare[1]
    places = np.stack(np.meshgrid(np.arange(height), np.arange(width), [0], indexing="ij"), -1)[:, :, 0]
    frames = np.stack([places, places]).astype(np.uint8)
    rng = np.random.default_rng(0)
    crop = Crop("rectangle", 4, 5)
    windows = [crop(frames, rng) for _ in range(300)]
    assert {tuple(window[0, 0, 0])[:2] for window in windows} == {
        (y, x) for y in range(spare[0] + 1) for x in range(spare[1] + 1)
    }
    assert all((window[0] == window[1]).all() and window.shape[1:3] == (4, 5) for window in windows)


def test_no_crop_gives_the_whole_frame() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(WHOLE_FRAME(frames, np.random.default_rng(1)), frames)


def test_impossible_sizes_are_told() -> None:
    with pytest.raises(InputError, match="resize square: size is 5x4; give equal sides"):
        Resize("square", 4, 5)
    with pytest.raises(InputError, match="crop rectangle: size is 0x4"):
        Crop("rectangle", 4, 0)
