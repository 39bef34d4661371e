"""Pairs of neighbouring frames, spread over clips, and the motion between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

import numpy as np
from jaxtyping import UInt8

from recyclegan.arrays import Picture
from recyclegan.calibration.fit import Parts, decompose, joined
from recyclegan.data import Clip, Crop, Resize, find_clips, index_data
from recyclegan.errors import InputError
from recyclegan.flow import visible
from recyclegan.metrics.flow_estimation import consistent, dis_flows
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.frames import Reading
from recyclegan.tensors import Flow, Mask, to_frames
from recyclegan.video import STRICT, read_frame, read_image

SMALLEST_TRUSTED = 0.3
"""Share of pixels whose flow must prove right; across a cut hardly any does."""
SMALLEST_MOTION = 0.05
"""Mean length of the flow, in pixels at a shorter side of 256, below which a pair is still."""

Footage = Mapping[str, Sequence[Clip]]
"""The clips of each domain, or of the one place that was named."""
TwoFrames = UInt8[np.ndarray, "2 height width channels"]


def footage_of(place: AnyPath, triplets: bool = False, reading: Reading = STRICT) -> dict[str, tuple[Clip, ...]]:
    """Return the training clips of a data folder by domain, or the clips of any other folder, or a video, by its name.

    Raises:
        InputError: there is no footage.
    """
    place = as_path(place)
    if (place / "train").is_dir():
        clips = index_data(place, "train", triplets=triplets, reading=reading)
        return {domain.upper(): found for domain, found in clips.items()}
    name = place.resolve().name
    if place.is_file():
        return {name: (Clip(place.stem, "video", (place,), reading),)}
    return {name: find_clips(place, triplets, reading)}


@dataclass(frozen=True)
class Pair:
    """A frame of a clip and the one after it."""

    clip: Clip
    index: int
    """Of the earlier frame."""

    def images(self) -> tuple[Picture, Picture]:
        """Return both frames, the earlier one first.

        Raises:
            InputError: a file cannot be read.
        """
        files = self.clip.files
        match self.clip.kind:
            case "video":
                reading = self.clip.reading
                return read_frame(files[0], self.index, reading), read_frame(files[0], self.index + 1, reading)
            case "frames":
                return read_image(files[self.index]), read_image(files[self.index + 1])
            case "triplet":
                earlier, later = islice(self.clip.images(), self.index, self.index + 2)
                return earlier, later


def draw_pairs(clips: Sequence[Clip], num_pairs: int, rng: np.random.Generator) -> list[Pair]:
    """Return pairs spread evenly over all neighbouring frames of all clips: one drawn from each of equal stretches.

    There are fewer than ``num_pairs`` where there are fewer neighbours.
    """
    all_pairs = [max(0, clip.num_frames - 1) for clip in clips]
    ends = list(accumulate(all_pairs))
    count = min(num_pairs, ends[-1])
    places = ((np.arange(count) + rng.random(count)) * ends[-1] / max(count, 1)).astype(int)
    numbers = np.searchsorted(ends, places, side="right")
    return [Pair(clips[n], int(place) - ends[n] + all_pairs[n]) for n, place in zip(numbers, places, strict=True)]


@dataclass(frozen=True)
class View:
    """Frames as training takes them: resized, then cropped at a place of chance."""

    resize: Resize
    crop: Crop

    def __call__(self, pair: Pair, rng: np.random.Generator) -> TwoFrames:
        """Return both frames, cropped at the same place.

        Raises:
            InputError: a file cannot be read, the frames differ in size, or they are smaller than the crop.
        """
        earlier, later = (self.resize(image) for image in pair.images())
        (height, width), wanted = earlier.shape[:2], self.crop.size(*earlier.shape[:2])
        if later.shape != earlier.shape:
            found = f"{width}x{height} and {later.shape[1]}x{later.shape[0]}"
            raise InputError(f"{pair.clip.name}: neighbouring frames are {found} after resizing; make all one size")
        if height < wanted[0] or width < wanted[1]:
            raise InputError(
                f"{pair.clip.name}: frames are {width}x{height} after resizing, smaller than the crop of "
                f"{wanted[1]}x{wanted[0]}; resize to a larger size or crop to a smaller one"
            )
        return self.crop(np.stack([earlier, later]), rng)


def flow_between(frames: TwoFrames) -> tuple[Flow, Mask]:
    """Return the backward flow that DIS finds, and the pixels where it stays inside and agrees with the forward flow.

    Raises:
        InputError: OpenCV is not installed, or the frames are too small.
    """
    earlier, later = to_frames(frames).split(1)
    backward, forward = dis_flows(earlier, later), dis_flows(later, earlier)
    return backward, visible(backward) & consistent(backward, forward)


@dataclass(frozen=True)
class Seen:
    """The motion of the pairs of one domain."""

    parts: Parts | None
    """Of the pairs that moved; None where none did."""
    num_pairs: int
    """Pairs that were looked at."""
    num_still: int
    """Those without motion."""
    num_cuts: int
    """Those whose flow did not prove right: cuts, or motion that is too fast."""


def look(
    clips: Sequence[Clip],
    view: View,
    num_pairs: int,
    seed: tuple[int, ...],
    progress: Callable[[int, int], None],
) -> Seen:
    """Return the motion of pairs of neighbouring frames; cuts and still pairs are counted and left out.

    Raises:
        InputError: as :class:`View` and :func:`flow_between`.
    """
    rng = np.random.default_rng(seed)
    moving: list[Parts] = []
    num_still = num_cuts = 0
    pairs = draw_pairs(clips, num_pairs, rng)
    for done, pair in enumerate(pairs, start=1):
        flow, trusted = flow_between(view(pair, rng))
        progress(done, len(pairs))
        if trusted.float().mean() < SMALLEST_TRUSTED:
            num_cuts += 1
            continue
        parts = decompose(flow, trusted)
        if parts.length < SMALLEST_MOTION:
            num_still += 1
        else:
            moving.append(parts)
    return Seen(joined(moving) if moving else None, len(pairs), num_still, num_cuts)


@dataclass(frozen=True)
class Example:
    """A pair of frames to be shown."""

    name: str
    """Its domain and clip, and the number of the earlier frame."""
    frames: TwoFrames
    flow: Flow
    """The flow between them."""
    trusted: Mask
    """The pixels where it is trusted."""


def examples(footage: Footage, view: View, count: int, seed: int) -> list[Example]:
    """Return pairs of each domain with the flow between them, cuts left out.

    Raises:
        InputError: as `look`.
    """
    rng, seen = np.random.default_rng(seed), []
    for domain, clips in footage.items():
        for pair in draw_pairs(clips, count, rng):
            frames = view(pair, rng)
            seen.append(Example(f"{domain}: {pair.clip.name}, frame {pair.index}", frames, *flow_between(frames)))
    return [example for example in seen if example.trusted.float().mean() >= SMALLEST_TRUSTED]
