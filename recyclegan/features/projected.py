"""Discriminators on features that come trained, seen through a fixed random projection of channels and scales."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.features.efficientnet import FEATURE_CHANNELS, EfficientNetLite0
from recyclegan.networks.discriminators import Verdict, spectrally_normalized
from recyclegan.networks.layers import initialize
from recyclegan.tensors import Frames

WIDTHS = (32, 64, 128, 256)
"""Channels of the projected features at strides 4, 8, 16 and 32."""
HEAD_WIDTH = 64
"""Channels of the first layer of a discriminator of features."""
PROJECTION_SEED = 0
"""Draws the projection: the same in every run, so that no checkpoint has to hold it."""

OfScale = Float[Tensor, "batch _ _ _"]
"""Features of frames at one of several scales."""


class ProjectedFeatures(nn.Module):
    """Frozen features of frames, their channels mixed at random, and coarser scales added to the finer ones.

    Without the projection discriminators look at few of the features only. Gradients flow to the frames.
    Source: Sauer et al. 2021, Projected GANs, cross-channel and cross-scale mixing.
    """

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.network = network
        self.channels = nn.ModuleList(
            nn.Conv2d(given, wide, 1, bias=False) for given, wide in zip(FEATURE_CHANNELS, WIDTHS, strict=True)
        )
        self.scales = nn.ModuleList(
            nn.Conv2d(coarse, fine, 3, padding=1, bias=False) for fine, coarse in pairwise(WIDTHS)
        )
        rng = torch.Generator().manual_seed(PROJECTION_SEED)
        for layer in (*self.channels, *self.scales):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear", generator=rng)
        self.requires_grad_(False)

    def forward(self, frames: Frames) -> list[OfScale]:
        """Return projected features at strides 4, 8, 16 and 32 of frames in [-1, 1], of ``WIDTHS`` channels."""
        projected = [mix(features) for mix, features in zip(self.channels, self.network(frames), strict=True)]
        for level in reversed(range(len(self.scales))):
            coarser = self.scales[level](projected[level + 1])
            size = projected[level].shape[-2:]
            projected[level] = projected[level] + F.interpolate(coarser, size, mode="bilinear", align_corners=False)
        return projected


class FeatureDiscriminator(nn.Module):
    """Judge projected features: a small network with spectral norm for each scale, a verdict for each place."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(map(_head, WIDTHS))

    def forward(self, features: list[OfScale]) -> list[Verdict]:
        """Return a verdict for each scale, the finest first."""
        return [head(own) for head, own in zip(self.heads, features, strict=True)]


def _head(channels: int) -> nn.Module:
    head = nn.Sequential(
        nn.Conv2d(channels, HEAD_WIDTH, 3, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(HEAD_WIDTH, 2 * HEAD_WIDTH, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * HEAD_WIDTH, 1, 3, padding=1),
    )
    initialize(head)
    return spectrally_normalized(head)
