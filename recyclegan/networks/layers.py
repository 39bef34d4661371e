"""What several networks share: norms, first weights, places of pixels, and padding to a size that strides divide.

Where a network is traced, nothing may depend on the size of a frame.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.domains import Colours
from recyclegan.settings.networks import Norm
from recyclegan.tensors import Frames, Translated

Initialization = Literal["normal", "xavier", "kaiming", "orthogonal"]

NORMS: dict[Norm, Callable[[int], nn.Module]] = {
    "instance": nn.InstanceNorm2d,
    "batch": nn.BatchNorm2d,
    "none": lambda _: nn.Identity(),
}


def has_bias(norm: Norm) -> bool:
    """Return whether a convolution before this norm carries a bias: batch norm brings its own."""
    return norm != "batch"


def activated(convolution: nn.Conv2d | nn.ConvTranspose2d, norm: Norm) -> list[nn.Module]:
    """Return a convolution with a norm and a ReLU behind it."""
    return [convolution, NORMS[norm](convolution.out_channels), nn.ReLU(inplace=True)]


def pad_to_multiple(
    frames: Frames, multiple: int, least: int = 1
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Return ``frames`` grown to the right and at the bottom until ``multiple`` divides height and width.

    Sides are then at least ``least`` long. The border is reflected, or repeated where a side is too short for it.
    """
    if is_traced():
        return padded_traced(frames, multiple, least)
    if torch.onnx.is_in_onnx_export():
        return _padded_for_onnx(frames, multiple, least)
    height, width = frames.shape[-2:]
    bottom, right = (max(-side % multiple, least - side) for side in (height, width))
    if not bottom and not right:
        return frames
    if bottom < height and right < width:
        return reflect(frames, (0, right, 0, bottom))
    return F.pad(frames, (0, right, 0, bottom), mode="replicate")


def is_traced() -> bool:
    """Return whether torch.export traces a network now, which ``torch.compile`` does not count as."""
    return torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling()


