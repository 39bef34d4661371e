"""Layers of a network computed in bands of rows, on demand, so that a frame of any size passes in bounded memory.

Each layer gives any of its rows, and asks the layer below for the rows that these take: borders between bands are none.
The statistics of an instance norm are gathered over the whole frame before its first row is given. A layer that is
``kept`` is computed once; others are computed anew for whoever asks, so that layers of full resolution are never whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recyclegan.networks.layers import doubled

Pointwise = Callable[..., Tensor]


class Layer(ABC):
    """A layer of ``height`` rows."""

    def __init__(self, height: int, rows: int) -> None:
        """``rows`` is how many are computed at once where all are wanted; behind a stride they are fewer."""
        self.height, self._rows = height, rows

    @abstractmethod
    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows ``start`` to ``stop``, which lie inside, as (batch, channels, rows, width)."""

    def bands(self) -> Iterator[Tensor]:
        """Yield all rows, so many at a time."""
        for start in range(0, self.height, self._rows):
            yield self.rows(start, min(start + self._rows, self.height))

    def kept(self) -> "Whole":
        """Return the layer computed once and for all."""
        values, start = torch.empty(0), 0
        for band in self.bands():
            if not start:
                values = band.new_empty((*band.shape[:2], self.height, band.shape[3]))
            values[:, :, start : start + band.shape[2]] = band
            start += band.shape[2]
        return Whole(values, self._rows)

    def then(self, function: Pointwise, *others: "Layer") -> "Layer":
        """Return a function of this layer, and of others of its size, that looks at every row by itself."""
        return Each(function, self, *others)


class Whole(Layer):
    """A layer that is there."""

    def __init__(self, values: Tensor, rows: int) -> None:
        super().__init__(values.shape[2], rows)
        self.values = values

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows as they are."""
        return self.values[:, :, start:stop]


class Each(Layer):
    """A function of layers, row by row."""

    def __init__(self, function: Pointwise, *below: Layer) -> None:
        super().__init__(below[0].height, below[0]._rows)
        self._function, self._below = function, below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return the function of the same rows below."""
        return self._function(*(layer.rows(start, stop) for layer in self._below))


class Reflected(Layer):
    """A layer with a reflected border."""

    def __init__(self, below: Layer, border: int) -> None:
        super().__init__(below.height + 2 * border, below._rows)
        self._below, self._border = below, border

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows, those outside of the layer below being mirrored at its first or last row."""
        last = self._below.height - 1
        wanted = [abs(row - self._border) for row in range(start, stop)]
        wanted = [row if row <= last else 2 * last - row for row in wanted]
        first = min(wanted)
        there = self._below.rows(first, max(wanted) + 1)
        if wanted != [*range(first, first + len(wanted))]:
            there = there.index_select(2, torch.tensor([row - first for row in wanted], device=there.device))
        return F.pad(there, (self._border, self._border, 0, 0), mode="reflect")


class Convolved(Layer):
    """A convolution, padded with zeros as it says."""

    def __init__(self, convolution: nn.Conv2d, below: Layer) -> None:
        self._size, self._stride = convolution.kernel_size[0], convolution.stride[0]
        self._border = int(convolution.padding[0])
        height = (below.height + 2 * self._border - self._size) // self._stride + 1
        super().__init__(height, max(1, below._rows // self._stride))
        self._convolution, self._below = convolution, below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return convolved rows."""
        first = start * self._stride - self._border
        end = (stop - 1) * self._stride - self._border + self._size
        there = self._below.rows(max(first, 0), min(end, self._below.height))
        padded = F.pad(there, (self._border, self._border, max(-first, 0), max(end - self._below.height, 0)))
        one = self._convolution
        return F.conv2d(padded, one.weight, one.bias, self._stride, groups=one.groups)


class Widened(Layer):
    """A transposed convolution."""

    def __init__(self, convolution: nn.ConvTranspose2d, below: Layer) -> None:
        self._size, self._stride = convolution.kernel_size[0], convolution.stride[0]
        self._border = int(convolution.padding[0])
        grown = (below.height - 1) * self._stride - 2 * self._border + self._size
        super().__init__(grown + convolution.output_padding[0], below._rows * self._stride)
        self._convolution, self._below = convolution, below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return widened rows: those of a few rows below, cut out."""
        first = max(0, -((self._size - 1 - start - self._border) // self._stride))
        end = min(self._below.height, (stop - 1 + self._border) // self._stride + 1)
        there = self._below.rows(first, max(end, first + 1))
        one = self._convolution
        border = int(one.padding[1])
        wide = F.conv_transpose2d(there, one.weight, None, one.stride, (0, border), (0, one.output_padding[1]))
        from_top = start + self._border - first * self._stride
        cut = wide[:, :, from_top : from_top + stop - start]
        return cut if one.bias is None else cut + one.bias[:, None, None]


def normalised(norm: nn.Module, below: Layer) -> Layer:
    """Return a layer under a norm, whose statistics are those of the whole frame."""
    if not isinstance(norm, nn.InstanceNorm2d):
        return below.then(norm)
    mean, variance = statistics(below)
    scale = (variance + norm.eps).rsqrt()
    return below.then(lambda rows: ((rows.float() - mean) * scale).to(rows.dtype))


def statistics(layer: Layer) -> tuple[Tensor, Tensor]:
    """Return mean and variance of each channel of each frame, gathered band by band without loss of digits."""
    count, mean, spread = 0, torch.zeros(()), torch.zeros(())
    for band in layer.bands():
        values = band.float()
        number = values.shape[2] * values.shape[3]
        here = values.mean(dim=(2, 3), keepdim=True)
        inside = (values - here).square_().sum(dim=(2, 3), keepdim=True).double()
        step = here.double() - mean.to(here.device)
        mean = mean.to(here.device) + step * (number / (count + number))
        spread = spread.to(here.device) + inside + step.square() * (count * number / (count + number))
        count += number
    return mean.float(), (spread / count).float()


class Grown(Layer):
    """A layer at twice the height and width."""

    def __init__(self, below: Layer) -> None:
        super().__init__(2 * below.height, 2 * below._rows)
        self._below = below


class Doubled(Grown):
    """One that is interpolated linearly between pixels."""

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows, each from the two below that are nearest."""
        first, end = max(0, (start - 1) // 2), min(self._below.height, stop // 2 + 1)
        return doubled(self._below.rows(first, end))[:, :, start - 2 * first : stop - 2 * first]


class Shuffled(Grown):
    """One in which channels, four by four, become four pixels."""

    def rows(self, start: int, stop: int) -> Tensor:
        """Return rows, two of each below."""
        first = start // 2
        wide = F.pixel_shuffle(self._below.rows(first, (stop + 1) // 2), 2)
        return wide[:, :, start - 2 * first : stop - 2 * first]


def beside(one: Tensor, other: Tensor) -> Tensor:
    """Return rows of two layers joined by channel, of the type of the first."""
    return torch.cat([one, other.to(one.dtype)], dim=1)
