"""A small U-Net that tells the class of every pixel, and learns to in minutes on a CPU."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.tensors import Frames

WIDTHS = (24, 48, 96)
"""Channels at a half, a quarter and an eighth of the size."""

Map = Float[Tensor, "batch _ _ _"]


class SegmentationUNet(nn.Module):
    """Three levels, each half the size of the one before; going up, what was seen on the way down is joined.

    Source: Ronneberger et al. 2015 (U-Net), narrow, with batch norm.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = _filter(3, WIDTHS[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_filter(wide, wider, stride=2), _filter(wider, wider)) for wide, wider in pairwise(WIDTHS)
        )
        self.up = nn.ModuleList(
            _filter(wider + wide, wide) for wide, wider in zip(WIDTHS[-2::-1], WIDTHS[:0:-1], strict=True)
        )
        self.scores = nn.Conv2d(WIDTHS[0], num_classes, 1)

    def forward(self, frames: Frames) -> Float[Tensor, "batch classes height width"]:
        """Return the scores of each class at every pixel of frames in [-1, 1]."""
        seen = [self.stem(frames)]
        for down in self.down:
            seen.append(down(seen[-1]))
        x = seen.pop()
        for up in self.up:
            beside = seen.pop()
            larger = F.interpolate(x, size=beside.shape[-2:], mode="bilinear", align_corners=False)
            x = up(torch.cat([larger, beside], dim=1))
        return F.interpolate(self.scores(x), size=frames.shape[-2:], mode="bilinear", align_corners=False)


def _filter(channels_in: int, channels: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