def padded_traced(frames: Frames, multiple: int, least: int) -> Tensor:
    """Return what ``pad_to_multiple`` does as torch.export traces it: sides are symbols, of which none is compared."""
    sides = frames.shape[-2:]
    padded = [(torch.sym_max(side, least - multiple + 1) + multiple - 1) // multiple * multiple for side in sides]
    doubled = zip((_number(side) for side in padded), (2 * _number(side) for side in sides), strict=True)
    return _padded_by_places(frames, sides, padded, torch.stack([grown < twice for grown, twice in doubled]).all())


def _number(side: int) -> Tensor:
    return torch.full((), side, dtype=torch.int64)


def _padded_for_onnx(frames: Frames, multiple: int, least: int) -> Tensor:
    """Return what ``pad_to_multiple`` does, with no choice that depends on the size: an exported network keeps none."""
    sides = [torch.as_tensor(side) for side in frames.shape[-2:]]
    padded = [side + torch.maximum(-side % multiple, least - side) for side in sides]
    is_reflected = (padded[0] < 2 * sides[0]) & (padded[1] < 2 * sides[1])
    return _padded_by_places(frames, sides, padded, is_reflected)


def _padded_by_places(frames: Frames, sides: Sequence[Any], padded: Sequence[Any], is_reflected: Tensor) -> Tensor:
    """Return padded frames as places that are read; sides are numbers, symbols or tensors."""
    rows, columns = (_places(*lengths, is_reflected) for lengths in zip(sides, padded, strict=True))
    return frames.index_select(2, rows).index_select(3, columns)


def _places(side: Any, padded: Any, is_reflected: Tensor) -> Tensor:
    """Return for each place along a padded side the place of the frame that it shows."""
    places, last = torch.arange(padded), side - 1
    return torch.where(is_reflected, last - (last - places).abs(), places.clamp(max=last))


def coordinates(frames: Frames) -> Float[Tensor, "batch 2 height width"]:
    """Return the place (x, y) of every pixel, from -1 at the left and at the top to 1."""
    batch, _, height, width = frames.shape
    x = _steps(width, frames.device).expand(height, width)
    y = _steps(height, frames.device)[:, None].expand(height, width)
    return torch.stack([x, y]).to(frames.dtype).expand(batch, 2, height, width)


def _steps(count: int, device: torch.device) -> Float[Tensor, " count"]:
    return steps_traced(count, device) if is_traced() else torch.linspace(-1, 1, count, device=device)


def steps_traced(count: int, device: torch.device) -> Tensor:
    """Return ``count`` numbers from -1 to 1, evenly: ``torch.linspace`` would keep the count of the example."""
    places = torch.arange(count, device=device)
    return places * 2 / places[-1] - 1


class AnySize(nn.Module):
    """A generator of frames of any size: they are padded to what its strides divide, and cut back."""

    multiple: int
    """Padded sides are divided by it."""
    least_side: int = 1
    """Pixels of padded sides at least."""

    def forward(self, frames: Frames) -> Translated:
        """Return the translated frames, of the same size."""
        height, width = frames.shape[-2:]
        return self._of_padded(self.padded(frames))[..., :height, :width]

    def padded(self, frames: Frames) -> Float[Tensor, "batch channels padded_height padded_width"]:
        """Return frames of sides that the layers can take."""
        return pad_to_multiple(frames, self.multiple, self.least_side)

    def _of_padded(self, frames: Frames) -> Translated:
        """Return what the layers make of padded frames."""
        raise NotImplementedError


def reflect(
    frames: Float[Tensor, "batch channels height width"], padding: tuple[int, int, int, int]
) -> Float[Tensor, "batch channels padded_height padded_width"]:
    """Return ``frames`` with reflected borders of ``padding`` pixels: left, right, top, bottom.

    Where torch is asked for deterministic algorithms, the padding is put together from slices: the gradient of torch's
    own adds in any order on a GPU.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return F.pad(frames, padding, mode="reflect")
    left, right, top, bottom = padding
    return _reflected(_reflected(frames, left, right, 3), top, bottom, 2)


def _reflected(frames: Tensor, before: int, after: int, axis: int) -> Tensor:
    size = frames.shape[axis]
    first, last = frames.narrow(axis, 1, before), frames.narrow(axis, size - 1 - after, after)
    return torch.cat([first.flip(axis), frames, last.flip(axis)], axis)


class ReflectionPad(nn.Module):
    """``reflect`` by as many pixels on every side."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def forward(self, frames: Tensor) -> Tensor:
        """Return padded frames."""
        return reflect(frames, (self.padding,) * 4)


class ClassColours(nn.Module):
    """Weighs classes by a softmax and mixes their colours, so that no other colour can come out."""

    colours: Tensor

    def __init__(self, palette: Colours) -> None:
        super().__init__()
        self.register_buffer("colours", torch.tensor(palette) / 127.5 - 1, persistent=False)

    def forward(self, scores: Tensor) -> Tensor:
        """Return label maps, softened where the network doubts."""
        return torch.einsum("bkhw,kc->bchw", scores.softmax(dim=1), self.colours)


def doubled(features: Tensor) -> Tensor:
    """Return features at twice the height and width, between pixels linearly."""
    return F.interpolate(features, scale_factor=2, mode="bilinear")


def to_channels_of(made: Tensor, source: Tensor) -> Tensor:
    """Return the source, or where another number of channels is made the mean of its channels, for all of them."""
    return source if source.shape[1] == made.shape[1] else source.mean(dim=1, keepdim=True)


def initialize(network: nn.Module, deviation: float = 0.02, kind: Initialization = "normal") -> None:
    """Draw weights of convolutions and linear layers from N(0, deviation), of norms from N(1, deviation); no bias.

    Other kinds than ``normal`` are for convolutions and linear layers: ``xavier`` (normal, with a gain of
    ``deviation``), ``kaiming`` (normal, by the inputs of a layer) and ``orthogonal``.
    """
    draws: dict[Initialization, Callable[..., object]] = {
        "normal": partial(nn.init.normal_, std=deviation),
        "xavier": partial(nn.init.xavier_normal_, gain=deviation),
        "kaiming": nn.init.kaiming_normal_,
        "orthogonal": nn.init.orthogonal_,
    }
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            draws[kind](module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, deviation)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
