"""What the tests of whole training steps share: the records' names of directions, and comparisons with them."""

import pytest
import torch
from torch import nn

from recyclegan.domains import Direction
from recyclegan.methods import Method
from recyclegan.tensors import Losses
from tests.golden.records import fill

NAMES: dict[Direction, str] = {"ab": "A", "ba": "B"}
OTHER = {"A": "B", "B": "A"}


def fill_networks(method: Method, phases: dict) -> None:
    """Give generators and discriminators the weights of the record; a discriminator has the name of its direction."""
    for direction, name in NAMES.items():
        fill(method.generators[direction], phases[f"G_{name}"])
        fill(method.discriminators[direction[1]], phases[f"D_{name}"])


def backward(terms: Losses) -> dict[str, float]:
    """Let the gradients of the sum of the terms flow, and return the terms."""
    torch.stack(list(terms.values())).sum().backward()
    return {name: float(value.detach()) for name, value in terms.items()}


def gradient_norms(module: nn.Module) -> dict[str, float]:
    return {name: float(p.grad.norm()) for name, p in module.named_parameters()}


def assert_close(found: dict[str, float], expected: dict[str, float]) -> None:
    """Compare gradient norms; those that are 0 but for rounding are measured by the largest."""
    largest = max(expected.values())
    assert found == {key: pytest.approx(value, rel=1e-9, abs=1e-12 * largest) for key, value in expected.items()}
