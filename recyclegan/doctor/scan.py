"""A look at every clip of a data folder: a few frames as thumbnails, sizes, times and colours.

What the colours of frames say about label maps: how flat they are, how many there are, and whose palette is near.
"""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, sqrt
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data import Clip, index_data
from recyclegan.data.index import SPLITS
from recyclegan.doctor.finding import Finding, from_error
from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError
from recyclegan.labels import LABEL_SETS, snap
from recyclegan.metrics.pictures import Thumb, Thumbs, thumbnail
from recyclegan.pace import Show
from recyclegan.settings.frames import Labels
from recyclegan.video import VideoInfo, check_whole, image_size, probe, read_frame, read_image, shown_times

SAMPLED_PIXELS = 16_384
"""Pixels of a frame whose colours are counted, evenly spread."""
NEAR = 40
"""Distance in RGB (Euclidean, levels of 255) up to which a colour passes for a smeared one of a palette."""
DARK = 48
"""Level of 255 below which all channels of a dark pixel are."""
LEAST_BRIGHT = 0.1
"""Share of bright pixels up to which nothing can be told of the others."""
MANY = 256
"""Colours that are kept count of, the most frequent ones; also the most that a label map may hold."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Colours:
    """Colours counted in some pixels; two of them add up."""

    num_pixels: int = 0
    num_flat: int = 0
    """Bright pixels that equal those to the right and below."""
    num_bright: int = 0
    """Pixels that are not dark: the night is black in footage as well as in label maps."""
    num_distinct: int = 0
    """Distinct colours; over several frames, at least as many as in any of them."""
    common: Counter[Colour] = field(default_factory=Counter)
    """How many pixels have each of the most frequent colours."""
    exact: Counter[str] = field(default_factory=Counter)
    """How many pixels have a colour of each known label set."""
    near: Counter[str] = field(default_factory=Counter)
    """How many pixels have a colour close to one of each known label set, dark ones left out."""

    def __add__(self, other: "Colours") -> "Colours":
        common = self.common + other.common
        return Colours(
            self.num_pixels + other.num_pixels,
            self.num_flat + other.num_flat,
            self.num_bright + other.num_bright,
            max(self.num_distinct, other.num_distinct, len(common)),
            Counter(dict(common.most_common(4 * MANY))),
            self.exact + other.exact,
            self.near + other.near,
        )

    @property
    def flatness(self) -> float:
        """Return the share of bright pixels that equal their neighbours, near 1 in label maps; 0 where all is dark."""
        return self.num_flat / self.num_bright if self.num_bright > LEAST_BRIGHT * self.num_pixels else 0.0

    def frequent(self, least: float) -> float:
        """Return the share of bright pixels whose colour at least ``least`` pixels have."""
        kept = sum(count for colour, count in self.common.items() if count >= least and max(colour) >= DARK)
        return kept / max(1, self.num_bright)


def count_colours(image: Image) -> Colours:
    """Return the colours of evenly spread pixels of a frame."""
    height, width, _ = image.shape
    stride = ceil(sqrt(height * width / SAMPLED_PIXELS))
    pixels = image[:-1:stride, :-1:stride]
    flat = (pixels == image[:-1:stride, 1::stride]).all(2) & (pixels == image[1::stride, :-1:stride]).all(2)
    flat &= pixels.max(axis=2) >= DARK
    packed = pixels.reshape(-1, 3).astype(np.int64) @ (1 << 16, 1 << 8, 1)
    packed, counts = np.unique(packed, return_counts=True)
    distinct = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
    frequent = np.argsort(counts)[::-1][:MANY]
    bright = counts * (distinct.max(axis=1, initial=0) >= DARK)
    exact, near = Counter[str](), Counter[str]()
    for name, labels in LABEL_SETS.items():
        exact[name] = int(counts[_distance(distinct, labels.painted.astype(np.int64)) == 0].sum())
        distance = _distance(distinct, labels.colours.astype(np.int64))
        near[name] = int(bright[distance <= NEAR].sum())
    common = {_colour(distinct[row]): int(counts[row]) for row in frequent}
    num_pixels, num_bright = int(counts.sum()), int(bright.sum())
    return Colours(num_pixels, int(flat.sum()), num_bright, len(distinct), Counter(common), exact, near)


def _distance(colours: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return how far each colour is from the nearest one of a palette."""
    nearest = snap(colours[None], palette)[0]
    return np.linalg.norm(colours.astype(float) - nearest, axis=1)


def _colour(row: np.ndarray) -> Colour:
    red, green, blue = (int(level) for level in row)
    return red, green, blue


LONG = 3000
"""Frames above which a video with an index is sampled by seeking instead of being decoded whole."""
FEW = 16
"""Frames that are looked at of a long video."""
COLOUR_FRAMES = 8
"""Frames of a clip whose colours are counted."""
TIMED_FRAMES = 500
"""Frames at the start of a video whose times are read."""


@dataclass(frozen=True)
class View:
    """What was seen of a clip."""

    split: str
    domain: Domain
    clip: Clip
    num_frames: int
    size: tuple[int, int]
    """Height and width of the first frame."""
    sizes: Counter[tuple[int, int]]
    """How many frames have each size."""
    places: tuple[int, ...]
    """Numbers of the frames that were looked at, spread evenly over the clip."""
    thumbs: Thumbs
    """Those frames, small."""
    colours: Colours
    video: VideoInfo | None
    """What the file says about itself, where the clip is a video."""
    times: tuple[float, ...]
    """Seconds at which the first frames of a video are shown."""

    @property
    def name(self) -> str:
        """Return the clip's path below the data folder."""
        return clip_name(self.split, self.domain, self.clip)


