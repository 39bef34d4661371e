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
from recyclegan.errors import InputError
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


DETAILS = [((0.5, 0.1, 0.0), (0.0, 0.8, -0.2), (0.1, 0.0, 1.1))]


class Coloured(nn.Module):
    """Multiplies colours by a matrix."""

    def __init__(self, matrix: Any) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.tensor(matrix))

    def forward(self, frames: Tensor) -> Tensor:
        return torch.einsum("oc,bchw->bohw", self.get_buffer("matrix"), frames) / 2


def halved(matrix: Any) -> Any:
    return tuple(tuple(number / 2 for number in row) for row in matrix)


@pytest.mark.parametrize("size", [None, (30, 44)])
def test_detail_comes_back_as_through_pillow(size: Any) -> None:
    images = np.stack([picture(seed, 90, 132) for seed in range(2)])
    for card, network in (
        (small_card(detail=DETAILS[0]), Mixed(3)),
        (small_card(channels_in=1, channels_out=1, detail=((0.7,),)), nn.Identity()),
    ):
        wanted = Translator(network, card, "cpu").translate_images(images, size)
        made, _ = DevicePath(card, card.scale.whole, network)(torch.from_numpy(images), size or (90, 132))
        np.testing.assert_array_equal(made.numpy(), wanted)


@pytest.mark.parametrize("size", [None, (70, 100)])
def test_what_changes_colours_alone_gives_the_same_at_the_scale_of_training(size: Any) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(60, 190, (2, 90, 132, 3), np.uint8)
    matrix = halved(DETAILS[0])
    network = Coloured(DETAILS[0])
    whole = Translator(network, small_card(), "cpu", scale="native").translate_images(images, size)
    with_it = Translator(network, small_card(detail=matrix), "cpu").translate_images(images, size)
    without = Translator(network, small_card(), "cpu").translate_images(images, size)
    assert np.abs(with_it.astype(int) - whole).max() <= 4
    assert np.abs(without.astype(int) - whole).mean() > 5


@pytest.mark.parametrize(
    "changes",
    [
        {"detail": ((1.0,),)},
        {"detail": ((1.0, 0.0, 0.0),)},
        {"detail": ((float("nan"), 0.0, 0.0),) * 3},
        {"detail": ((1.0, 0.0, 0.0),) * 3, "labels_in": True},
        {"detail": ((1.0, 0.0, 0.0),) * 3, "palette": PALETTE},
    ],
    ids=str,
)
def test_detail_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"card\.detail"):
        small_card(**changes)
