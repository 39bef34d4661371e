"""A generator of label maps that decides on classes, and paints their colours."""

from typing import Any

import torch
from torch import nn

from recyclegan.domains import Colours
from recyclegan.networks.layers import pad_to_multiple
from recyclegan.networks.resnet import LEAST_SIDE, STRIDE, ResNetGenerator
from recyclegan.tensors import Frames, Translated


class ClassGenerator(ResNetGenerator):
    """A ResNet generator of label maps: it weighs the classes of each pixel by a softmax, and mixes their colours.

    Three levels cannot say "car or person": what lies between two colours may be nearest to a third, a road. Weights
    of classes can, and whatever they are, the mixture stays among the colours of the label maps.
    """

    colours: torch.Tensor

    def __init__(self, channels_in: int, palette: Colours, **options: Any) -> None:
        """Take the frames' channels, the label maps' colours, and what a ResNet generator takes besides."""
        super().__init__(channels_in, len(palette), **options)
        del self.model[-1]
        self.model.append(nn.Softmax(dim=1))
        self.register_buffer("colours", torch.tensor(palette) / 127.5 - 1, persistent=False)

    def forward(self, frames: Frames) -> Translated:
        """Return label maps of the same size, softened where the network doubts."""
        height, width = frames.shape[-2:]
        weights = self.model(pad_to_multiple(frames, STRIDE, LEAST_SIDE))
        return torch.einsum("bkhw,kc->bchw", weights, self.colours)[..., :height, :width]
