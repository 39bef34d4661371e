"""The vocabulary: what the tensors that pass between modules are called.

Frames are in [-1, 1]. A flow is in pixels, channel 0 = dx (to the right), channel 1 = dy (down), and belongs to
*backward* warping: the pixel at ``p`` of the warped frame comes from ``p - flow(p)`` of the source.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

Frames = Float[Tensor, "batch channels height width"]
Translated = Float[Tensor, "batch channels_out height width"]
Clips = Float[Tensor, "batch time channels height width"]
Levels = UInt8[Tensor, "batch height width channels"]
Flow = Float[Tensor, "batch 2 height width"]
Mask = Bool[Tensor, "batch 1 height width"]
Scalar = Float[Tensor, ""]
Losses = dict[str, Scalar]
Terms = Iterator[tuple[str, Scalar]]
"""Weighted terms of a loss by name, each computed when it is asked for."""

Translate = Callable[[Frames], Frames]
"""Anything that maps frames to frames of the same size: a generator, a warp, a network of somebody else's."""


def to_frames(images: UInt8[np.ndarray, "batch height width channels"]) -> Frames:
    """Return 8-bit images as float frames in [-1, 1] (0 becomes -1, 255 becomes 1)."""
    return scaled(torch.from_numpy(np.array(images)).permute(0, 3, 1, 2))


def scaled(levels: UInt8[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return 8-bit levels as floats in [-1, 1] on the same device: the same bits on each."""
    scale = torch.full((), 127.5, device=levels.device)  # CUDA multiplies by the reciprocal of a plain number
    return levels.float().div_(scale).sub_(1)


def to_images(frames: Frames) -> UInt8[np.ndarray, "batch height width channels"]:
    """Return frames as 8-bit images, rounded to the nearest level; values outside [-1, 1] are clamped."""
    levels = frames.detach().float().add(1).mul(127.5).round().clamp(0, 255)
    return levels.byte().permute(0, 2, 3, 1).cpu().numpy()
