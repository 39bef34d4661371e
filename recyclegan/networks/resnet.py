"""The ResNet generator: two strides down, residual blocks, two strides up."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.networks.fused import FusedNorm
from recyclegan.networks.layers import NORMS, AnySize, ReflectionPad, activated, has_bias
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated

MULTIPLE, LEAST_SIDE = 4, 8
"""Of padded sides, in pixels: two are left behind the strides, which blocks can reflect."""


class ResidualBlock(nn.Module):
    """``x + f(x)`` with two 3x3 convolutions of the same width."""

    def __init__(self, width: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            ReflectionPad(1),
            *activated(nn.Conv2d(width, width, 3, bias=has_bias(norm)), norm),
            *([nn.Dropout(0.5)] if dropout else []),
            ReflectionPad(1),
            nn.Conv2d(width, width, 3, bias=has_bias(norm)),
            NORMS[norm](width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the input plus what the block adds to it."""
        if isinstance(self.conv_block[-1], FusedNorm):
            return self.conv_block[-1](self.conv_block[:-1](x), x)
        return x + self.conv_block(x)


def resnet(
    channels_in: int,
    channels_out: int,
    widths: Sequence[int],
    num_blocks: int,
    norm: Norm,
    dropout: bool,
    strided: type[nn.Conv2d],
    widening: type[nn.ConvTranspose2d],
) -> nn.Sequential:
    """Return the layers of a ResNet, ended by a tanh; a stride leads from each of the ``widths`` to the next."""
    bias = has_bias(norm)
    layers = [ReflectionPad(3), *activated(nn.Conv2d(channels_in, widths[0], 7, bias=bias), norm)]
    for outer, inner in pairwise(widths):
        layers += activated(strided(outer, inner, 3, stride=2, padding=1, bias=bias), norm)
    layers += [ResidualBlock(widths[-1], norm, dropout) for _ in range(num_blocks)]
    for inner, outer in pairwise(reversed(widths)):
        layers += activated(widening(inner, outer, 3, stride=2, padding=1, output_padding=1, bias=bias), norm)
    return nn.Sequential(*layers, ReflectionPad(3), nn.Conv2d(widths[0], channels_out, 7), nn.Tanh())


class ResNetGenerator(AnySize):
    """Translate frames of any size, in [-1, 1] on both sides; sizes that 4 does not divide are padded inside.

    Source: Johnson et al. 2016 and Zhu et al. 2017. Parameter names are those of published checkpoints.
    """

    multiple, least_side = MULTIPLE, LEAST_SIDE
    extra_channels: ClassVar[int] = 0
    """Channels that a subclass shows the first layer beside those of the frames."""
    num_extras: int = 0
    """Channels of the input behind those of the frame, which are no part of what a subclass keeps of the frame."""
    strided: ClassVar[type[nn.Conv2d]] = nn.Conv2d
    widening: ClassVar[type[nn.ConvTranspose2d]] = nn.ConvTranspose2d

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 64,
        num_blocks: int = 6,
        norm: Norm = "instance",
        dropout: bool = False,
    ) -> None:
        super().__init__()
        self.model = resnet(
            channels_in + self.extra_channels,
            channels_out,
            [width, 2 * width, 4 * width],
            num_blocks,
            norm,
            dropout,
            self.strided,
            self.widening,
        )

    def _of_padded(self, frames: Frames) -> Translated:
        return self.model(frames)

    def frame_of(self, inputs: Frames) -> Float[Tensor, "batch frame_channels height width"]:
        """Return the frame alone of what is read."""
        return inputs[:, : -self.num_extras] if self.num_extras else inputs
