"""What a network costs: the multiplications with an addition (MACs) that it takes for a frame."""

from copy import deepcopy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

COUNTED = (torch.ops.aten.convolution, torch.ops.aten.addmm)
"""What convolutions, transposed ones and linear layers compute with."""


def gmacs(network: nn.Module, channels: int, height: int, width: int) -> float:
    """Return the billions of MACs of convolutions and linear layers for one frame of a size.

    Norms, activations and resizing are not counted, as is the custom. Nothing is computed: shapes alone pass through.
    """
    shaped = deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shaped(torch.empty(1, channels, height, width, device="meta"))
    operations = counter.get_flop_counts()["Global"]
    return sum(operations.get(kind, 0) for kind in COUNTED) / 2e9
