"""The generator of label maps: every colour that it paints lies among those of its classes."""

import pytest
import torch
from torch import nn

from recyclegan.networks import make_generator
from recyclegan.networks.wrappers import ClassGenerator, SmoothGenerator
from tests.small import random_clips

PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
COLOURS = torch.tensor(PALETTE) / 127.5 - 1


def generator(palette=PALETTE, **options):
    torch.manual_seed(0)
    return make_generator("classes-6", width=4, palette=palette, **options).eval()


def decide_on(network, row):
    """Make a network sure of one class everywhere."""
    nn.init.zeros_(network.model[-2].weight)
    network.model[-2].bias.data = 100 * nn.functional.one_hot(torch.tensor(row), len(network.model[-1].colours)).float()


@torch.no_grad()
def test_a_network_that_is_sure_paints_the_colour_of_the_class():
    G, x = generator(), random_clips(0, size=(37, 50))[:, 0]
    for row, colour in enumerate(COLOURS):
        decide_on(G, row)
        assert G(x).shape == x.shape
        torch.testing.assert_close(G(x), colour.view(1, 3, 1, 1).expand_as(x))


@torch.no_grad()
def test_doubt_between_all_classes_is_their_mean_colour():
    G, x = generator(), random_clips(0)[:, 0]
    nn.init.zeros_(G.model[-2].weight)
    nn.init.zeros_(G.model[-2].bias)
    torch.testing.assert_close(G(x), COLOURS.mean(dim=0).view(1, 3, 1, 1).expand_as(x))


@torch.no_grad()
def test_every_colour_is_a_mixture_of_those_of_the_classes():
    G, x = generator(), random_clips(0)[:, 0]
    G.model[-2].weight *= 100
    painted = G(x).movedim(1, -1).reshape(-1, 3)
    # Of these four colours, red, green and blue span a triangle, and white is its tip: r + g + b >= -1 in [-1, 1].
    assert painted.abs().max() <= 1 + 1e-6
    assert painted.sum(dim=1).min() >= -1 - 1e-5


def test_gradients_reach_every_weight():
    G = generator()
    (G(random_clips(0)[:, 0]) * torch.randn(3, 1, 1)).sum().backward()
    silent = [name for name, weight in G.named_parameters() if weight.grad is None or not weight.grad.any()]
    # A bias before instance norm changes nothing.
    assert all(name.endswith("bias") and name != "model.19.bias" for name in silent)


def test_colours_are_no_weights_and_follow_the_network_to_other_precision():
    G = generator().double()
    assert not any(name.endswith("colours") for name in G.state_dict())
    assert G.model[-1].colours.dtype == torch.float64
    assert G(random_clips(0)[:, 0].double()).dtype == torch.float64


@pytest.mark.parametrize(("palette", "kind"), [(PALETTE, ClassGenerator), ((), SmoothGenerator)])
def test_a_target_without_a_palette_gets_a_smooth_generator(palette, kind):
    assert type(generator(palette)) is kind
