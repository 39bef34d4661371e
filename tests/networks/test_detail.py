"""Generators of our own do what their plain kind cannot."""

import pytest
import torch
from torch import nn

from recyclegan.networks import make_generator
from recyclegan.networks.layers import coordinates
from recyclegan.networks.wrappers import DETAIL, BlurredConvTranspose2d, binomial_blur, detail
from tests.small import random_clips


def generator(name, seed=0):
    torch.manual_seed(seed)
    return make_generator(name, width=8).eval()


def frames(seed=0, size=(48, 64)):
    return random_clips(seed, size=size)[:, 0]


@torch.no_grad()
def test_a_generator_with_coordinates_tells_the_top_of_a_flat_frame_from_the_bottom_and_a_plain_one_cannot():
    flat = torch.full((1, 3, 48, 64), 0.3)
    assert generator("resnet-6")(flat).std(dim=(2, 3)).max() < 1e-5
    placed = generator("detail-6")(flat)
    assert (placed[..., :8, :].mean() - placed[..., -8:, :].mean()).abs() > 1e-2


@torch.no_grad()
def test_coordinates_reach_from_corner_to_corner_at_any_size():
    for size in ((48, 64), (33, 57)):
        x, y = coordinates(frames(size=size))[0]
        assert (x[0, 0], y[0, 0], x[-1, -1], y[-1, -1]) == (-1, -1, 1, 1)
        assert torch.equal(x[0], x[-1])
        assert torch.equal(y[:, 0], y[:, -1])


@torch.no_grad()
def test_without_paint_the_detail_of_the_source_is_all_that_is_left():
    G, x = generator("detail-6"), frames()
    nn.init.zeros_(G.model[-2].weight)
    nn.init.zeros_(G.model[-2].bias)
    torch.testing.assert_close(G(x), torch.tanh(detail(x)))


@torch.no_grad()
def test_detail_has_no_colour_of_its_own_and_misses_nothing_but_the_coarse_picture():
    x = frames()
    assert detail(torch.full_like(x, 0.7)).abs().max() < 1e-6
    coarse = x - detail(x)
    assert coarse.std() < x.std() / DETAIL * 1.5


@torch.no_grad()
def test_moving_by_one_pixel_changes_a_blurred_stride_less_than_a_plain_one():
    def change(name):
        G = generator(name)
        x = binomial_blur(frames(size=(64, 96)))
        moved = x.roll(1, dims=3)
        left, right = G(x).roll(1, dims=3)[..., 16:-16], G(moved)[..., 16:-16]
        return ((left - right).abs().mean() / right.std()).item()

    plain = change("resnet-6")
    assert max(change("detail-6"), change("classes-6")) < 0.7 * plain


@torch.no_grad()
def test_widening_leaves_no_checkerboard():
    torch.manual_seed(0)
    flat = torch.ones(1, 4, 12, 12)

    def checkerboard(layer):
        wide = layer(flat)[..., 4:-4, 4:-4]
        return (wide[..., ::2] - wide[..., 1::2]).abs().max().item()

    shape = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
    assert checkerboard(nn.ConvTranspose2d(4, 2, **shape)) > 0.05
    assert checkerboard(BlurredConvTranspose2d(4, 2, **shape)) < 1e-6


@torch.no_grad()
@pytest.mark.parametrize("channels", [(3, 1), (1, 3)])
def test_detail_passes_between_domains_of_different_channels(channels):
    G = make_generator("detail-6", *channels, width=4)
    assert G(random_clips(0, channels=channels[0], size=(37, 50))[:, 0]).shape == (1, channels[1], 37, 50)


def test_parameters_are_those_of_the_plain_generator_but_for_the_first_layer():
    plain, ours = (generator(name).state_dict() for name in ("resnet-6", "detail-6"))
    differ = [name for name in plain if plain[name].shape != ours[name].shape]
    assert plain.keys() == ours.keys()
    assert differ == ["model.1.weight"]