@dataclass(frozen=True)
class Scan:
    """What was seen of a data folder, and what the user says of it."""

    root: Path
    views: tuple[View, ...]
    absent: tuple[Finding, ...]
    """What is said of folders that are missing or empty."""
    damaged: tuple[Finding, ...]
    """What is said of files that cannot be read."""
    size: tuple[int, int] | None = None
    """Height and width in pixels of the frames to train on, where they are known."""
    labels: Labels | None = None
    """Domains that hold label maps, where it is known."""
    progress: Show = field(default=lambda *_: None)

    @cached_property
    def domains(self) -> dict[Domain, tuple[View, ...]]:
        """Return the clips to train on of each domain that has any."""
        return {domain: views for domain in DOMAINS if (views := self.of("train", domain))}

    def of(self, split: str, domain: Domain) -> tuple[View, ...]:
        """Return the clips of a split and a domain."""
        return tuple(view for view in self.views if (view.split, view.domain) == (split, domain))


def clip_name(split: str, domain: Domain, clip: Clip) -> str:
    """Return the clip's path below the data folder."""
    suffix = clip.files[0].suffix if clip.kind == "video" and not clip.name.endswith(clip.files[0].suffix) else ""
    return f"{split}/{domain.upper()}/{clip.name}{suffix}"


def look_at(root: Path, frames: int, size: tuple[int, int] | None, labels: Labels | None, progress: Show) -> Scan:
    """Return what is seen of a data folder in ``frames`` frames of each clip, spread evenly over it."""
    absent: list[Finding] = []
    found: list[tuple[str, Domain, Clip]] = []
    for split in (split for split in SPLITS if split == "train" or (root / split).is_dir()):
        for domain in DOMAINS:
            try:
                found += [(split, domain, clip) for clip in index_data(root, split, (domain,))[domain]]
            except InputError as error:
                absent.append(from_error(error))
    damaged: list[Finding] = []
    views: list[View] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        looks = pool.map(lambda one: _look_at_clip(one[0], one[1], one[2], frames, damaged), found)
        for done, view in enumerate(looks, start=1):
            views += [view] if view else []
            progress(done, len(found), "looking at clips")
    damaged.sort(key=lambda finding: finding.what)
    return Scan(root, tuple(views), tuple(dict.fromkeys(absent)), tuple(damaged), size, labels, progress)


def _look_at_clip(split: str, domain: Domain, clip: Clip, frames: int, damaged: list[Finding]) -> View | None:
    """Return what is seen of a clip, or nothing of one that cannot be read; what cannot be is added to ``damaged``."""
    try:
        clip, sizes = _readable(clip, damaged)
        if not clip.files:
            return None
        num_frames = clip.num_frames
        video = probe(clip.files[0]) if clip.kind == "video" else None
        places = spread(num_frames, FEW if _is_long(clip) else frames)
        images = dict(_seen(clip, places, damaged))
    except InputError as error:
        damaged.append(from_error(error))
        return None
    if not images:
        return None
    shapes = [seen.full_size for seen in images.values()]
    return View(
        split,
        domain,
        clip,
        num_frames,
        size=shapes[0],
        sizes=sizes or Counter({shapes[0]: num_frames}),
        places=tuple(images),
        thumbs=np.stack([seen.thumb for seen in images.values()]),
        colours=sum((seen.colours for seen in images.values()), Colours()),
        video=video,
        times=tuple(map(float, shown_times(clip.files[0], TIMED_FRAMES))) if video else (),
    )


def spread(num_frames: int, wanted: int) -> list[int]:
    """Return the numbers of at most ``wanted`` frames, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, num_frames - 1, min(wanted, num_frames))})


@dataclass(frozen=True)
class _Seen:
    full_size: tuple[int, int]
    thumb: Thumb
    colours: Colours


def _seen(clip: Clip, places: list[int], damaged: list[Finding]) -> Iterator[tuple[int, _Seen]]:
    counted = {places[number] for number in spread(len(places), COLOUR_FRAMES)}
    for place, image in images_at(clip, places, damaged):
        colours = count_colours(image) if place in counted else Colours()
        yield place, _Seen((image.shape[0], image.shape[1]), thumbnail(image), colours)


def images_at(clip: Clip, places: list[int], damaged: list[Finding]) -> Iterator[tuple[int, Image]]:
    """Yield (number, frame) of a clip; image files that cannot be read are left out and added to ``damaged``.

    Raises:
        InputError: the video cannot be read.
    """
    if clip.kind == "video":
        yield from _video_frames(clip, places)
        return
    for place in places:
        try:
            yield place, read_image(clip.files[place])
        except InputError as error:
            damaged.append(from_error(error))


def _is_long(clip: Clip) -> bool:
    """Return whether a clip is a video that is too long to be decoded whole, and has an index to find frames by."""
    return clip.kind == "video" and (probe(clip.files[0]).num_frames or 0) > LONG


def _video_frames(clip: Clip, places: list[int]) -> Iterator[tuple[int, Image]]:
    if _is_long(clip):
        check_whole(clip.files[0])
        yield from ((place, read_frame(clip.files[0], place)) for place in places)
        return
    wanted = set(places)
    for number, image in enumerate(clip.images()):
        if number in wanted:
            yield number, image


def _readable(clip: Clip, damaged: list[Finding]) -> tuple[Clip, Counter[tuple[int, int]]]:
    """Return the clip without image files whose first bytes are damaged, and how many frames have each size."""
    if clip.kind == "video":
        return clip, Counter()
    sizes: dict[Path, tuple[int, int]] = {}
    for file in clip.files:
        try:
            sizes[file] = image_size(file)
        except InputError as error:
            damaged.append(from_error(error))
    return Clip(clip.name, clip.kind, tuple(sizes)), Counter(sizes.values())
