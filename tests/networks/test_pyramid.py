"""The generator for large frames: its pyramid loses nothing, edges start in place, and it costs little."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from recyclegan.networks import make_generator
from recyclegan.networks.layers import doubled
from recyclegan.networks.pyramid import PyramidGenerator, halved, taken_apart
from tests.small import random_clips

NAMES = ("pyramid-4", "pyramid-8")


def generator(name: Any = "pyramid-4", *channels: int, width: int = 4, **options: Any) -> PyramidGenerator:
    torch.manual_seed(0)
    network = make_generator(name, *channels, width=width, **options).eval()
    assert isinstance(network, PyramidGenerator)
    return network


def frames(height: int = 48, width: int = 64, channels: int = 3) -> Tensor:
    return random_clips(0, size=(height, width), channels=channels)[:, 0]


def with_identity(network: PyramidGenerator) -> PyramidGenerator:
    """Return the generator with a ResNet that paints what it sees, and gains of 1."""
    network.paint = lambda coarse: coarse  # type: ignore[method-assign, assignment]
    for gain in network.gains:
        last = gain.get_submodule("model")[-1]  # type: ignore[index]
        nn.init.zeros_(last.weight)
    return network


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 12), columns=st.integers(1, 12), count=st.integers(1, 4))
def test_the_coarse_picture_and_its_bands_give_the_frames_back(rows: int, columns: int, count: int) -> None:
    x = frames(rows << count + 1, columns << count + 1)
    coarse, bands = taken_apart(x, count)
    assert coarse.shape[-2:] == (2 * rows, 2 * columns)
    for band in bands:
        coarse = doubled(coarse) + band
    torch.testing.assert_close(coarse, x, rtol=0, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(name=st.sampled_from(NAMES), height=st.integers(1, 70), width=st.integers(1, 70))
@torch.no_grad()
def test_frames_of_any_size_come_out_as_they_went_in_where_the_network_is_the_identity(
    name: str, height: int, width: int
) -> None:
    x = frames(height, width)
    x[..., 0], x[..., -1] = -1.0, 1.0
    torch.testing.assert_close(with_identity(generator(name))(x), x, rtol=0, atol=1e-6)


@torch.no_grad()
def test_bands_hold_no_colour_of_their_own_and_widening_moves_nothing() -> None:
    assert max(float(band.abs().max()) for band in taken_apart(torch.full((1, 3, 32, 48), 0.7), 3)[1]) < 1e-6
    ramp = torch.linspace(-1, 1, 32).expand(1, 1, 32, 32)
    inner = (..., slice(4, -4))
    torch.testing.assert_close(doubled(halved(ramp))[inner], ramp[inner], rtol=0, atol=1e-6)


@torch.no_grad()
def test_edges_are_in_place_from_the_first_step_on_and_a_plain_generator_has_none() -> None:
    x = frames()

    def kept(network: nn.Module) -> float:
        fine = [taken_apart(picture, 1)[1][0].flatten() for picture in (x, network(x))]
        return float(torch.corrcoef(torch.stack(fine))[0, 1])

    torch.manual_seed(0)
    assert kept(generator(width=8)) > 0.8 > 0.3 > kept(make_generator("resnet-6", width=8).eval())


def test_gains_learn_to_take_a_band_away_and_to_make_it_stronger() -> None:
    x = frames() / 2
    coarse, bands = taken_apart(x, 2)
    for wanted in (0.0, 2.0):
        network = generator(width=8)
        goal = coarse
        for band in bands:
            goal = doubled(goal) + wanted * band
        network.paint = lambda seen: seen  # type: ignore[method-assign, assignment]
        optimizer = torch.optim.Adam(network.gains.parameters(), 1e-2)
        errors = []
        for _ in range(40):
            optimizer.zero_grad()
            error = (network(x) - goal).square().mean()
            error.backward()
            errors.append(float(error.detach()))
            optimizer.step()
        assert errors[-1] < errors[0] / 4


@torch.no_grad()
@pytest.mark.parametrize("channels", [(3, 1), (1, 3)])
def test_bands_pass_between_domains_of_different_channels(channels: tuple[int, int]) -> None:
    x = frames(37, 50, channels[0])
    assert generator("pyramid-4", *channels)(x).shape == (1, channels[1], 37, 50)


def multiplications(name: Any, width: int) -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        make_generator(name, width=width).to("meta")(torch.empty(1, 3, 1088, 1920, device="meta"))
    return counter.get_total_flops() / 2e9


def test_a_large_frame_costs_a_fraction() -> None:
    plain, quarter, eighth = (multiplications(name, 64) for name in ("resnet-6", *NAMES))
    assert plain > 10 * quarter > 20 * eighth


@torch.no_grad()
def test_a_flat_frame_is_told_the_top_from_the_bottom() -> None:
    placed = generator(width=8)(torch.full((1, 3, 48, 64), 0.3))
    assert float((placed[..., :8, :].mean() - placed[..., -8:, :].mean()).abs()) > 1e-2
