"""Generators in bands of rows: the same picture as from the whole frame, in memory that an option bounds."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.networks.layers import ReflectionPad, coordinates, to_channels_of
from recyclegan.networks.pyramid import PyramidGenerator
from recyclegan.networks.resnet import ResidualBlock, ResNetGenerator
from recyclegan.networks.students import LightUNet, SeparableBlock, SeparableResNet
from recyclegan.networks.unet import Level, UNet
from recyclegan.networks.wrappers import (
    BlurredConv2d,
    BlurredConvTranspose2d,
    DetailGenerator,
    IdentityGenerator,
    SmoothGenerator,
    detail,
)
from recyclegan.tensors import Frames, Translated
from recyclegan.tiles.bands import (
    Convolved,
    Doubled,
    Each,
    Layer,
    Reflected,
    Shuffled,
    Whole,
    Widened,
    beside,
    normalised,
)
from recyclegan.tiles.pyramid_bands import kept_and_row_bytes, pyramid_in_bands, whole_bytes

_LEAST_ROWS, _ROWS_STEP = 8, 8
_WHOLE = 5.5
"""Layers of full resolution that a frame takes at once where it is translated whole."""
_BAND, _BLURRED_BAND = 10.0, 16.0
"""Such layers that a band takes, where layers are blurred more: fewer rows, and those beyond its borders besides."""
_KEPT = {"resnet": 1.25, "unet": 1.5}
"""Such layers that stay in memory beside the band: a ResNet's inner ones, and all levels of a U-Net."""


def in_bands(generator: nn.Module, frames: Frames, rows: int) -> Translated:
    """Return frames translated in bands of ``rows`` rows of each layer.

    Raises:
        InputError: the generator is of a kind that cannot be computed so.
    """
    height, width = frames.shape[-2:]
    match generator:
        case UNet():
            made = _unet(generator, Whole(generator.padded(frames), rows))
        case ResNetGenerator():
            made = _resnet(generator, generator.padded(frames), rows)
        case PyramidGenerator():
            made = pyramid_in_bands(generator, generator.padded(frames), rows)
        case LightUNet() | SeparableResNet():
            made = _student(generator, Whole(F.pixel_unshuffle(generator.padded(frames), 2), rows))
        case _:
            raise InputError(
                f"max memory: {type(generator).__name__} is not translated in bands; leave --max-memory out"
            )
    return made.then(Tensor.float).kept().values[..., :height, :width]


def fits(generator: nn.Module, frames: Frames, memory: float) -> bool:
    """Return whether frames can be translated whole in ``memory`` bytes, about."""
    if isinstance(generator, PyramidGenerator):
        return whole_bytes(generator, frames) <= memory
    return _layer_bytes(generator, frames) * _WHOLE <= memory


def rows_within(generator: nn.Module, frames: Frames, memory: float) -> int:
    """Return how many rows of full resolution fit into ``memory`` bytes at once.

    Raises:
        InputError: not even a few fit.
    """
    height, width = frames.shape[-2:]
    kept, row = _kept_and_row_bytes(generator, frames)
    rows = int((memory - kept) / row) // _ROWS_STEP * _ROWS_STEP
    if rows < _LEAST_ROWS:
        least = (kept + _LEAST_ROWS * row) / 1e9
        raise InputError(
            f"max memory: found {memory / 1e9:.3g} GB; frames of {width}x{height} take about {least:.2g} GB at least; "
            "give that, or leave --scale native out"
        )
    return rows


def _kept_and_row_bytes(generator: nn.Module, frames: Frames) -> tuple[float, float]:
    """Return the bytes of what stays in memory, and those of a row of a band."""
    if isinstance(generator, PyramidGenerator):
        return kept_and_row_bytes(generator, frames)
    whole = _layer_bytes(generator, frames)
    kept = whole * _KEPT["unet" if isinstance(generator, UNet) else "resnet"]
    return kept, whole / frames.shape[2] * (_BLURRED_BAND if isinstance(generator, SmoothGenerator) else _BAND)


def _layer_bytes(generator: nn.Module, frames: Frames) -> int:
    """Return the bytes of the first layer, the largest of all."""
    first = next((module.out_channels for module in generator.modules() if isinstance(module, nn.Conv2d)), 1)
    return frames.shape[0] * frames.shape[2] * frames.shape[3] * 4 * first


