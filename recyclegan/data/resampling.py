"""Resizing of batches on any device, equal to Pillow's in every bit: the twin of ``Resize`` for frames on a GPU.

Pillow resizes along one axis, rounds to 8 bits, then along the other, with weights of 22 fractional bits. Whole
numbers are the same on every device, so that this does too.
"""

import math
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float64, Int, UInt8
from PIL import Image as Pillow
from torch import Tensor

Levels = UInt8[Tensor, "batch channels height width"]
Resized = UInt8[Tensor, "batch channels new_height new_width"]

_BITS = 22
"""Fractional bits of Pillow's weights."""
_REACH = 2.0
"""Pixels to either side of its middle that the bicubic kernel reaches."""
_ENOUGH_PIXELS, _MOST_PICTURES, _MOST_NOISE = 4096, 512, 2**25
"""Resized pixels of noise in which it shows in which order Pillow goes, as few come out differently the other way
round; pictures, and pixels of noise, that are resized for it at most."""
_A = -0.5
"""The bicubic kernel's slope at a distance of one pixel."""


def resize_levels(images: Levels, size: tuple[int, int], is_label: bool = False) -> Resized:
    """Return 8-bit images at another (height, width): bicubic with antialiasing, or nearest neighbour for labels."""
    height, width = images.shape[-2:]
    if is_label:
        rows, columns = (_nearest_on(images.device, old, new) for old, new in zip((height, width), size, strict=True))
        return images if (height, width) == size else images[:, :, rows][:, :, :, columns]
    return _in_turn(images, size, _columns_first((height, width), size, images.device))


def _in_turn(images: Levels, size: tuple[int, int], columns_first: bool) -> Resized:
    for axis in (2, 3) if columns_first else (3, 2):
        images = images if images.shape[axis] == size[axis - 2] else _resampled(images, size[axis - 2], axis)
    return images


@lru_cache(maxsize=64)
def _columns_first(old: tuple[int, int], new: tuple[int, int], device: torch.device) -> bool:
    """Return whether Pillow resizes columns before rows between these sizes, which differs by version: noise tells."""
    if old[0] == new[0] or old[1] == new[1]:
        return False
    wanted_pictures, most = math.ceil(_ENOUGH_PIXELS / math.prod(new)), max(1, _MOST_NOISE // math.prod(old))
    for seed in range(min(wanted_pictures, most, _MOST_PICTURES)):
        noise = np.random.default_rng(seed).integers(0, 256, old, np.uint8)
        wanted = np.asarray(Pillow.fromarray(noise).resize(new[::-1], Pillow.Resampling.BICUBIC))
        levels = torch.from_numpy(noise)[None, None].to(device)
        if not np.array_equal(_in_turn(levels, new, False)[0, 0].cpu().numpy(), wanted):
            return True
    return False


def nearest(old: int, new: int) -> Int[np.ndarray, "new"]:
    """Return which of ``old`` pixels in a row each of ``new`` ones shows; places are added up as Pillow adds them."""
    step = old / new
    places = np.cumsum(np.concatenate([[step * 0.5], np.full(new - 1, step)]))
    return np.minimum(places.astype(np.int64), old - 1)


def bicubic(old: int, new: int) -> tuple[Int[np.ndarray, "taps new"], Int[np.ndarray, "taps new"]]:
    """Return the pixels of a row of ``old`` that each of ``new`` ones is made of, and their weights times 2**22.

    Where one is made of fewer than others, it has weights of 0.
    """
    scale = old / new
    stretch = max(scale, 1.0)
    middles = (np.arange(new) + 0.5) * scale
    first = np.maximum(middles - _REACH * stretch + 0.5, 0).astype(np.int64)
    last = np.minimum((middles + _REACH * stretch + 0.5).astype(np.int64), old)
    taps = first + np.arange(math.ceil(_REACH * stretch) * 2 + 1)[:, None]
    weights = np.where(taps < last, _kernel((taps - middles + 0.5) / stretch), 0.0)
    weights /= np.cumsum(weights, axis=0)[-1]
    whole = np.trunc(weights * 2**_BITS + np.copysign(0.5, weights)).astype(np.int64)
    return np.minimum(taps, old - 1), whole


def _kernel(distance: Float64[np.ndarray, "taps new"]) -> Float64[np.ndarray, "taps new"]:
    x = np.abs(distance)
    near = ((_A + 2.0) * x - (_A + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * _A
    return np.where(x < 1, near, np.where(x < _REACH, far, 0.0))


def _resampled(images: Levels, new: int, axis: int) -> Resized:
    """Return images of ``new`` pixels along an axis, tap after tap, so that memory is that of two results."""
    shape = [-1 if place == axis else 1 for place in range(4)]
    total: Tensor | None = None
    for places, weights in zip(*_bicubic_on(images.device, images.shape[axis], new), strict=True):
        part = images.index_select(axis, places).to(torch.int32) * weights.view(shape)
        total = part.add_(1 << (_BITS - 1)) if total is None else total.add_(part)
    assert total is not None, "a kernel has taps"
    return (total >> _BITS).clamp_(0, 255).to(torch.uint8)


@lru_cache(maxsize=64)
def _nearest_on(device: torch.device, old: int, new: int) -> Tensor:
    """Return the places on a device, kept there: to copy them would wait for all that it has to do."""
    with torch.inference_mode(False):
        return torch.from_numpy(nearest(old, new)).to(device)


@lru_cache(maxsize=64)
def _bicubic_on(device: torch.device, old: int, new: int) -> tuple[Tensor, Tensor]:
    """Return places and weights on a device, kept there."""
    places, weights = bicubic(old, new)
    with torch.inference_mode(False):
        return torch.from_numpy(places).to(device), torch.from_numpy(weights.astype(np.int32)).to(device)
