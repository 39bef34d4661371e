"""The discriminators: a verdict for every patch, or for every pixel, at one size or several, and what a domain has."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils import parametrize

from recyclegan.networks.layers import NORMS, coordinates, has_bias
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames

Verdict = Float[Tensor, "batch 1 rows columns"]
"""Logits: 1 for real and 0 for fake under least squares."""
COORDINATES = 2
"""Channels that coordinates add to frames."""
FIRST_ITERATIONS = 15
"""Steps of the power method that a spectral norm begins with."""


class PatchGAN(nn.Module):
    """Judge overlapping patches; three layers see 70x70 pixels each.

    Source: Isola et al. 2017. Parameter names are those of published checkpoints.
    """

    def __init__(self, channels: int = 3, width: int = 64, num_layers: int = 3, norm: Norm = "instance") -> None:
        super().__init__()
        widths = [width * min(2**layer, 8) for layer in range(num_layers + 1)]
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for index in range(1, num_layers + 1):
            stride = 2 if index < num_layers else 1
            layers += [
                nn.Conv2d(widths[index - 1], widths[index], 4, stride=stride, padding=1, bias=has_bias(norm)),
                NORMS[norm](widths[index]),
                nn.LeakyReLU(0.2, inplace=True),
            ]
        self.model = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, frames: Frames) -> Verdict:
        """Return one logit for every patch."""
        return self.model(frames)


class PixelDiscriminator(nn.Module):
    """Judge every pixel by its colour alone. Source: Isola et al. 2017."""

    def __init__(self, channels: int = 3, width: int = 64, norm: Norm = "instance") -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(channels, width, 1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(width, 2 * width, 1, bias=has_bias(norm)),
            NORMS[norm](2 * width),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(2 * width, 1, 1, bias=has_bias(norm)),
        )

    def forward(self, frames: Frames) -> Verdict:
        """Return one logit for every pixel."""
        return self.net(frames)


class MultiScale(nn.Module):
    """Judge frames at their size, at half of it, a quarter, ..., each size by a network of its own.

    Source: Wang et al. 2018, pix2pixHD.
    """

    def __init__(self, judges: Sequence[nn.Module]) -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)

    def forward(self, frames: Frames) -> list[Verdict]:
        """Return a verdict for each size, the largest first."""
        verdicts = [self.judges[0](frames)]
        for judge in list(self.judges)[1:]:
            frames = F.avg_pool2d(frames, 2)
            verdicts.append(judge(frames))
        return verdicts


class Jury(nn.Module):
    """The discriminators of a domain that has several: of frames, and where wanted of features and of pairs of frames.

    Called on frames it gives the verdict of the first.
    """

    def __init__(self, frames: nn.Module, features: nn.Module | None, pairs: nn.Module | None) -> None:
        super().__init__()
        self.frames, self.features, self.pairs = frames, features, pairs

    def forward(self, frames: Frames) -> Verdict | list[Verdict]:
        """Return the verdict on single frames, or those at several sizes."""
        return self.frames(frames)

    def on_features(self, features: Sequence[Tensor]) -> list[Verdict]:
        """Return a verdict for each scale of the features of frames."""
        assert self.features is not None
        return self.features(features)

    def on_pairs(self, joined: Frames) -> Verdict:
        """Return the verdict on pairs of frames, joined by channel."""
        assert self.pairs is not None
        return self.pairs(joined)


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


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, as one step of the power method a call in training tells it.

    Both singular vectors are buffers, so that what is resumed goes on with the same bits. All of it has 32 bits under
    autocast, too, where torch's own mixes types. Source: Miyato et al. 2018.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        """Draw first vectors from torch's global random state, and bring them near to those of ``weight``."""
        super().__init__()
        rows, columns = weight.flatten(1).shape
        self.register_buffer("u", F.normalize(torch.randn(rows, device=weight.device), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(columns, device=weight.device), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self._iterate(weight.flatten(1))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight over its largest singular value."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            if self.training:
                self._iterate(matrix)
            largest = self.u.clone() @ matrix @ self.v.clone()
            return weight / largest

    @torch.no_grad()
    def _iterate(self, matrix: Tensor) -> None:
        self.u.copy_(F.normalize(matrix @ self.v, dim=0))
        self.v.copy_(F.normalize(matrix.T @ self.u, dim=0))


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Return the network after its convolutions have got a spectral norm."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d):
            parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return network
