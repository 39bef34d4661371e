"""Whether translated frames look like footage of the target: distances between sets of frames."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.evaluation.clip_measures import as_frames
from recyclegan.evaluation.truth import Size
from recyclegan.metrics.aligned import AlignedDistance
from recyclegan.metrics.deep_features import Cells, deep_cells
from recyclegan.metrics.distribution import (
    NUM_PROJECTIONS,
    PATCHES_PER_FRAME,
    Extract,
    Gaussians,
    Kernels,
    Samples,
    Slices,
    draw_patches,
    frechet_distance,
    kernel_distance,
    patch_slices,
)
from recyclegan.metrics.intervals import (
    Counts,
    Draws,
    Interval,
    ManyCounts,
    Numbers,
    bootstrap_distances,
    mean_interval,
)
from recyclegan.metrics.temporal import sharpness

NUM_PATCHES = 128 * PATCHES_PER_FRAME
"""Patches of a set at most; sets of many frames give fewer of each."""
NUM_DISTANCE_DRAWS = 200
"""How often clips are drawn again for the interval of a distance, at most."""
DRAWN_PROJECTIONS = NUM_PROJECTIONS // 8
"""Directions that patches are compared in when clips are drawn again."""
BAND_NAMES = ("fine", "middle", "coarse")
ALIGNED = "aligned_kernel"
DEEP_NAMES = ("feature_frechet", "feature_kernel")
_LOWEST = {"kid": -np.inf, "feature_kernel": -np.inf}
"""The least that a distance can be, where it is not 0."""

Statistics = Callable[[ManyCounts, ManyCounts], Numbers]
"""Distances, from how often each clip of either set was drawn, draw by draw."""


@dataclass(frozen=True)
class Sample:
    """What is kept of a set of footage, frame by frame."""

    num_clips: int
    clip_of: list[int]
    """The number of the clip of each frame."""
    patches: list[Samples]
    """By frequency band; as many rows of each frame."""
    features: Float[Tensor, "_ network_features"] | None
    """One row a frame, where a network is given."""
    sharpness: list[float]
    cells: Cells | None = None
    """What EfficientNet-Lite0 sees in each frame, where it is asked."""

    @property
    def num_frames(self) -> int:
        """Return how many frames were looked at."""
        return len(self.clip_of)

    @property
    def clip_of_patches(self) -> Int[Tensor, " patches"]:
        """Return the number of the clip of each patch."""
        return torch.tensor(self.clip_of).repeat_interleave(len(self.patches[0]) // self.num_frames)

    def mean_sharpness(self, draws: Draws) -> Interval:
        """Return the mean over clips of the sharpness of their frames."""
        clip_of, sharp = np.array(self.clip_of), np.array(self.sharpness)
        return mean_interval([float(sharp[clip_of == clip].mean()) for clip in sorted(set(self.clip_of))], draws)


def sample_footage(
    clips: Sequence[Clip],
    size: Size,
    seeds: Sequence[int],
    extract: Extract | None,
    num_frames: int,
    step: Callable[[], None] = lambda: None,
    deep: bool = False,
) -> list[Sample]:
    """Return patches and features of at most ``num_frames`` frames, evenly spread over the clips, brought to one size.

    There is one sample for each seed, of other patches of the same frames; features, and with ``deep`` those of
    EfficientNet-Lite0, are in the first alone.

    Raises:
        InputError: a clip cannot be read, the frames are too small for patches, or weights are not installed.
    """
    rngs, resize = [torch.Generator().manual_seed(seed) for seed in seeds], Resize("rectangle", *size)
    count = min(num_frames, sum(clip.num_frames for clip in clips))
    per_frame = max(1, min(PATCHES_PER_FRAME, NUM_PATCHES // count))
    clip_of: list[int] = []
    patches: list[list[list[Samples]]] = [[] for _ in rngs]
    features: list[Samples] = []
    cells: list[Cells] = []
    sharp: list[float] = []
    for number, image in _spread(clips, num_frames):
        frames = as_frames(resize(image))
        clip_of.append(number)
        for drawn, rng in zip(patches, rngs, strict=True):
            drawn.append(draw_patches(frames, rng, per_frame))
        sharp.append(sharpness(frames).item())
        if extract:
            features.append(extract(frames))
        if deep:
            cells.append(deep_cells(frames))
        step()
    places, found = _renumbered(clip_of), torch.cat(features) if features else None
    bands = [[torch.cat(band) for band in zip(*drawn, strict=True)] for drawn in patches]
    first = Sample(len(set(clip_of)), places, bands[0], found, sharp, torch.cat(cells) if cells else None)
    return [first, *(replace(first, patches=own, features=None, cells=None) for own in bands[1:])]


def _renumbered(clip_of: Sequence[int]) -> list[int]:
    """Return the numbers of clips without gaps: a clip shorter than the stride may give no frame."""
    order = {number: place for place, number in enumerate(dict.fromkeys(clip_of))}
    return [order[number] for number in clip_of]


def _spread(clips: Sequence[Clip], num_frames: int) -> Iterator[tuple[int, Image]]:
    """Yield every k-th frame of the clips put end to end, k being the least that keeps to the number of frames."""
    stride = -(-sum(clip.num_frames for clip in clips) // num_frames)
    skip = stride // 2
    for number, clip in enumerate(clips):
        for image in _every(clip, skip, stride):
            yield number, image
        skip = (skip - clip.num_frames) % stride


def _every(clip: Clip, skip: int, stride: int) -> Iterator[Image]:
    if clip.kind == "frames":
        return replace(clip, files=clip.files[skip::stride]).images()
    return islice(clip.images(), skip, None, stride)


def distances(ours: Sample, target: Sample, draws: Draws, *, alike: bool = False) -> Mapping[str, Interval]:
    """Return every distance between two samples that both can have, by name, with intervals over clips.

    ``alike``: both are samples of the same clips, which are drawn again together.
    """
    return _with_intervals((*_statistics(ours, target), *_of_features(ours, target)), (ours, target), draws, alike)


def _with_intervals(
    found: Iterable[tuple[str, float, Statistics]], sets: tuple[Sample, Sample], draws: Draws, alike: bool
) -> dict[str, Interval]:
    draws = replace(draws, count=min(draws.count, NUM_DISTANCE_DRAWS))
    sizes = sets[0].num_clips, sets[1].num_clips
    return {
        name: bootstrap_distances(
            value, _alike(statistic) if alike else statistic, sizes, draws, lowest=_LOWEST.get(name, 0.0)
        )
        for name, value, statistic in found
    }


def distances_of_halves(sample: Sample, draws: Draws) -> Mapping[str, Interval]:
    """Return by name the distances of deep features between two halves of a sample: the least that can be reached.

    Each half holds every other clip; of an only clip it is the beginning and the end.
    """
    second = in_second_half(np.array(sample.clip_of))
    halves = _part(sample, ~second), _part(sample, second)
    first, other = halves
    return _with_intervals(_of_features(*halves), halves, draws, alike=False) | aligned_distance(
        first, first, other, draws
    )


def in_second_half(clip_of: Int[np.ndarray, " frames"]) -> Bool[np.ndarray, " frames"]:
    """Return which frames are of every other clip, or of the end of an only clip."""
    return clip_of % 2 == 1 if clip_of.any() else np.arange(len(clip_of)) >= len(clip_of) / 2


def aligned_distance(ours: Sample, source: Sample, target: Sample, draws: Draws) -> dict[str, Interval]:
    """Return by name the distance of translated frames to the target's cells of the kinds that their source shows."""
    if ours.cells is None or source.cells is None or target.cells is None:
        return {}
    found = AlignedDistance(ours.cells, source.cells, target.cells, (ours.clip_of, target.clip_of))
    sizes, draws = (ours.num_clips, target.num_clips), replace(draws, count=min(draws.count, NUM_DISTANCE_DRAWS))
    value = found.distance(np.ones(sizes[0], np.int64), np.ones(sizes[1], np.int64))
    return {ALIGNED: bootstrap_distances(value, found.distances, sizes, draws, lowest=-np.inf)}


