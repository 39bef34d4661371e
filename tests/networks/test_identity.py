"""Generators that start at the frame itself, stay in range, and learn from there."""

import pytest
import torch
from torch import Tensor

from recyclegan.networks import make_generator
from recyclegan.networks.wrappers import LEAK, soft_clamp
from tests.small import random_clips


def generator(*channels: int) -> torch.nn.Module:
    torch.manual_seed(0)
    return make_generator("identity-6", *channels, width=4)


@pytest.mark.parametrize("size", [(32, 48), (37, 50)])
@torch.no_grad()
def test_a_generator_gives_the_frame_itself_at_first(size: tuple[int, int]) -> None:
    x = random_clips(0, size=size)[:, 0]
    x[..., 0], x[..., 1] = -1.0, 1.0
    assert torch.equal(generator()(x), x)
    assert not torch.allclose(make_generator("detail-6", width=4)(x), x, atol=0.1)


@torch.no_grad()
def test_other_channels_start_with_the_mean_of_the_source() -> None:
    x = random_clips(0)[:, 0]
    assert torch.equal(generator(3, 1)(x), x.mean(dim=1, keepdim=True))


def distance(network: torch.nn.Module, x: Tensor) -> Tensor:
    return (network(x) - (x + 0.4)).square().mean()


def test_it_learns_another_look_from_there() -> None:
    network, x = generator(), random_clips(0)[:, 0] / 2
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    before = float(distance(network, x).detach())
    for _ in range(25):
        optimizer.zero_grad()
        distance(network, x).backward()
        optimizer.step()
    assert float(distance(network, x).detach()) < before / 2


def test_what_is_cut_off_can_still_come_back() -> None:
    levels = torch.tensor([-3.0, -0.5, 1.0, 2.0], requires_grad=True)
    found = soft_clamp(levels)
    assert found.tolist() == [-1.0, -0.5, 1.0, 1.0]
    found.sum().backward()
    assert levels.grad.tolist() == pytest.approx([LEAK, 1, 1, LEAK])
