"""Places of frames around which there is one class alone, and how far those of a class are from others of that class.

A place is a cell of 4 by 4 pixels. Its features see its surroundings alone, and a place counts where these are of one
class. So what a class looks like is told apart from how much of a frame it takes, and from what lies beside it.

Source: the semantically aligned kernel distance of Richter, AlHaija and Koltun 2021 (sKVD), by true classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64, UInt8
from torch import Tensor

from recyclegan.arrays import ClassMap
from recyclegan.labels import VOID
from recyclegan.metrics.aligned import ClipKernel, clip_kernel
from recyclegan.metrics.deep_features import seen_size, sized
from recyclegan.metrics.distribution import NUM_PROJECTIONS, PATCH_SIDE, Samples, Slices
from recyclegan.tensors import Frames, to_frames

STRIDE = 4
"""Pixels from one place to the next."""
AROUND = 16
"""Pixels of a side of the square around a place that must be of one class: nearly all that its features see."""

PlaceMap = Float[Tensor, "batch features _ _"]
"""The features of the places of frames."""
FeaturesOf = Callable[[Frames], PlaceMap]
"""Maps frames in [-1, 1] to the features of their places."""


def patch_map(frames: Frames) -> Float[Tensor, "batch 147 rows columns"]:
    """Return the pixels of the patch of 7 by 7 around each place of frames of three channels."""
    frames = sized(frames)
    height, width = frames.shape[-2:]
    padded = F.pad(frames, (PATCH_SIDE // 2,) * 4, mode="reflect")
    return F.unfold(padded, PATCH_SIDE, stride=STRIDE).unflatten(2, (-(-height // STRIDE), -(-width // STRIDE)))


def place_classes(classes: ClassMap) -> UInt8[np.ndarray, "rows columns"]:
    """Return the class of each place, void where those around it are several."""
    ids = torch.tensor(classes, dtype=torch.float32)[None, None]
    ids = F.interpolate(ids, size=seen_size(classes.shape), mode="nearest-exact")
    largest, smallest = _largest_around(ids), -_largest_around(-ids)
    return largest.where(largest == smallest, torch.tensor(float(VOID)))[0, 0].byte().numpy()


def _largest_around(ids: PlaceMap) -> PlaceMap:
    return F.max_pool2d(ids, AROUND, STRIDE, (AROUND - STRIDE) // 2, ceil_mode=True)


@dataclass(frozen=True)
class Places:
    """Places of a set of footage, each with its class."""

    features: Samples
    classes: UInt8[np.ndarray, " _"]
    frame_of: Int64[np.ndarray, " _"]
    clip_of: Int64[np.ndarray, " frames"]
    """The number of the clip of each frame."""

    @property
    def num_clips(self) -> int:
        """Return how many clips there are, with those that show no place."""
        return 1 + int(self.clip_of.max(initial=0))

    def counts(self) -> Int64[np.ndarray, "256"]:
        """Return how many places there are of each class."""
        return np.bincount(self.classes, minlength=256)

    def of_frames(self, chosen: Bool[np.ndarray, " frames"]) -> "Places":
        """Return the places of some frames; these and their clips are numbered anew, without gaps."""
        rows = chosen[self.frame_of]
        frames = (np.cumsum(chosen) - 1)[self.frame_of[rows]]
        clips = np.unique(self.clip_of[chosen], return_inverse=True)[1]
        return Places(self.features[torch.from_numpy(rows)], self.classes[rows], frames, clips)

    def of_class(self, class_id: int) -> tuple[Samples, Int64[Tensor, " _"]]:
        """Return the features of the places of a class, and the number of the clip of each."""
        rows = self.classes == class_id
        return self.features[torch.from_numpy(rows)], torch.from_numpy(self.clip_of[self.frame_of[rows]])

    def relative_to(self, target: "Places", ids: Sequence[int]) -> "Places":
        """Return places whose features are less the target's mean, over its deviation; each class counts alike there.

        So the scale is that of the look, whatever the target shows most.
        """
        rows = [target.of_class(class_id)[0] for class_id in ids]
        mean = torch.stack([one.mean(dim=0) for one in rows]).mean(dim=0)
        deviation = torch.stack([(one - mean).square().mean(dim=0) for one in rows]).mean(dim=0).sqrt()
        features = (self.features - mean) / deviation.clamp(min=1e-6)
        return Places(features, self.classes, self.frame_of, self.clip_of)


def places_of(
    images: UInt8[np.ndarray, "frames height width 3"],
    classes: UInt8[np.ndarray, "frames height width"],
    clip_of: Int64[np.ndarray, " frames"],
    features_of: FeaturesOf,
    most: int,
    seed: int = 0,
) -> Places:
    """Return at most ``most`` places of each class from each image, drawn at random; the same seed draws the same."""
    rng = np.random.default_rng(seed)
    drawn = [_drawn(place_classes(one).ravel(), most, rng) for one in classes]
    maps = (features_of(to_frames(image[None]))[0] for image in images)
    rows = [one.flatten(1).T[torch.from_numpy(at)] for one, (at, _) in zip(maps, drawn, strict=True)]
    frame_of = np.repeat(np.arange(len(drawn)), [len(at) for at, _ in drawn])
    return Places(torch.cat(rows), np.concatenate([ids for _, ids in drawn]), frame_of, clip_of)


def _drawn(
    classes: UInt8[np.ndarray, " _"], most: int, rng: np.random.Generator
) -> tuple[Int64[np.ndarray, " drawn"], UInt8[np.ndarray, " drawn"]]:
    """Return where the drawn places of a frame are, and their classes."""
    ids = np.setdiff1d(classes, [VOID])
    chosen = [rng.permutation(np.flatnonzero(classes == class_id))[:most] for class_id in ids]
    at = np.concatenate([np.zeros(0, np.int64), *chosen])
    return at, classes[at]


def class_kernel(ours: Places, theirs: Places, class_id: int) -> ClipKernel:
    """Return the kernel between the places of a class in two sets."""
    (rows, clips), (others, other_clips) = ours.of_class(class_id), theirs.of_class(class_id)
    groups = F.one_hot(clips, ours.num_clips).double(), F.one_hot(other_clips, theirs.num_clips).double()
    return clip_kernel(rows, others, *groups)


def class_slices(ours: Places, theirs: Places, class_id: int, num_projections: int = NUM_PROJECTIONS) -> Slices:
    """Return the places of a class in two sets, in random directions."""
    (rows, _), (others, _) = ours.of_class(class_id), theirs.of_class(class_id)
    return Slices(rows, others, torch.Generator().manual_seed(0), num_projections)
