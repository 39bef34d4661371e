"""What several networks share: norms, first weights, and padding to a size that strides divide."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.tensors import Frames

Norm = Literal["instance", "batch", "none"]
Initialization = Literal["normal", "xavier", "kaiming", "orthogonal"]

NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "instance": nn.InstanceNorm2d,
    "batch": nn.BatchNorm2d,
    "none": lambda _: nn.Identity(),
}


def has_bias(norm: Norm) -> bool:
    """Return whether a convolution before this norm carries a bias: batch norm brings its own."""
    return norm != "batch"


def pad_to_multiple(
    frames: Frames, multiple: int, least: int = 1
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Return ``frames`` grown to the right and at the bottom until ``multiple`` divides height and width.

    Sides are then at least ``least`` long. The border is reflected, or repeated where a side is too short for it.
    """
    height, width = frames.shape[-2:]
    bottom, right = (max(-side % multiple, least - side) for side in (height, width))
    if not bottom and not right:
        return frames
    mode = "reflect" if bottom < height and right < width else "replicate"
    return F.pad(frames, (0, right, 0, bottom), mode=mode)


def initialize(network: nn.Module, deviation: float = 0.02, kind: Initialization = "normal") -> None:
    """Draw weights of convolutions and linear layers from N(0, deviation), of norms from N(1, deviation); no bias.

    Other kinds than ``normal`` are for convolutions and linear layers: ``xavier`` (normal, with a gain of
    ``deviation``), ``kaiming`` (normal, by the inputs of a layer) and ``orthogonal``.
    """
    draws: dict[Initialization, Callable[..., object]] = {
        "normal": partial(nn.init.normal_, std=deviation),
        "xavier": partial(nn.init.xavier_normal_, gain=deviation),
        "kaiming": nn.init.kaiming_normal_,
        "orthogonal": nn.init.orthogonal_,
    }
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            draws[kind](module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, deviation)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
