"""Generators that start at the target's colours, and the map that carries colours over."""

import math

import pytest
import torch
from torch import Tensor

from recyclegan.flow import warp
from recyclegan.networks import make_generator
from recyclegan.networks.colours import ColourGenerator, colour_map
from tests.small import random_clips

MIXED = torch.tensor([[0.5, 0.2, 0.1], [0.0, 0.3, 0.2], [0.1, 0.0, 0.2]])


def levels(seed: int, mix: Tensor = MIXED, offset: float = 0.0) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(4000, 3) @ mix.T + offset


def coloured(source: Tensor, target: Tensor) -> Tensor:
    matrix, offset = colour_map(source, target)
    return source.double() @ matrix.T + offset


def test_what_is_mapped_has_the_targets_mean_and_covariance() -> None:
    target = levels(1, MIXED.flip(0), 0.3)
    found = coloured(levels(0), target)
    assert torch.allclose(found.mean(dim=0), target.double().mean(dim=0), atol=1e-6)
    assert torch.allclose(torch.cov(found.T), torch.cov(target.double().T), atol=1e-3)


def test_colours_are_mapped_to_themselves_where_they_are_the_same() -> None:
    source = levels(0)
    assert torch.allclose(coloured(source, source), source.double(), atol=1e-6)


def test_the_map_back_is_the_inverse() -> None:
    source, target = levels(0), levels(1, MIXED.flip(0), 0.3)
    (there, shift), (back, shift_back) = colour_map(source, target), colour_map(target, source)
    assert torch.allclose(back @ there, torch.eye(3, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(back @ shift + shift_back, torch.zeros(3, dtype=torch.float64), atol=1e-9)


def test_no_other_map_to_these_moments_changes_levels_less() -> None:
    source, target = levels(0), levels(1, MIXED.flip(0), 0.3)
    matrix, offset = colour_map(source, target)
    turn = torch.linalg.matrix_exp(torch.tensor([[0, 0.2, 0.1], [-0.2, 0, 0.3], [-0.1, -0.3, 0]]).double())
    covariance = torch.cov(source.double().T)
    values, vectors = torch.linalg.eigh(covariance)
    root = vectors @ torch.diag(values.sqrt()) @ vectors.T
    other = matrix @ root @ turn @ root.inverse()
    assert torch.allclose(other @ covariance @ other.T, matrix @ covariance @ matrix.T, atol=1e-6)
    shift = matrix @ source.double().mean(dim=0) + offset - other @ source.double().mean(dim=0)
    changed = [(source.double() @ m.T + s - source).square().mean() for m, s in ((matrix, offset), (other, shift))]
    assert changed[0] < changed[1]


@pytest.mark.parametrize("of", ["grey", "one colour"])
def test_colours_without_variance_give_a_finite_map(of: str) -> None:
    flat = torch.randn(500, 1).expand(-1, 3) / 3 if of == "grey" else torch.full((500, 3), 0.25)
    for source, target in ((flat, levels(0)), (levels(0), flat), (flat, flat)):
        found = coloured(source, target)
        assert found.isfinite().all()
        assert torch.allclose(found.mean(dim=0), target.double().mean(dim=0), atol=1e-6)


def generator(*channels: int) -> ColourGenerator:
    torch.manual_seed(0)
    made = make_generator("colours-6", *channels, width=4)
    assert isinstance(made, ColourGenerator)
    return made


@torch.no_grad()
def test_a_generator_starts_at_the_map_it_is_told_and_at_the_frame_itself_without_one() -> None:
    network, x = generator(), random_clips(0, size=(37, 50))[:, 0] / 4
    assert torch.equal(network(x), x)
    matrix, offset = torch.rand(3, 3), torch.rand(3) / 4
    network.start_at(matrix, offset)
    wanted = torch.einsum("oc,bchw->bohw", matrix, x) + offset[:, None, None]
    assert torch.allclose(network(x), wanted.clamp(-1, 1), atol=1e-6)
    again = generator()
    again.load_state_dict(network.state_dict())
    assert torch.equal(again(x), network(x))


@torch.no_grad()
def test_its_start_commutes_with_every_warp() -> None:
    network, x = generator(), random_clips(0)[:, 0] / 4
    network.start_at(torch.rand(3, 3) / 3, torch.rand(3) / 4)
    flow = 3 * torch.randn(len(x), 2, *x.shape[-2:])
    assert torch.allclose(network(warp(x, flow)), warp(network(x), flow), atol=1e-5)


@torch.no_grad()
def test_half_precision_keeps_the_levels_of_the_start() -> None:
    network, x = generator(), random_clips(0)[:, 0] / 4
    network.start_at(torch.eye(3) * 0.9, torch.full((3,), 0.01))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(network(x), 0.9 * x + 0.01, atol=1e-6)


@torch.no_grad()
def test_other_channels_start_with_the_mean_of_the_source() -> None:
    x = random_clips(0)[:, 0]
    assert torch.allclose(generator(3, 1)(x), x.mean(dim=1, keepdim=True))
    assert math.isclose(float(generator(1, 3)(x[:, :1]).std(dim=1).max()), 0, abs_tol=1e-6)
