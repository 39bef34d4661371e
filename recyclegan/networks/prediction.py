"""The predictor of higher capacity: a U-Net between a shared encoder of full resolution and a decoder of its own."""

import torch
from torch import nn

from recyclegan.networks.layers import NORMS, ReflectionPad, has_bias
from recyclegan.networks.unet import UNet
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated


class PredictionNetwork(nn.Module):
    """Predict the frame that follows two frames of any size, in [-1, 1] on both sides.

    Each frame passes the same encoder, both together a U-Net of six levels whose widths grow to 128 times ``width``.

    Source: Bansal et al. 2018. Parameter names are those of published checkpoints.
    """

    def __init__(self, channels: int = 3, width: int = 4, norm: Norm = "instance") -> None:
        super().__init__()

        def convolve(inputs: int, outputs: int, size: int = 3, padding: int = 1) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, size, padding=padding, bias=has_bias(norm))
            return [convolution, NORMS[norm](outputs), nn.ReLU(inplace=True)]

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
