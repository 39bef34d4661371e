"""Networks that know where in a frame they look."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.networks.discriminators import Verdict
from recyclegan.tensors import Frames

COORDINATES = 2
"""Channels that coordinates add to frames."""


class WithCoordinates(nn.Module):
    """Shows a discriminator two more channels: the place of each pixel from left to right, and from top to bottom.

    Source: Liu et al. 2018, CoordConv.
    """

    def __init__(self, judge: nn.Module) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, frames: Frames) -> Verdict:
        """Return the verdict on frames, whose places go from -1 to 1 along each axis."""
        return self.judge(torch.cat([frames, coordinates(frames)], dim=1))


def coordinates(frames: Frames) -> Float[Tensor, "batch 2 height width"]:
    """Return the place of each pixel of frames: from left to right, and from top to bottom, from -1 to 1."""
    height, width = frames.shape[-2:]
    down = torch.linspace(-1, 1, height, device=frames.device, dtype=frames.dtype)
    across = torch.linspace(-1, 1, width, device=frames.device, dtype=frames.dtype)
    places = torch.stack([across.expand(height, width), down[:, None].expand(height, width)])
    return places.expand(len(frames), -1, -1, -1)