def _resnet(generator: ResNetGenerator, padded: Frames, rows: int) -> Layer:
    """Return a ResNet's result; only what lies between its strides is kept."""
    seen = padded
    if isinstance(generator, DetailGenerator):
        seen = torch.cat([padded, coordinates(padded)], dim=1)
    *body, last = generator.model.children()
    blocks = [place for place, module in enumerate(body) if isinstance(module, ResidualBlock)]
    layer: Layer = _through(body[: blocks[0]] if blocks else body, Whole(seen, rows)).kept()
    for place in blocks:
        inner = layer
        for module in body[place].get_submodule("conv_block").children():
            inner = _after(module, inner).kept() if isinstance(module, nn.Conv2d) else _after(module, inner)
        layer = layer.then(torch.add, inner).kept()
    layer = _through(body[blocks[-1] + 1 :] if blocks else [], layer)
    if isinstance(generator, DetailGenerator):
        fine = detail(generator.frame_of(padded))
        layer = layer.then(lambda painted, own: painted + to_channels_of(painted, own), Whole(fine, rows))
    if isinstance(generator, IdentityGenerator):
        return layer.then(generator.result, Whole(generator.frame_of(padded), rows))
    return layer.then(last)


def _through(modules: Iterable[nn.Module], layer: Layer) -> Layer:
    """Return a layer after modules that stand one after the other."""
    for module in modules:
        layer = _after(module, layer)
    return layer


def _after(module: nn.Module, layer: Layer) -> Layer:
    match module:
        case nn.Sequential():
            return _through(module, layer)
        case SeparableBlock() | ResidualBlock():
            return layer.then(torch.add, _through(next(module.children()).children(), layer)).kept()
        case nn.PixelShuffle():
            return Shuffled(layer)
        case ReflectionPad():
            return Reflected(layer, module.padding)
        case BlurredConv2d():
            return Convolved(module, _blurred(layer))
        case BlurredConvTranspose2d():
            return _blurred(Widened(module, layer))
        case nn.Conv2d():
            return Convolved(module, layer)
        case nn.ConvTranspose2d():
            return Widened(module, layer)
        case nn.InstanceNorm2d() | nn.BatchNorm2d():
            return normalised(module, layer)
        case nn.ReLU() | nn.LeakyReLU():
            return layer.then(lambda rows: module(rows.clone()))
        case _:
            return layer.then(module)


def _blurred(layer: Layer) -> Layer:
    return Blurred(Reflected(layer, 1))


class Blurred(Layer):
    """A reflected layer under the kernel (1, 2, 1)/4 along both axes."""

    def __init__(self, below: Layer) -> None:
        super().__init__(below.height - 2, below._rows)
        self._below = below

    def rows(self, start: int, stop: int) -> Tensor:
        """Return blurred rows."""
        return _blurred_along(_blurred_along(self._below.rows(start, stop + 2), 3), 2)


def _blurred_along(x: Tensor, axis: int) -> Tensor:
    inner = x.shape[axis] - 2
    return (x.narrow(axis, 0, inner) + x.narrow(axis, 2, inner)).add_(x.narrow(axis, 1, inner), alpha=2).div_(4)


def _unet(generator: UNet, layer: Layer) -> Layer:
    """Return a U-Net's result; what goes down and comes up is kept at every level."""
    down, deeper, relu, up, last = generator.model.model.children()
    inside = _level(deeper, _after(down, layer).kept())
    return _after(up, _after(relu, inside)).then(last)


def _level(level: nn.Module, layer: Layer) -> Layer:
    """Return the activated input of a level and its result, joined by channel."""
    activation, *modules = level.get_submodule("model").children()
    inner = activated = layer.then(activation)
    for module in modules:
        inner = _level(module, inner) if isinstance(module, Level) else _after(module, inner)
        inner = inner.kept() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) else inner
    return Each(beside, activated, inner)


def _student(generator: LightUNet | SeparableResNet, layer: Layer) -> Layer:
    """Return a student's result, from frames whose pixels lie side by side among the channels."""
    painted = _light_unet(generator, layer) if isinstance(generator, LightUNet) else _separable(generator, layer)
    return _after(generator.paint, painted).then(generator.head)


def _light_unet(generator: LightUNet, layer: Layer) -> Layer:
    """Return what a light U-Net paints from; what lies behind its first stride is kept."""
    half = _after(generator.to_half, layer)
    quarter = _after(generator.to_quarter, half).kept()
    eighth = _after(generator.blocks, _after(generator.to_eighth, quarter).kept())
    quarter = _after(generator.from_eighth, Each(beside, Doubled(eighth), quarter)).kept()
    return _after(generator.from_quarter, Each(beside, Doubled(quarter), half))


def _separable(generator: SeparableResNet, layer: Layer) -> Layer:
    """Return what a separable ResNet paints from; what lies behind its stride is kept."""
    first, *others = generator.encode
    return Doubled(_through(others, _after(first, layer)).kept())
