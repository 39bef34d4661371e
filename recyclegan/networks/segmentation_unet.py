"""A small U-Net that tells the class of every pixel, and learns to in minutes on a CPU."""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Integer
from torch import Tensor, nn

from recyclegan.tensors import Frames

WIDTHS = (24, 48, 96)
"""Channels at a half, a quarter and an eighth of the size."""


class SegmentationUNet(nn.Module):
    """Three levels, each half the size of the one before; going up, what was seen on the way down is joined.

    Source: Ronneberger et al. 2015 (U-Net), narrow, with batch norm or another.
    """

    def __init__(self, num_classes: int, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> None:
        """Take the number of classes, and what makes a norm of so many channels."""
        super().__init__()
        self.stem = _filter(3, WIDTHS[0], norm, stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_filter(wide, wider, norm, stride=2), _filter(wider, wider, norm))
            for wide, wider in pairwise(WIDTHS)
        )
        self.up = nn.ModuleList(
            _filter(wider + wide, wide, norm) for wide, wider in zip(WIDTHS[-2::-1], WIDTHS[:0:-1], strict=True)
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


def _filter(channels_in: int, channels: int, norm: Callable[[int], nn.Module], stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, norm(channels), nn.ReLU(inplace=True))


def class_weights(counts: Integer[Tensor, "classes"]) -> Float[Tensor, "classes"]:
    """Return how much a pixel of each class counts, by the root of how rare it is: 1 on average over those there are.

    ``counts`` tells how many pixels each class has.
    """
    weights = counts.clamp(min=1).float().rsqrt().where(counts > 0, torch.zeros(()))
    return weights / weights[counts > 0].mean()
