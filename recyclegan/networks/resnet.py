"""The ResNet generator: two strides down, residual blocks, two strides up."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.networks.fused import FusedNorm
from recyclegan.networks.layers import NORMS, ReflectionPad, has_bias, pad_to_multiple
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated

STRIDE = 4
LEAST_SIDE = 2 * STRIDE
"""Pixels that leave two behind the strides, which blocks can reflect."""


class ResidualBlock(nn.Module):
    """``x + f(x)`` with two 3x3 convolutions of the same width."""

    def __init__(self, width: int, norm: Norm, dropout: bool) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            ReflectionPad(1),
            nn.Conv2d(width, width, 3, bias=has_bias(norm)),
            NORMS[norm](width),
            nn.ReLU(inplace=True),
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


class ResNetGenerator(nn.Module):
    """Translate frames of any size, in [-1, 1] on both sides; sizes that 4 does not divide are padded inside.

    Source: Johnson et al. 2016 and Zhu et al. 2017. Parameter names are those of published checkpoints.
    """

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
        bias = has_bias(norm)

        def down(inputs: int) -> list[nn.Module]:
            convolution = self.strided(inputs, 2 * inputs, 3, stride=2, padding=1, bias=bias)
            return [convolution, NORMS[norm](2 * inputs), nn.ReLU(inplace=True)]

        def up(inputs: int) -> list[nn.Module]:
            convolution = self.widening(inputs, inputs // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)
            return [convolution, NORMS[norm](inputs // 2), nn.ReLU(inplace=True)]

        self.model = nn.Sequential(
            ReflectionPad(3),
            nn.Conv2d(channels_in + self.extra_channels, width, 7, bias=bias),
            NORMS[norm](width),
            nn.ReLU(inplace=True),
            *down(width),
            *down(2 * width),
            *(ResidualBlock(4 * width, norm, dropout) for _ in range(num_blocks)),
            *up(4 * width),
            *up(2 * width),
            ReflectionPad(3),
            nn.Conv2d(width, channels_out, 7),
            nn.Tanh(),
        )

    def forward(self, frames: Frames) -> Translated:
        """Return the translated frames, of the same size."""
        height, width = frames.shape[-2:]
        return self.model(pad_to_multiple(frames, STRIDE, LEAST_SIDE))[..., :height, :width]

    def frame_of(self, inputs: Frames) -> Float[Tensor, "batch frame_channels height width"]:
        """Return the frame alone of what is read."""
        return inputs[:, : -self.num_extras] if self.num_extras else inputs
