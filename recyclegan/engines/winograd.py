"""An engine for a CPU: 3x3 convolutions with less than a fifth of the multiplications, by Winograd's minimal filtering.

Squares of 6x6 results come from squares of 8x8 inputs. Both are carried over by fixed small matrices; in between every
one of the 64 places is a plain product of matrices, which is what a CPU does best. In half precision only the other
convolutions are halved. All layers hold their channels last, which is how those are fastest, too, and norms overwrite
what they read. Source: Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks"; the matrices after
Toom and Cook.
"""

import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, TypeGuard

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.engines.engines import TorchEngine, autocast
from recyclegan.engines.side_by_side import side_by_side
from recyclegan.errors import InputError
from recyclegan.networks.layers import ReflectionPad
from recyclegan.settings.translating import EngineName

Layer = Float[Tensor, "batch height width channels"]
Grown = Float[Tensor, "batch grown_height grown_width channels"]

TILE, KERNEL = 6, 3
"""Sides of a square of results and of a kernel."""
PATCH = TILE + KERNEL - 1
"""Side of the square of inputs that results are made of."""
_POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
"""Where the polynomials behind results and kernel are evaluated, besides at infinity."""
_SQUARES = 256
"""Squares that are carried over at once: so few that they stay in the cache, enough for the products."""
LEAST = 64
"""Channels, in and out, from which Winograd's way is faster."""
_FEW = 8
"""Results of a wide convolution up to which it is done row by row."""
_PIXELS = 2048
"""Pixels that a norm looks at together, while they are in the cache."""
Matrices = tuple[Float[Tensor, "8 8"], Float[Tensor, "8 3"], Float[Tensor, "6 8"]]


def minimal_filtering() -> Matrices:
    """Return what carries inputs (8x8) and kernels (8x3) to the places, and places to results (6x8).

    A row of results is ``to_results @ ((to_places @ inputs) * (of_kernel @ kernel))``.
    """
    roots = {point: [other for other in _POINTS if other != point] for point in _POINTS}
    powers = torch.tensor(_POINTS, dtype=torch.float64)[:, None] ** torch.arange(TILE)
    scales = torch.tensor([math.prod(point - other for other in others) for point, others in roots.items()])
    infinity = torch.eye(TILE, dtype=torch.float64)[-1:]
    to_places = torch.stack([*map(_polynomial, roots.values()), _polynomial(_POINTS)])
    of_kernel = torch.cat([powers[:, :KERNEL] / scales[:, None], infinity[:, -KERNEL:]])
    return to_places, of_kernel, torch.cat([powers, infinity]).T


def _polynomial(roots: Sequence[float]) -> Float[Tensor, "8"]:
    """Return the coefficients of the polynomial with these roots, that of the constant first."""
    coefficients = torch.eye(PATCH, dtype=torch.float64)[0]
    for root in roots:
        coefficients = coefficients.roll(1) - root * coefficients
    return coefficients


class WinogradEngine(TorchEngine):
    """The generator with its layers carried out for a CPU: 3x3 and widest convolutions, and norms."""

    name: ClassVar[EngineName] = "winograd"

    def __init__(self, generator: nn.Module) -> None:
        """Make a faster copy of the generator.

        Raises:
            InputError: it has no layers that this is for.
        """
        faster = _faster(copy.deepcopy(generator))
        if not any(isinstance(module, WinogradConvolution) for module in faster.modules()):
            raise InputError(
                f"engine winograd: the generator has no 3x3 convolutions of {LEAST} channels or more to speed up; "
                "give --engine torch"
            )
        super().__init__(faster)

    def __call__(self, frames: Tensor, half: torch.dtype | None = None) -> Tensor:
        """Return what the faster copy makes of the frames, each made by threads of its own."""

        def work(frame: Tensor) -> Tensor:
            with autocast("cpu", half):
                return self._generator(frame)

        return side_by_side(work, frames)


