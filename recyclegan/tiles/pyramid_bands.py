"""Generators of large frames in bands of rows: the coarse picture is painted whole, fine bands some rows at a time."""

import torch
from torch import Tensor, nn

from recyclegan.networks.layers import ReflectionPad, doubled
from recyclegan.networks.pyramid import Gain, PyramidGenerator, taken_apart, with_band
from recyclegan.networks.wrappers import soft_clamp
from recyclegan.tensors import Frames
from recyclegan.tiles.bands import Convolved, Layer, Reflected, Whole

_FLOAT = 4
"""Bytes of a number."""
_PICTURES = 10
"""Pictures of the frame's size that are whole at once: the frame, its bands, what lies beneath them, the result."""
_BEFORE = 3
"""Such pictures while the ResNet paints."""
_COARSE = 8
"""Layers of the ResNet's first width that are whole at once, where it blurs."""
_WHOLE, _BAND = 3, 5
"""Inputs and layers of the finest gain that a frame takes at once where it is whole, and that a band takes."""


def whole_bytes(generator: PyramidGenerator, frames: Frames) -> float:
    """Return the bytes that frames take where they are translated whole, about."""
    kept, row = kept_and_row_bytes(generator, frames)
    return kept + frames.shape[2] * row * _WHOLE / _BAND


def kept_and_row_bytes(generator: PyramidGenerator, frames: Frames) -> tuple[float, float]:
    """Return the bytes of what is whole in any case, and those of a row of a band, about."""
    first, finest = _first(generator.model), _first(generator.gains[-1])
    batch, channels, height, width = frames.shape
    painting = _BEFORE * channels + _COARSE * first.out_channels / 4 ** len(generator.gains)
    row = _FLOAT * batch * width
    return row * height * max(_PICTURES * channels, painting), row * _BAND * (finest.in_channels + finest.out_channels)


def _first(network: nn.Module) -> nn.Conv2d:
    return next(module for module in network.modules() if isinstance(module, nn.Conv2d))


def pyramid_in_bands(generator: PyramidGenerator, padded: Frames, rows: int) -> Layer:
    """Return what a generator of large frames makes of padded frames."""
    source, bands = taken_apart(padded, len(generator.gains))
    painted = generator.paint(source).float()
    for gain, band in zip(generator.gains, bands, strict=True):
        under, painted = doubled(source), doubled(painted)
        painted = _refined(gain, band, under, painted, rows)
        source = under + band
    return Whole(painted, rows).then(soft_clamp)


def _refined(gain: nn.Module, band: Frames, under: Frames, painted: Frames, rows: int) -> Frames:
    assert isinstance(gain, Gain)
    here, beneath, made = Whole(band, rows), Whole(under, rows), Whole(painted, rows)
    layer = here.then(lambda *seen: torch.cat(seen, dim=1), beneath, made)
    for module in gain.model:
        layer = _after(module, layer)
    return made.then(with_band, here, layer.then(Tensor.float)).kept().values


def _after(module: nn.Module, layer: Layer) -> Layer:
    if isinstance(module, ReflectionPad):
        return Reflected(layer, module.padding)
    return Convolved(module, layer) if isinstance(module, nn.Conv2d) else layer.then(module)
