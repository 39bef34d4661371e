"""Generators that are fast on a CPU: students of larger ones, and of label maps by their classes."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recyclegan.domains import Colours
from recyclegan.networks.layers import NORMS, AnySize, ClassColours, ReflectionPad, activated, doubled, has_bias
from recyclegan.networks.resnet import LEAST_SIDE, MULTIPLE, ResidualBlock
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated


def convolution(inputs: int, outputs: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution with its norm and a ReLU."""
    return nn.Sequential(ReflectionPad(1), *activated(nn.Conv2d(inputs, outputs, 3, stride, bias=has_bias(norm)), norm))


def separable(inputs: int, outputs: int, norm: Norm, stride: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution of each channel by itself and a 1x1 one of all of them, with their norm.

    Source: Howard et al. 2017 (MobileNets).
    """
    return nn.Sequential(
        ReflectionPad(1),
        nn.Conv2d(inputs, inputs, 3, stride, groups=inputs, bias=False),
        nn.Conv2d(inputs, outputs, 1, bias=has_bias(norm)),
        NORMS[norm](outputs),
    )


class LightUNet(AnySize):
    """Translate frames of any size, in [-1, 1] on both sides, with no layer at full size.

    Four pixels become one with their channels side by side, two strides lead to an eighth of the size, where most of
    the work is done, and skips lead back; the last layer paints four pixels at once.

    Source: Ronneberger et al. 2015 (U-Net), Shi et al. 2016 (pixels as channels).
    """

    multiple, least_side = 8, 16

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 32,
        norm: Norm = "instance",
        dropout: bool = False,
        num_blocks: int = 3,
    ) -> None:
        super().__init__()
        self.to_half = convolution(4 * channels_in, width, norm)
        self.to_quarter = convolution(width, 2 * width, norm, stride=2)
        self.to_eighth = convolution(2 * width, 4 * width, norm, stride=2)
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width, norm, dropout) for _ in range(num_blocks)))
        self.from_eighth = convolution(6 * width, 2 * width, norm)
        self.from_quarter = convolution(3 * width, width, norm)
        self.paint = nn.Sequential(ReflectionPad(1), nn.Conv2d(width, 4 * channels_out, 3), nn.PixelShuffle(2))
        self.head: nn.Module = nn.Tanh()

    def _of_padded(self, frames: Frames) -> Translated:
        half = self.to_half(F.pixel_unshuffle(frames, 2))
        quarter = self.to_quarter(half)
        eighth = self.blocks(self.to_eighth(quarter))
        quarter = self.from_eighth(torch.cat([doubled(eighth), quarter], dim=1))
        half = self.from_quarter(torch.cat([doubled(quarter), half], dim=1))
        return self.head(self.paint(half))


class SeparableBlock(nn.Module):
    """``x + f(x)`` with two separable convolutions of the same width."""

    def __init__(self, width: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        self.block = nn.Sequential(
            separable(width, width, norm),
            nn.ReLU(inplace=True),
            *([nn.Dropout(0.5)] if dropout else []),
            separable(width, width, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the input plus what the block adds to it."""
        return x + self.block(x)


class SeparableResNet(AnySize):
    """A ResNet generator whose convolutions but for the first and the last are separable; any size, in [-1, 1].

    Source: Li et al. 2020 (GAN Compression), Howard et al. 2017 (MobileNets).
    """

    multiple, least_side = MULTIPLE, LEAST_SIDE

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 32,
        num_blocks: int = 6,
        norm: Norm = "instance",
        dropout: bool = False,
    ) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            convolution(4 * channels_in, width, norm),
            separable(width, 4 * width, norm, stride=2),
            nn.ReLU(inplace=True),
            *(SeparableBlock(4 * width, norm, dropout) for _ in range(num_blocks)),
            separable(4 * width, width, norm),
            nn.ReLU(inplace=True),
        )
        self.paint = nn.Sequential(ReflectionPad(1), nn.Conv2d(width, 4 * channels_out, 3), nn.PixelShuffle(2))
        self.head: nn.Module = nn.Tanh()

    def _of_padded(self, frames: Frames) -> Translated:
        return self.head(self.paint(doubled(self.encode(F.pixel_unshuffle(frames, 2)))))


def classes_of(kind: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """Return what makes the generator of label maps of a kind of student: it paints classes, and mixes colours."""

    def make(channels_in: int, palette: Colours, **options: Any) -> nn.Module:
        network = kind(channels_in, len(palette), **options)
        network.head = ClassColours(palette)
        return network

    return make