def _part(sample: Sample, chosen: Bool[np.ndarray, " frames"]) -> Sample:
    """Return the deep features of some frames of a sample."""
    cells = sample.cells[torch.from_numpy(chosen)] if sample.cells is not None else None
    places = _renumbered([clip for clip, taken in zip(sample.clip_of, chosen, strict=True) if taken])
    return Sample(len(set(places)), places, [], None, [], cells)


def _alike(statistics: Statistics) -> Statistics:
    return lambda left, _: statistics(left, left)


def _statistics(ours: Sample, target: Sample) -> Iterator[tuple[str, float, Statistics]]:
    """Yield name and value of each distance, and the distances where clips count as often as they were drawn."""
    exact = patch_slices(ours.patches, target.patches)
    rough = patch_slices(ours.patches, target.patches, num_projections=DRAWN_PROJECTIONS)
    for name, slices, drawn in zip(BAND_NAMES, exact, rough, strict=True):
        yield f"patches_{name}", slices.distance(), _weighted(drawn, ours, target)


def _of_features(ours: Sample, target: Sample) -> Iterator[tuple[str, float, Statistics]]:
    """Yield the same of the distances of features, as far as both samples have them."""
    pooled = [None if one.cells is None else one.cells.mean(dim=(2, 3)) for one in (ours, target)]
    for (frechet, kernel), (left, right) in ((("fid", "kid"), (ours.features, target.features)), (DEEP_NAMES, pooled)):
        if left is not None and right is not None:
            yield frechet, frechet_distance(left, right), _redrawn(Gaussians(left, right), ours, target)
            yield kernel, kernel_distance(left, right), _redrawn(Kernels(left, right), ours, target)


def _weighted(slices: Slices, ours: Sample, target: Sample) -> Statistics:
    groups = ours.clip_of_patches, target.clip_of_patches

    def statistics(left: ManyCounts, right: ManyCounts) -> Numbers:
        ours, theirs = (torch.from_numpy(counts).float() for counts in (left, right))
        return slices.distances(ours, theirs, *groups).double().numpy()

    return statistics


def _redrawn(sets: Gaussians | Kernels, ours: Sample, target: Sample) -> Statistics:
    def statistics(left: ManyCounts, right: ManyCounts) -> Numbers:
        pairs = zip(left, right, strict=True)
        return np.array([sets.distance(_of_frames(ours, one), _of_frames(target, other)) for one, other in pairs])

    return statistics


def _of_frames(sample: Sample, counts: Counts) -> Float[Tensor, " frames"]:
    """Return how often each frame was drawn."""
    return torch.from_numpy(counts[sample.clip_of]).float()
