"""What is evaluated: translated clips beside their sources, and beside the truth where there is one.

Truth is a folder that holds, for a clip called NAME, either ``NAME.npz`` with ``classes`` [time, height, width] (8-bit
ids), ``flow_backward`` [time, height, width, 2] (pixels) and ``visible_backward`` [time, height, width], or label maps
(a video or a folder of frames called NAME) in the colours of a label set, which tell the classes alone.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from recyclegan.data.index import Clip, find_clips
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError, nearest
from recyclegan.labels import LabelSet, colourize, nearest_class
from recyclegan.tensors import ClassMap, FlowArray, Image, MaskArray
from recyclegan.video import VIDEO_SUFFIXES

TRUTH_KEYS = ("classes", "flow_backward", "visible_backward")

Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True)
class FrameTruth:
    """What is known of a frame: its classes, and, from a renderer, how it came out of the frame before."""

    classes: ClassMap
    flow: FlowArray | None = None
    visible: MaskArray | None = None


@dataclass(frozen=True)
class Moment:
    """One frame of a clip: translated, its source at the same size, and the truth at the same size."""

    index: int
    translated: Image
    source: Image
    truth: FrameTruth | None


@dataclass(frozen=True)
class PairedClip:
    """A translated clip and its source, equally long, and where the truth lies."""

    translated: Clip
    source: Clip
    truth: Path | Clip | None = None
    labels: LabelSet | None = None

    @property
    def name(self) -> str:
        """Return the name that the translated clip has."""
        return self.translated.name

    @property
    def size(self) -> Size:
        """Return the height and width that everything is measured at: those of the translated frames."""
        return self.translated.size

    def moments(self) -> Iterator[Moment]:
        """Yield the frames in order.

        Raises:
            InputError: a file cannot be read, or frames change their size within the clip.
        """
        resize = Resize("rectangle", *self.size)
        frames = zip(self.translated.images(), self.source.images(), self._truths(), strict=True)
        for index, (translated, source, truth) in enumerate(frames):
            if translated.shape[:2] != self.size:
                found, expected = (f"{size[1]}x{size[0]}" for size in (translated.shape, self.size))
                raise InputError(
                    f"{self.name}: frame {index} is {found}, expected {expected}; make all frames one size"
                )
            yield Moment(index, translated, resize(source), truth)

    def _truths(self) -> Iterator[FrameTruth | None]:
        if isinstance(self.truth, Path):
            return _read_truth(self.truth, self.size, self.source.num_frames)
        if self.truth is not None and self.labels is not None:
            return _label_truth(self.truth, self.labels, self.size)
        return repeat(None, self.source.num_frames)


def pair_clips(
    translated: Path, source: Path, truth: Path | None = None, labels: LabelSet | None = None
) -> list[PairedClip]:
    """Return every translated clip with its source and truth of the same name; two single videos pair as they are.

    Raises:
        InputError: a clip has no source, is of another length, or has no truth where truth is given.
    """
    ours, theirs = clips_at(translated), clips_at(source)
    if len(ours) == len(theirs) == 1:
        pairs = [(ours[0], theirs[0])]
    else:
        known = {clip.name: clip for clip in theirs}
        pairs = [(clip, _named(clip.name, known, source)) for clip in ours]
    for clip, origin in pairs:
        _check_length(clip, origin)
    if truth and truth.is_file() and len(pairs) > 1:
        raise InputError(
            f"{truth}: is the truth of one clip, found {len(pairs)} clips; name a folder with one file a clip"
        )
    return [PairedClip(clip, origin, _truth_of(origin, truth, labels), labels) for clip, origin in pairs]


def clips_at(place: Path) -> tuple[Clip, ...]:
    """Return the clips of a folder, or the one that a video file is.

    Raises:
        InputError: there is nothing, or something else.
    """
    if not place.exists():
        raise InputError(f"{place}: no such video or folder; expected a video, or a folder of videos or frames")
    if place.is_dir():
        return find_clips(place)
    if place.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"{place}: is no video; expected one of {', '.join(sorted(VIDEO_SUFFIXES))}, or a folder")
    return (Clip(place.stem, "video", (place,)),)


def _named(name: str, known: dict[str, Clip], place: Path) -> Clip:
    if name not in known:
        raise InputError(
            f"{place}: holds no clip {name}{nearest(name, known)}; translated clips keep their source's name"
        )
    return known[name]


def _check_length(clip: Clip, source: Clip) -> None:
    if clip.num_frames != source.num_frames:
        raise InputError(
            f"{clip.name}: {clip.num_frames} frames, its source has {source.num_frames}; translate the whole clip again"
        )


def _truth_of(source: Clip, folder: Path | None, labels: LabelSet | None) -> Path | Clip | None:
    if folder is None:
        return None
    path = folder if folder.is_file() else folder / f"{source.name}.npz"
    if path.is_file():
        return path
    if labels is None:
        raise InputError(f"{path}: no such file; expected the truth of {source.name}, or label maps with --labels")
    truth = _named(source.name, {clip.name: clip for clip in find_clips(folder)}, folder)
    _check_length(truth, source)
    return truth


def _read_truth(path: Path, size: Size, num_frames: int) -> Iterator[FrameTruth]:
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: is no .npz file; expected arrays {', '.join(TRUTH_KEYS)}")
    with np.load(path, allow_pickle=False) as file:
        if missing := [key for key in TRUTH_KEYS if key not in file]:
            raise InputError(f"{path}: holds no {', '.join(missing)}; expected arrays {', '.join(TRUTH_KEYS)}")
        arrays = [file[key] for key in TRUTH_KEYS]
    if lengths := {len(array) for array in arrays} - {num_frames}:
        raise InputError(
            f"{path}: tells {min(lengths)} frames, the clip has {num_frames}; make the truth of the whole clip"
        )
    return (_resized(FrameTruth(*_typed(frame)), size) for frame in zip(*arrays, strict=True))


def _typed(frame: Sequence[np.ndarray]) -> tuple[ClassMap, FlowArray, MaskArray]:
    classes, flow, visible = frame
    return classes.astype(np.uint8), flow.astype(np.float32), visible.astype(bool)


def _label_truth(clip: Clip, labels: LabelSet, size: Size) -> Iterator[FrameTruth]:
    return (_resized(FrameTruth(nearest_class(image, labels)), size) for image in clip.images())


def merged(classes: ClassMap, labels: LabelSet) -> ClassMap:
    """Return the classes with those that share a colour made one: a picture in colours cannot tell them apart."""
    return nearest_class(colourize(classes, labels), labels)


def _resized(truth: FrameTruth, size: Size) -> FrameTruth:
    """Return the truth at another size by nearest neighbour, its flow in pixels of that size."""
    old = truth.classes.shape
    if old == size:
        return truth
    if truth.flow is None or truth.visible is None:
        return FrameTruth(_nearest(truth.classes, size))
    scale = np.array([size[1] / old[1], size[0] / old[0]], np.float32)
    return FrameTruth(_nearest(truth.classes, size), _nearest(truth.flow, size) * scale, _nearest(truth.visible, size))


def _nearest(array: Shaped[np.ndarray, "height width *rest"], size: Size) -> np.ndarray:
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.int64) for new, old in zip(size, array.shape[:2], strict=True)
    )
    return array[rows[:, None], columns]