class WinogradConvolution(nn.Module):
    """A 3x3 convolution of stride 1 behind a reflected border of a pixel."""

    kernels: Tensor
    to_places: Tensor
    to_results: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        to_places, of_kernel, to_results = minimal_filtering()
        places = torch.einsum("ij,ocjk,lk->ilco", of_kernel, weight.double(), of_kernel).flatten(0, 1)
        self.register_buffer("kernels", places.float().contiguous())
        self.register_buffer("to_places", to_places.float())
        self.register_buffer("to_results", to_results.float())
        self.bias = convolution.bias

    @torch.autocast("cpu", enabled=False)
    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features, made in bands of rows."""
        (batch, _, height, width), grown = features.shape, bordered(channels_last(features.float()))
        rows = TILE * max(1, _SQUARES // (batch * math.ceil(width / TILE)))
        starts = range(0, height, rows)
        bands = (self._band(grown[:, start : start + rows + 2])[:, : height - start, :width] for start in starts)
        layer = torch.cat(list(bands), dim=1)
        return (layer if self.bias is None else layer.add_(self.bias)).permute(0, 3, 1, 2)

    def _band(self, grown: Grown) -> Float[Tensor, "batch rows columns new_channels"]:
        patches = _patches(grown)
        inputs = torch.matmul(self.to_places, torch.matmul(self.to_places, patches.flatten(1)).view(PATCH, PATCH, -1))
        made = torch.bmm(inputs.view(PATCH * PATCH, -1, grown.shape[3]), self.kernels)
        rows = torch.matmul(self.to_results, made.view(PATCH, -1)).view(TILE, PATCH, -1)
        squares = torch.matmul(self.to_results, rows).view(TILE, TILE, *patches.shape[2:5], -1)
        return squares.permute(2, 3, 0, 4, 1, 5).flatten(3, 4).flatten(1, 2)


class RowwiseConvolution(nn.Module):
    """A wide convolution to a few channels, as one along the columns for every row of its kernel, added up."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.size, self.outputs = convolution.kernel_size[0], convolution.out_channels
        weight = convolution.weight.detach().permute(2, 0, 1, 3)
        kernels = weight.reshape(self.size * self.outputs, -1, 1, self.size)
        self.register_buffer("kernels", kernels.contiguous(memory_format=torch.channels_last))
        self.bias = convolution.bias

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features."""
        height = features.shape[2] - self.size + 1
        rows = F.conv2d(features, self.get_buffer("kernels")).unflatten(1, (self.size, self.outputs))
        total = rows[:, 0, :, :height].clone()
        for row in range(1, self.size):
            total += rows[:, row, :, row : row + height]
        return total if self.bias is None else total + self.bias[:, None, None]


def bordered(layer: Layer) -> Grown:
    """Return a layer with a reflected border of a pixel, and zeros behind it up to whole squares."""
    batch, height, width, channels = layer.shape
    tall, wide = (TILE * math.ceil(side / TILE) + KERNEL - 1 for side in (height, width))
    grown = layer.new_empty(batch, tall, wide, channels)
    grown[:, 1 : height + 1, 1 : width + 1] = layer
    for border, inside in ((0, 2), (height + 1, height - 1)):
        grown[:, border] = grown[:, inside]
    for border, inside in ((0, 2), (width + 1, width - 1)):
        grown[:, :, border] = grown[:, :, inside]
    grown[:, height + 2 :] = 0
    grown[:, :, width + 2 :] = 0
    return grown


class NormInPlace(nn.Module):
    """An instance norm that overwrites what it reads: what a convolution made for it alone."""

    def __init__(self, norm: nn.InstanceNorm2d) -> None:
        super().__init__()
        self.epsilon = norm.eps

    @torch.autocast("cpu", enabled=False)
    def forward(self, features: Tensor) -> Tensor:
        """Return the normalised features."""
        layer = channels_last(features)
        for frame in layer:
            _normalise(frame.flatten(0, 1), self.epsilon)
        return layer.permute(0, 3, 1, 2)


def channels_last(features: Float[Tensor, "batch channels height width"]) -> Layer:
    """Return features as a layer, a copy only where they lie in another order."""
    return features.permute(0, 2, 3, 1).contiguous()


def _normalise(pixels: Float[Tensor, "pixels channels"], epsilon: float) -> None:
    """Give each channel mean 0 and variance 1, in place, and computed in 32 bits in parts that stay in the cache."""
    mean, ones = pixels.mean(dim=0, dtype=torch.float32), torch.ones(1, _PIXELS)
    squares = sum(ones[:, : len(part)] @ (part - mean).square_() for part in pixels.split(_PIXELS))
    scale = (squares / len(pixels) + epsilon).rsqrt()
    for part in pixels.split(_PIXELS):
        part.copy_(part.float().sub_(mean).mul_(scale))


def _patches(layer: Grown) -> Float[Tensor, "8 8 batch tall wide channels"]:
    """Return every square of inputs, the place within it first."""
    batch, height, width, channels = layer.shape
    frame, row, column, _ = layer.stride()
    shape = (PATCH, PATCH, batch, (height - 2) // TILE, (width - 2) // TILE, channels)
    return layer.as_strided(shape, (row, column, frame, TILE * row, TILE * column, 1)).contiguous()


def _faster(generator: nn.Module) -> nn.Module:
    """Put faster modules among a generator's layers, and return it."""
    for module in reversed([*generator.modules()]):
        for name, layers in module.named_children():
            if isinstance(layers, nn.Sequential):
                setattr(module, name, nn.Sequential(*_faster_layers(layers)))
    return generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _faster_layers(layers: Iterable[nn.Module]) -> Iterator[nn.Module]:
    ends = nn.Identity()
    for before, layer, behind in zip([ends, *layers], layers, [*layers, ends][1:], strict=False):
        if not _is_for_squares(layer, behind):
            yield _faster_layer(before, layer)


def _faster_layer(before: nn.Module, layer: nn.Module) -> nn.Module:
    """Return what stands for a layer behind another one."""
    if isinstance(layer, nn.InstanceNorm2d) and isinstance(before, nn.Conv2d | nn.ConvTranspose2d):
        return NormInPlace(layer)
    if isinstance(layer, nn.Conv2d) and _is_for_squares(before, layer):
        return WinogradConvolution(layer)
    return RowwiseConvolution(layer) if isinstance(layer, nn.Conv2d) and _is_for_rows(layer) else layer


def _is_for_squares(border: nn.Module, layer: nn.Module) -> bool:
    """Return whether two layers are a reflected border of a pixel and a wide enough convolution in it."""
    is_border = isinstance(border, ReflectionPad) and border.padding == KERNEL // 2
    if not is_border or not _is_plain(layer) or layer.kernel_size != (KERNEL, KERNEL):
        return False
    return min(layer.in_channels, layer.out_channels) >= LEAST


def _is_for_rows(layer: nn.Conv2d) -> bool:
    is_square = layer.kernel_size[0] == layer.kernel_size[1]
    return _is_plain(layer) and is_square and layer.kernel_size[0] > KERNEL and layer.out_channels <= _FEW


def _is_plain(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
    """Return whether a layer is a convolution of stride 1 without padding, of all channels together."""
    return type(layer) is nn.Conv2d and layer.stride == (1, 1) and layer.padding == (0, 0) and layer.groups == 1
