"""An engine for a CPU: 3x3 convolutions with a quarter of the multiplications, by Winograd's minimal filtering.

Squares of 4x4 results come from squares of 6x6 inputs. Both are carried over by fixed small matrices; in between every
one of the 36 places is a plain product of matrices, which is what a CPU does best. Layers lie as (frames, rows,
columns, channels) throughout. Source: Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks".
"""

import copy
import math
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.engines.engines import TorchEngine
from recyclegan.errors import InputError
from recyclegan.networks.resnet import ResidualBlock
from recyclegan.settings.translating import EngineName

Layer = Float[Tensor, "batch height width channels"]
Convolved = Float[Tensor, "batch new_height new_width new_channels"]

TILE, PATCH = 4, 6
"""Sides of a square of results, and of the inputs that it is made of."""
_SQUARES = 128
"""Squares that are carried over at once: so few that they stay in the cache, enough for the products."""
_FEW = 8
"""Results of a wide convolution up to which it is done row by row."""
_INPUT = torch.tensor(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    dtype=torch.float32,
)
_KERNEL = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_OUTPUT = torch.tensor(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], dtype=torch.float32
)


class WinogradEngine(TorchEngine):
    """The generator with its residual blocks, and convolutions to a few channels, carried out for a CPU."""

    name: ClassVar[EngineName] = "winograd"
    halves: ClassVar[bool] = False

    def __init__(self, generator: nn.Module) -> None:
        """Make a faster copy of the generator.

        Raises:
            InputError: it has no residual blocks.
        """
        if not any(isinstance(module, ResidualBlock) for module in generator.modules()):
            raise InputError("engine winograd: the generator has no residual blocks to speed up; give --engine torch")
        super().__init__(_faster(copy.deepcopy(generator)))

    def __call__(self, frames: Tensor, half: torch.dtype | None = None) -> Tensor:
        """Return what the faster copy makes of the frames.

        Raises:
            InputError: ``half`` precision is asked for.
        """
        if half:
            raise InputError("engine winograd: computes in 32 bits only; give --precision 32, or another engine")
        return super().__call__(frames)


class Trunk(nn.Module):
    """Residual blocks one after the other."""

    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(WinogradBlock(block) for block in blocks)

    def forward(self, features: Tensor) -> Tensor:
        """Return the features behind the last block."""
        layer = features.permute(0, 2, 3, 1).contiguous()
        for block in self.blocks:
            layer = block(layer)
        return layer.permute(0, 3, 1, 2).contiguous()


