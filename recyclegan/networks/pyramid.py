"""A generator for large frames: a ResNet paints a small copy, and small networks weigh the fine bands of the source."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.networks.layers import AnySize, ReflectionPad, coordinates, doubled, to_channels_of
from recyclegan.networks.resnet import resnet
from recyclegan.networks.wrappers import BlurredConv2d, BlurredConvTranspose2d, binomial_blur, soft_clamp
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated

NUM_BLOCKS = 6
Coarse = Float[Tensor, "batch channels coarse_height coarse_width"]
Painted = Float[Tensor, "batch channels_out coarse_height coarse_width"]


class PyramidGenerator(AnySize):
    """Translate frames of any size, in [-1, 1] on both sides, for the price of a frame many times smaller.

    A Laplacian pyramid takes a frame apart into a coarse picture and bands of finer detail. A ResNet, which sees the
    coordinates, paints the coarse picture anew. From there upwards each band is multiplied by gains of its own for
    every pixel and channel. They start near 1, so that edges are in place from the first step on.

    Source: after Liang et al. 2021 (Laplacian Pyramid Translation Network).
    """

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 64,
        num_bands: int = 2,
        norm: Norm = "instance",
        dropout: bool = False,
    ) -> None:
        """``num_bands`` is how often sides are halved before the ResNet, which halves them once more."""
        super().__init__()
        self.multiple, self.least_side = 2 ** (num_bands + 1), 2 ** (num_bands + 2)
        widths, smooth = [width, 2 * width], (BlurredConv2d, BlurredConvTranspose2d)
        self.model = resnet(channels_in + 2, channels_out, widths, NUM_BLOCKS, norm, dropout, *smooth)
        self.gains = nn.ModuleList(Gain(channels_in, channels_out, width) for _ in range(num_bands))

    def _of_padded(self, frames: Frames) -> Translated:
        """Return padded frames translated, from the coarse picture to the finest band."""
        source, bands = taken_apart(frames, len(self.gains))
        painted = self.paint(source)
        for gain, band in zip(self.gains, bands, strict=True):
            under, painted = doubled(source), doubled(painted)
            painted, source = gain(band, under, painted), under + band
        return soft_clamp(painted)

    def paint(self, coarse: Coarse) -> Painted:
        """Return the coarse picture of the translated frames."""
        return self.model(torch.cat([coarse, coordinates(coarse)], dim=1))


class Gain(nn.Module):
    """Two small convolutions that say how much of a band of the source stays at each pixel and in each channel.

    Where the target has another number of channels, all of them get the mean of the band's.
    """

    def __init__(self, channels_in: int, channels_out: int, width: int) -> None:
        super().__init__()
        inner = max(width // 8, 4)
        self.model = nn.Sequential(
            ReflectionPad(1),
            nn.Conv2d(2 * channels_in + channels_out, inner, 3),
            nn.LeakyReLU(0.2),
            ReflectionPad(1),
            nn.Conv2d(inner, channels_out, 3),
        )

    def forward(self, band: Frames, under: Frames, painted: Translated) -> Translated:
        """Return what is ``painted`` with the band on it; ``under`` is what the source has beneath the band."""
        return with_band(painted, band, self.model(torch.cat([band, under, painted], dim=1)))


def with_band(painted: Translated, band: Frames, gain: Translated) -> Translated:
    """Return ``painted + (1 + gain) * band``."""
    band = to_channels_of(painted, band)
    return painted + band + gain * band


def taken_apart(frames: Frames, num_bands: int) -> tuple[Coarse, list[Tensor]]:
    """Return the coarse picture of frames and the bands that it lacks, the coarsest first, each twice as large.

    The sides have to be divisible by ``2 ** num_bands``. ``doubled(coarse) + band``, again and again, gives the frames.
    """
    bands: list[Tensor] = []
    for _ in range(num_bands):
        coarse = halved(frames)
        bands.insert(0, frames - doubled(coarse))
        frames = coarse
    return frames, bands


def halved(frames: Frames) -> Coarse:
    """Return frames of half the size, under the kernel (1, 3, 3, 1)/8 along both axes."""
    return F.avg_pool2d(binomial_blur(frames), 2)
