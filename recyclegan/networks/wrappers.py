"""Generators that are ResNets with another head: of classes, without aliasing, or with the detail of the source."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.domains import Colours
from recyclegan.networks.layers import ClassColours, coordinates, reflect, to_channels_of
from recyclegan.networks.resnet import ResNetGenerator
from recyclegan.tensors import Frames, Translated


class ClassGenerator(ResNetGenerator):
    """A ResNet generator of label maps: it weighs the classes of each pixel by a softmax, and mixes their colours.

    Three levels cannot say "car or person": what lies between two colours may be nearest to a third, a road. Weights
    of classes can, and whatever they are, the mixture stays among the colours of the label maps.
    """

    def __init__(self, channels_in: int, palette: Colours, **options: Any) -> None:
        """Take the frames' channels, the label maps' colours, and what a ResNet generator takes besides."""
        super().__init__(channels_in, len(palette), **options)
        self.model[-1] = ClassColours(palette)


DETAIL = 4
"""Side in pixels of the squares whose means are what the network paints; what they leave out is the detail."""


class BlurredConv2d(nn.Conv2d):
    """A convolution that blurs before it strides, so that moving by one pixel cannot change what is seen.

    Source: Zhang 2019, "Making Convolutional Networks Shift-Invariant Again".
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return the features of the blurred input."""
        return super().forward(binomial_blur(features))


class BlurredConvTranspose2d(nn.ConvTranspose2d):
    """A transposed convolution that blurs what it widened: no checkerboard stays."""

    def forward(self, features: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Return the widened features, blurred."""
        return binomial_blur(super().forward(features, output_size))


class SmoothGenerator(ResNetGenerator):
    """A ResNet generator free of aliasing: it blurs before each stride and after each widening."""

    strided: ClassVar[type[nn.Conv2d]] = BlurredConv2d
    widening: ClassVar[type[nn.ConvTranspose2d]] = BlurredConvTranspose2d


class DetailGenerator(SmoothGenerator):
    """A smooth generator that sees the coordinates of every pixel, and adds the source's fine detail to what it paints.

    Edges then stay where they are, and move as they move, from the first step on; the network has the look to learn.
    Where the target has another number of channels, all of them get the mean detail. Source: after Liang et al. 2021 (a
    Laplacian pyramid whose coarse part is translated) and Liu et al. 2018 (CoordConv).
    """

    extra_channels: ClassVar[int] = 2

    def _of_padded(self, frames: Frames) -> Translated:
        """Return what the layers make of padded frames and coordinates, with the frames' detail."""
        painted = self.model[:-1](torch.cat([frames, coordinates(frames)], dim=1))
        return self.model[-1](painted + to_channels_of(painted, detail(self.frame_of(frames))))


LEAK = 0.1
"""Share of the gradient that reaches what lies beyond black or white."""


class IdentityGenerator(SmoothGenerator):
    """A smooth generator of what is to be added to the source; it adds nothing at first, and translates by itself.

    ``G(x) = c(x + r(x))``: the last layer of ``r`` starts at zero, so that light and shapes are in place from the first
    step on, and ``c`` cuts off what lies beyond black or white but lets some of the gradient through; a tanh would
    change every level. Where the target has another number of channels, all of them get the mean of the source's.

    Source: zero-initialised residuals after Goyal et al. 2017 and Zhang, Dauphin and Ma 2019.
    """

    def start_at_identity(self) -> None:
        """Set the weights of the last layer to zero."""
        for parameter in self.model[-2].parameters():
            nn.init.zeros_(parameter)

    def _of_padded(self, frames: Frames) -> Translated:
        """Return padded frames with what the layers add to them."""
        return self.result(self.model[:-1](frames), self.frame_of(frames))

    @property
    def colours(self) -> Float[Tensor, "channels_out channels_out"]:
        """Return what the source's colours are multiplied by."""
        last = self.model[-2]
        assert isinstance(last, nn.Conv2d)
        return torch.eye(last.out_channels)

    def result(self, added: Translated, source: Frames) -> Translated:
        """Return a source with what is added to it."""
        return soft_clamp(to_channels_of(added, source) + added)


def soft_clamp(levels: Tensor) -> Tensor:
    """Return levels cut off at -1 and 1; a share ``LEAK`` of the gradient passes where they were cut."""
    within = levels.clamp(-1, 1)
    beyond = LEAK * (levels - within)
    return within + (beyond - beyond.detach())


def detail(frames: Frames) -> Frames:
    """Return what frames, whose sides ``DETAIL`` divides, show beyond the means of squares of that side."""
    coarse = F.interpolate(F.avg_pool2d(frames, DETAIL), scale_factor=DETAIL, mode="bilinear")
    return frames - coarse


def binomial_blur(
    features: Float[Tensor, "batch channels height width"],
) -> Float[Tensor, "batch channels height width"]:
    """Return features under the kernel (1, 2, 1)/4 along both axes, border reflected: what alternates vanishes."""
    x = reflect(features, (1, 1, 1, 1))
    x = (x[..., :-2] + 2 * x[..., 1:-1] + x[..., 2:]) / 4
    return (x[..., :-2, :] + 2 * x[..., 1:-1, :] + x[..., 2:, :]) / 4