class WinogradBlock(nn.Module):
    """A residual block on layers that hold their channels last."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        layers = [module for module in block.modules() if not isinstance(module, nn.Sequential | ResidualBlock)]
        pairs = [(one, other) for one, other in pairwise(layers) if isinstance(one, nn.Conv2d)]
        self.convolutions = nn.ModuleList(WinogradConvolution(convolution) for convolution, _ in pairs)
        self.norms = nn.ModuleList(norm for _, norm in pairs)

    def forward(self, layer: Layer) -> Layer:
        """Return the layer plus what the block adds to it."""
        inner = normalised(self.norms[0], self.convolutions[0](reflected(layer))).relu_()
        return normalised(self.norms[1], self.convolutions[1](reflected(inner))).add_(layer)


class WinogradConvolution(nn.Module):
    """A 3x3 convolution of stride 1 without padding."""

    kernels: Tensor
    to_places: Tensor
    from_places: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        places = torch.einsum("ij,ocjk,lk->ilco", _KERNEL, weight, _KERNEL)
        self.register_buffer("kernels", places.reshape(PATCH * PATCH, weight.shape[1], weight.shape[0]).contiguous())
        self.register_buffer("to_places", _INPUT)
        self.register_buffer("from_places", _OUTPUT)
        self.bias = convolution.bias

    def forward(self, layer: Layer) -> Convolved:
        """Return the convolved layer, two pixels smaller along either side, made in bands of rows."""
        batch, height, width = layer.shape[0], layer.shape[1] - 2, layer.shape[2] - 2
        rows = TILE * max(1, _SQUARES // (batch * math.ceil(width / TILE)))
        starts = range(0, height, rows)
        return torch.cat([self._band(layer[:, start : min(start + rows, height) + 2]) for start in starts], dim=1)

    def _band(self, layer: Layer) -> Convolved:
        batch, height, width = layer.shape[0], layer.shape[1] - 2, layer.shape[2] - 2
        grown = F.pad(layer, (0, 0, 0, -width % TILE, 0, -height % TILE)).contiguous()
        patches = _patches(grown)
        inputs = torch.matmul(self.to_places, torch.matmul(self.to_places, patches.flatten(1)).view(PATCH, PATCH, -1))
        made = torch.bmm(inputs.view(PATCH * PATCH, -1, layer.shape[3]), self.kernels)
        rows = torch.matmul(self.from_places, made.view(PATCH, -1)).view(TILE, PATCH, -1)
        squares = torch.matmul(self.from_places, rows)
        tiles = squares.view(TILE, TILE, batch, *patches.shape[3:5], self.kernels.shape[2])
        whole = tiles.permute(2, 3, 0, 4, 1, 5).reshape(batch, grown.shape[1] - 2, grown.shape[2] - 2, -1)
        cut = whole[:, :height, :width]
        return cut if self.bias is None else cut + self.bias


class RowwiseConvolution(nn.Module):
    """A wide convolution to a few channels, as one along the columns for every row of its kernel, added up."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.size, self.outputs = convolution.kernel_size[0], convolution.out_channels
        weight = convolution.weight.detach().permute(2, 0, 1, 3)
        self.register_buffer("kernels", weight.reshape(self.size * self.outputs, -1, 1, self.size).contiguous())
        self.bias = convolution.bias

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features."""
        height = features.shape[2] - self.size + 1
        rows = F.conv2d(features, self.get_buffer("kernels")).unflatten(1, (self.size, self.outputs))
        total = rows[:, 0, :, :height].clone()
        for row in range(1, self.size):
            total += rows[:, row, :, row : row + height]
        return total if self.bias is None else total + self.bias[:, None, None]


def reflected(layer: Layer) -> Convolved:
    """Return a layer with a reflected border of one pixel."""
    tall = torch.cat([layer[:, 1:2], layer, layer[:, -2:-1]], dim=1)
    return torch.cat([tall[:, :, 1:2], tall, tall[:, :, -2:-1]], dim=2)


def normalised(norm: nn.Module, layer: Layer) -> Layer:
    """Return a layer under a norm of the generators, in evaluation mode."""
    if isinstance(norm, nn.InstanceNorm2d):
        mean = layer.mean(dim=(1, 2), keepdim=True)
        centred = layer - mean
        variance = centred.square().mean(dim=(1, 2), keepdim=True)
        return centred.mul_((variance + norm.eps).rsqrt_())
    if isinstance(norm, nn.BatchNorm2d):
        return norm(layer.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return layer.clone()


def _patches(layer: Layer) -> Float[Tensor, "6 6 batch tall wide channels"]:
    """Return every square of inputs, the place within it first."""
    batch, height, width, channels = layer.shape
    frame, row, column, _ = layer.stride()
    shape = (PATCH, PATCH, batch, (height - 2) // TILE, (width - 2) // TILE, channels)
    return layer.as_strided(shape, (row, column, frame, TILE * row, TILE * column, 1)).contiguous()


def _faster(generator: nn.Module) -> nn.Module:
    """Put faster modules wherever residual blocks stand among a generator's layers, and return it."""
    for module in [*generator.modules()]:
        for name, layers in module.named_children():
            if isinstance(layers, nn.Sequential) and any(isinstance(layer, ResidualBlock) for layer in layers):
                setattr(module, name, nn.Sequential(*_faster_layers(layers)))
    return generator


def _faster_layers(layers: nn.Sequential) -> Iterator[nn.Module]:
    for is_block, group in groupby(layers, key=lambda layer: isinstance(layer, ResidualBlock)):
        alike = list(group)
        yield from [Trunk(alike)] if is_block else map(_rowwise, alike)


def _rowwise(layer: nn.Module) -> nn.Module:
    if type(layer) is not nn.Conv2d or layer.stride != (1, 1) or layer.padding != (0, 0):
        return layer
    is_wide = layer.kernel_size[0] == layer.kernel_size[1] > 3
    return RowwiseConvolution(layer) if is_wide and layer.out_channels <= _FEW else layer
