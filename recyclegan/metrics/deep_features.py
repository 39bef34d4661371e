"""What a network that knows ImageNet sees in frames: for realism, for the structure that a translation keeps.

The middle layer of EfficientNet-Lite0: 112 channels at a sixteenth of the size. Frames are first brought to a size near
that of its training, so that small and large ones are seen alike.
"""

from functools import cache
from itertools import islice

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.features.efficientnet import EfficientNetLite0, load_efficientnet
from recyclegan.tensors import Frames

STAGE = 4
"""The stage whose output counts."""
FINE_STAGE = 1
"""The stage whose output tells what small places look like."""
SMALLEST, LARGEST = 128, 224
"""Pixels of the shorter side that the network sees at least and at most."""
BANDS, COLUMNS = 4, 8
"""Cells of a frame, from top to bottom and from left to right."""

DeepMap = Float[Tensor, "batch 112 _ _"]
Cells = Float[Tensor, "_ 112 4 8"]
"""The mean features of each cell of frames."""


def deep_map(frames: Frames) -> DeepMap:
    """Return the features of frames in [-1, 1], of one channel or three.

    Raises:
        InputError: the weights are not installed.
    """
    return _after_stage(frames, STAGE)


def fine_map(frames: Frames) -> Float[Tensor, "batch 24 _ _"]:
    """Return features of small things: those after the second stage, at a quarter of the size that the network sees.

    Each sees a square of 19 pixels.

    Raises:
        InputError: the weights are not installed.
    """
    return _after_stage(frames, FINE_STAGE)


@torch.inference_mode()
def _after_stage(frames: Frames, stage: int) -> Float[Tensor, "batch _ _ _"]:
    colours = frames.expand(-1, 3, -1, -1)
    return next(islice(_network().stages(sized(colours)), stage, None)).contiguous()


@cache
def _network() -> EfficientNetLite0:
    """Return the network, read once a process."""
    return load_efficientnet()


def sized(frames: Frames) -> Float[Tensor, "batch channels _ _"]:
    """Return frames with 128 to 224 pixels on their shorter side."""
    height, width = frames.shape[-2:]
    size = seen_size((height, width))
    if size == (height, width):
        return frames
    return F.interpolate(frames, size=size, mode="bilinear", antialias=True, align_corners=False)


def seen_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the height and width that the network sees of frames of a height and width."""
    short = min(size)
    scale = min(max(short, SMALLEST), LARGEST) / short
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def deep_cells(frames: Frames) -> Cells:
    """Return the mean features in each of 4 bands by 8 columns of frames in [-1, 1]."""
    return F.adaptive_avg_pool2d(deep_map(frames), (BANDS, COLUMNS)).contiguous()


def structure_distance(left: DeepMap, right: DeepMap) -> Float[Tensor, " batch"]:
    """Return how far two frames differ in what is like what within them: 0 for the same, at most 4.

    The mean squared difference of their self-similarities: the cosine of the features of each place with those of each
    other place. Colours and light hardly count, what stands where does. Two frames of one drive are some hundredths
    apart.

    Source: Tumanyan et al. 2022 (splicing ViT features), on features of ours.
    """
    return (_self_similarity(left) - _self_similarity(right)).square().mean(dim=(1, 2))


def _self_similarity(features: DeepMap) -> Float[Tensor, "batch _ _"]:
    places = F.normalize(features.flatten(2), dim=1)
    return places.transpose(1, 2) @ places
