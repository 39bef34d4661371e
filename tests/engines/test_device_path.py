"""The way of a batch on a device: the same picture as through Pillow, whatever the card says."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from torch import Tensor, nn

from recyclegan.data.resize import Resize
from recyclegan.engines.on_device import DevicePath, grey_of, snapped
from recyclegan.labels import snap
from recyclegan.translation import Translator
from tests.small import PALETTE, label_map, picture, small_card


class Mixed(nn.Module):
    """Returns other colours, of one channel where wanted."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, frames: Tensor) -> Tensor:
        return (0.7 * frames.flip(1).expand(-1, 3, -1, -1) - 0.2)[:, : self.channels]


CARDS: list[dict[str, Any]] = [
    {},
    {"channels_in": 1},
    {"channels_out": 1},
    {"palette": PALETTE},
    {"labels_in": True},
    {"labels_in": True, "palette": PALETTE},
]


@pytest.mark.parametrize("card", CARDS, ids=str)
@pytest.mark.parametrize("scale", ["native", "trained"])
@pytest.mark.parametrize("size", [None, (30, 44)])
def test_pictures_are_those_of_the_way_through_pillow(card: dict[str, Any], scale: Any, size: Any) -> None:
    make = label_map if card.get("labels_in") else picture
    images = np.stack([make(seed, 60, 88) for seed in range(2)])
    known = small_card(**card)
    network = Mixed(known.channels_out)
    wanted = Translator(network, known, "cpu", scale=scale).translate_images(images, size)
    path = DevicePath(known, Resize("none") if scale == "native" else known.scale.whole, network)
    made, finite = path(torch.from_numpy(images), size or (60, 88))
    assert bool(finite)
    np.testing.assert_array_equal(made.numpy(), wanted)


def test_numbers_that_are_not_finite_are_told_without_waiting_for_them() -> None:
    path = DevicePath(small_card(), Resize("none"), lambda frames: frames / 0)
    assert not bool(path(torch.zeros(1, 8, 8, 3, dtype=torch.uint8), (8, 8))[1])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 40))
def test_colours_snap_as_on_the_host(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (count, 3))
    image = rng.integers(0, 256, (9, 11, 3), np.uint8)
    levels = torch.from_numpy(image).permute(2, 0, 1)[None]
    made = snapped(levels, tuple(map(tuple, palette.tolist())))[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(made, snap(image, palette))


def test_grey_is_that_of_pillow() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    made = grey_of(torch.from_numpy(image).permute(2, 0, 1)[None])[0, 0].numpy()
    np.testing.assert_array_equal(made, np.asarray(Pillow.fromarray(image).convert("L")))
