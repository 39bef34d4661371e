"""Bands of layers that grow without weights: pixels between pixels, and pixels out of channels."""

import torch
import torch.nn.functional as F
from torch import Tensor

from recyclegan.networks.layers import doubled
from recyclegan.tiles.bands import Layer


class Doubled(Layer):
    """A layer at twice the height and width, between pixels linearly."""

    def __init__(self, below: Layer) -> None:
        super().__init__(2 * below.height, 2 * below._rows)
        self._below = below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows, each from the two below that are nearest."""
        first, end = max(0, (start - 1) // 2), min(self._below.height, stop // 2 + 1)
        return doubled(self._below.rows(first, end))[:, :, start - 2 * first : stop - 2 * first]


class Shuffled(Layer):
    """A layer whose channels, four by four, become four pixels."""

    def __init__(self, below: Layer) -> None:
        super().__init__(2 * below.height, 2 * below._rows)
        self._below = below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows, two of each below."""
        first = start // 2
        wide = F.pixel_shuffle(self._below.rows(first, (stop + 1) // 2), 2)
        return wide[:, :, start - 2 * first : stop - 2 * first]


def beside(one: Tensor, other: Tensor) -> Tensor:
    """Return rows of two layers joined by channel, of the type of the first."""
    return torch.cat([one, other.to(one.dtype)], dim=1)
