"""Whether translated frames look like footage of the target: distances between sets of frames."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.evaluation.clips import as_frames
from recyclegan.evaluation.footage import Size
from recyclegan.metrics.distribution import (
    Extract,
    Samples,
    draw_patches,
    frechet_distance,
    kernel_distance,
    patch_distance,
)
from recyclegan.metrics.temporal import sharpness
from recyclegan.tensors import Image

NUM_FRAMES = 128
BAND_NAMES = ("fine", "middle", "coarse")


@dataclass(frozen=True)
class Sample:
    """What is kept of a set of footage: patches by frequency band, features where a network is given, sharpness."""

    num_clips: int
    num_frames: int
    patches: list[Samples]
    features: Float[Tensor, "_ network_features"] | None
    sharpness: float


def sample_footage(clips: Sequence[Clip], size: Size, seed: int, extract: Extract | None) -> Sample:
    """Return patches and features of at most 128 frames, evenly spread over the clips and brought to one size.

    Raises:
        InputError: a clip cannot be read, or the frames are too small for patches.
    """
    rng, resize = torch.Generator().manual_seed(seed), Resize("rectangle", *size)
    patches: list[list[Samples]] = []
    features: list[Samples] = []
    sharp: list[float] = []
    for image in _spread(clips):
        frames = as_frames(resize(image))
        patches.append(draw_patches(frames, rng))
        sharp.append(sharpness(frames).item())
        if extract:
            features.append(extract(frames))
    bands = [torch.cat(band) for band in zip(*patches, strict=True)]
    joined = torch.cat(features) if features else None
    return Sample(len(clips), len(patches), bands, joined, sum(sharp) / len(sharp))


def _spread(clips: Sequence[Clip]) -> Iterator[Image]:
    """Yield every k-th frame of the clips put end to end, k being the least that keeps to the number of frames."""
    stride = -(-sum(clip.num_frames for clip in clips) // NUM_FRAMES)
    return islice((image for clip in clips for image in clip.images()), stride // 2, None, stride)


def distances(ours: Sample, target: Sample) -> Mapping[str, float]:
    """Return every distance between two samples that both can have, by name."""
    bands = patch_distance(ours.patches, target.patches)
    found = {f"patches_{name}": value for name, value in zip(BAND_NAMES, bands, strict=True)}
    if ours.features is not None and target.features is not None:
        found["fid"] = frechet_distance(ours.features, target.features)
        found["kid"] = kernel_distance(ours.features, target.features)
    return found
