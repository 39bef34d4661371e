"""The U-Net: an encoder and a decoder with a skip at every level.

The predictor of higher capacity: a U-Net between a shared encoder of full resolution and a decoder of its own.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from recyclegan.networks.layers import NORMS, AnySize, ReflectionPad, activated, has_bias
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated


class Level(nn.Module):
    """One level: go down, through the inner levels, up again, and join the input to the result.

    The skip carries the input *after* the leaky ReLU, because the published activation works in place.
    """

    def __init__(self, outer: int, inner: int, deeper: "Level | None", norm: Norm, dropout: bool) -> None:
        super().__init__()
        down = nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=has_bias(norm))
        rising = inner if deeper is None else 2 * inner
        up = nn.ConvTranspose2d(rising, outer, 4, stride=2, padding=1, bias=has_bias(norm))
        middle = [] if deeper is None else [NORMS[norm](inner), deeper]
        self.model = nn.Sequential(
            nn.LeakyReLU(0.2),
            down,
            *middle,
            nn.ReLU(),
            up,
            NORMS[norm](outer),
            *([nn.Dropout(0.5)] if dropout and deeper is not None else []),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the activated input and the level's result, joined by channel."""
        activated = self.model[0](x)
        return torch.cat([activated, self.model[1:](activated)], dim=1)


class OutermostLevel(nn.Module):
    """The outermost level: no norm, no skip, values in [-1, 1]."""

    def __init__(self, channels_in: int, channels_out: int, inner: int, deeper: Level, norm: Norm) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(channels_in, inner, 4, stride=2, padding=1, bias=has_bias(norm)),
            deeper,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * inner, channels_out, 4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Return the result of all levels."""
        return self.model(frames)


class UNet(AnySize):
    """Translate frames of any size, in [-1, 1] on both sides; they are padded inside to a multiple of ``2 ** levels``.

    Seven levels make the published unet-128, eight unet-256. Widths grow to 8 times ``width``.

    Source: Ronneberger et al. 2015, Isola et al. 2017. Parameter names are those of published checkpoints.
    """

    def __init__(
        self,
        channels_in: int = 3,
        channels_out: int = 3,
        width: int = 64,
        levels: int = 7,
        norm: Norm = "instance",
        dropout: bool = False,
    ) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [width * min(2**level, 8) for level in range(levels)]
        deeper = Level(widths[-2], widths[-1], None, norm, dropout)
        for outer, inner in reversed(list(pairwise(widths[:-1]))):
            deeper = Level(outer, inner, deeper, norm, dropout and outer == 8 * width)
        self.model = OutermostLevel(channels_in, channels_out, width, deeper, norm)

    def _of_padded(self, frames: Frames) -> Translated:
        return self.model(frames)


class PredictionNetwork(nn.Module):
    """Predict the frame that follows two frames of any size, in [-1, 1] on both sides.

    Each frame passes the same encoder, both together a U-Net of six levels whose widths grow to 128 times ``width``.

    Source: Bansal et al. 2018. Parameter names are those of published checkpoints.
    """

    def __init__(self, channels: int = 3, width: int = 4, norm: Norm = "instance") -> None:
        super().__init__()

        def convolve(inputs: int, outputs: int, size: int = 3, padding: int = 1) -> list[nn.Module]:
            return activated(nn.Conv2d(inputs, outputs, size, padding=padding, bias=has_bias(norm)), norm)

        self.model = UNet(8 * width, 4 * width, 16 * width, levels=6, norm=norm)
        self.model1 = nn.Sequential(
            ReflectionPad(3),
            *convolve(channels, width, size=7, padding=0),
            *convolve(width, 2 * width),
            *convolve(2 * width, 4 * width),
        )
        self.model3 = nn.Sequential(
            *convolve(4 * width, 2 * width),
            *convolve(2 * width, width),
            ReflectionPad(3),
            nn.Conv2d(width, channels, 7),
            nn.Tanh(),
        )

    def forward(self, pair: Frames) -> Translated:
        """Return the next frame; ``pair`` holds two frames, the earlier one first, joined by channel."""
        first, second = pair.chunk(2, dim=1)
        encoded = torch.cat([self.model1(first), self.model1(second)], dim=1)
        return self.model3(self.model(encoded))
