"""What a network costs: the multiplications with an addition (MACs) that it takes for a frame."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn


def gmacs(network: nn.Module, channels: int, height: int, width: int) -> float:
    """Return the billions of MACs of convolutions and linear layers for one frame of a size.

    Norms, activations and resizing are not counted, as is the custom. Nothing is computed: shapes alone pass through.
    """
    counted = [0]
    shaped = deepcopy(network).to("meta").eval()
    with _counting(shaped, counted), torch.inference_mode():
        shaped(torch.empty(1, channels, height, width, device="meta"))
    return counted[0] / 1e9


@contextmanager
def _counting(network: nn.Module, counted: list[int]) -> Iterator[None]:
    def count(layer: nn.Module, given: tuple[Any, ...], made: Tensor) -> None:
        counted[0] += macs_of(layer, given[0], made)

    hooks = [layer.register_forward_hook(count) for layer in network.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def macs_of(layer: nn.Module, given: Tensor, made: Tensor) -> int:
    """Return the MACs of one layer that made one tensor of another; 0 for what is not counted.

    A convolution multiplies its kernel at every place that it writes, a transposed one at every place that it reads.
    """
    match layer:
        case nn.ConvTranspose2d():
            return given.numel() * layer.out_channels // layer.groups * math.prod(layer.kernel_size)
        case nn.Conv2d():
            return made.numel() * layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        case nn.Linear():
            return made.numel() * layer.in_features
    return 0
