"""The vocabulary: what the tensors and arrays that pass between modules are called.

Frames are in [-1, 1]. A flow is in pixels, channel 0 = dx (to the right), channel 1 = dy (down), and belongs to
*backward* warping: the pixel at ``p`` of the warped frame comes from ``p - flow(p)`` of the source.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int, UInt8
from torch import Tensor

Domain = Literal["a", "b"]
Direction = Literal["ab", "ba"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

Frames = Float[Tensor, "batch channels height width"]
Translated = Float[Tensor, "batch channels_out height width"]
Clips = Float[Tensor, "batch time channels height width"]
Flow = Float[Tensor, "batch 2 height width"]
Mask = Bool[Tensor, "batch 1 height width"]
Scalar = Float[Tensor, ""]
Losses = dict[str, Scalar]

Translate = Callable[[Frames], Frames]
"""Anything that maps frames to frames of the same size: a generator, a warp, a network of somebody else's."""

Image = UInt8[np.ndarray, "height width channels"]
ClassMap = UInt8[np.ndarray, "height width"]
FlowArray = Float32[np.ndarray, "height width 2"]
MaskArray = Bool[np.ndarray, "height width"]
Colours = tuple[tuple[int, int, int], ...]
"""Red, green and blue (0 to 255) of each class of label maps, as configurations and cards hold them."""
Palette = Int[np.ndarray, "classes 3"]


def source_domain(way: Direction) -> Domain:
    """Return the domain that ``way`` starts from: ``"ab"`` starts from ``"a"``."""
    return "a" if way == "ab" else "b"


def target_domain(way: Direction) -> Domain:
    """Return the domain that ``way`` ends in: ``"ab"`` ends in ``"b"``."""
    return "b" if way == "ab" else "a"


def opposite(way: Direction) -> Direction:
    """Return the direction back: ``"ba"`` for ``"ab"``."""
    return "ba" if way == "ab" else "ab"


def to_frames(images: UInt8[np.ndarray, "batch height width channels"]) -> Frames:
    """Return 8-bit images as float frames in [-1, 1] (0 becomes -1, 255 becomes 1)."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def to_images(frames: Frames) -> UInt8[np.ndarray, "batch height width channels"]:
    """Return frames as 8-bit images, rounded to the nearest level; values outside [-1, 1] are clamped."""
    levels = frames.detach().float().add(1).mul(127.5).round().clamp(0, 255)
    return levels.byte().permute(0, 2, 3, 1).cpu().numpy()
