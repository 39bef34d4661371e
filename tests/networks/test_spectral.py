"""Spectral norm: no layer changes faster than what it reads, and its vectors are part of the state."""

import pytest
import torch
from torch import Tensor, nn

from recyclegan.networks import make_discriminator
from recyclegan.networks.discriminators import SpectralNorm
from tests.small import random_clips


def discriminator(spectral: bool = True) -> nn.Module:
    torch.manual_seed(0)
    return make_discriminator("patch", width=8, num_layers=2, norm="none", spectral=spectral)


def largest_of(layer: nn.Module) -> float:
    return float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2))


def layers_of(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def test_the_largest_singular_value_of_every_layer_is_one_however_it_is_trained() -> None:
    network = discriminator()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(30).add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    for _ in range(100):
        network(random_clips(0)[:, 0])
    network.eval()
    assert [largest_of(layer) for layer in layers_of(network)] == pytest.approx([1.0] * 4, abs=2e-3)
    assert max(largest_of(layer) for layer in layers_of(discriminator(spectral=False))) != pytest.approx(1, abs=0.1)


def test_evaluation_changes_nothing_and_the_state_holds_all_that_training_changes() -> None:
    network, other, x = discriminator(), discriminator(), random_clips(0)[:, 0]
    for _ in range(3):
        network(x)
    other.load_state_dict(network.state_dict())
    assert torch.equal(network(x), other(x)), "the next call of both goes on from the same vectors"
    before = {name: value.clone() for name, value in network.eval().state_dict().items()}
    network(x)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_the_largest_singular_value_has_32_bits_under_autocast() -> None:
    norm, weight = SpectralNorm(torch.ones(4, 3)), torch.rand(4, 3, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found: Tensor = norm(weight)
    assert found.dtype == torch.float32
    assert torch.equal(found, SpectralNorm.forward(norm.eval(), weight))
