"""What the report shows of a clip: a film, its worst moments, and a frame before and after."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float32, UInt8

from recyclegan.arrays import Image
from recyclegan.data.resize import Resize
from recyclegan.evaluation.clips import ClipMeasures, Sight, as_frames
from recyclegan.evaluation.footage import Moment, PairedClip
from recyclegan.evaluation.truth import Size
from recyclegan.files import temporary_folder
from recyclegan.metrics.temporal import excess_flicker_map
from recyclegan.video import VideoWriter, probe

PANELS = ("Source", "Translated", "Added flicker")
PANEL_WIDTH = 400
FULL_HEAT = 0.1
"""Added flicker shown in the brightest colour, in units of the intensity range."""
FRAME_FOLDER_RATE = Fraction(15)
HEAT = np.array([[12, 12, 22], [88, 26, 108], [194, 58, 80], [250, 146, 20], [252, 250, 190]])
"""Colours of added flicker, evenly spaced from none to ``FULL_HEAT``."""


@dataclass(frozen=True)
class WorstMoment:
    """A frame where the output flickers most, with the one before it."""

    index: int
    added_flicker: float
    previous: Image
    current: Image
    heat: Image


@dataclass(frozen=True)
class Exhibit:
    """What is shown of one clip: frames ``first`` to ``last``."""

    clip: str
    first: int
    last: int
    film: bytes
    """An MP4 of the source, the translation and the added flicker side by side."""
    worst: Sequence[WorstMoment]
    before: Image
    after: Image


def heat_colours(values: Float32[np.ndarray, "height width"]) -> Image:
    """Return added flicker as colours, from near black for none to pale yellow for a tenth of the range or more."""
    places = np.linspace(0, FULL_HEAT, len(HEAT))
    return np.stack([np.interp(values, places, channel) for channel in HEAT.T], axis=-1).round().astype(np.uint8)


def worst_frames(flicker: Sequence[float], count: int) -> list[int]:
    """Return the frames of most flicker, worst first, no two of them within an eighth of the clip."""
    apart = len(flicker) / 8
    chosen: list[int] = []
    order = np.argsort(-np.nan_to_num(np.array(flicker), nan=-1.0), kind="stable")
    for index in order[: np.isfinite(flicker).sum()]:
        if len(chosen) < count and all(abs(index - other) > apart for other in chosen):
            chosen.append(int(index))
    return chosen


def exhibit(clip: PairedClip, measures: ClipMeasures, sight: Sight, num_frames: int, num_worst: int) -> Exhibit:
    """Return what to show of a clip: ``num_frames`` frames around its worst moment.

    Raises:
        InputError: a file cannot be read.
    """
    flicker = measures.curves["added_flicker"]
    worst = worst_frames(flicker, num_worst)
    first, last = _window(worst[0] if worst else 0, num_frames, measures.num_frames)
    window, middle = range(first, last + 1), (first + last) // 2
    moments: dict[int, WorstMoment] = {}
    with temporary_folder() as folder:
        path, size = folder / "film.mp4", _panel_size(clip.size)
        with VideoWriter(path, len(PANELS) * size[1], size[0], rate=_rate(clip), crf=24) as film:
            for previous, current, heat in _heated(clip, sight, {*window, *worst}):
                if current.index in window:
                    film.write(_side_by_side([current.source, current.translated, heat], size))
                if current.index == middle:
                    before, after = current.source, current.translated
                if current.index in worst:
                    images = previous.translated, current.translated, heat
                    moments[current.index] = WorstMoment(current.index, flicker[current.index], *images)
        return Exhibit(clip.name, first, last, path.read_bytes(), [moments[i] for i in worst], before, after)


def _window(centre: int, length: int, num_frames: int) -> tuple[int, int]:
    first = max(0, min(centre - length // 2, num_frames - length))
    return first, min(first + length, num_frames) - 1


def _heated(clip: PairedClip, sight: Sight, wanted: Set[int]) -> Iterator[tuple[Moment, Moment, Image]]:
    """Yield the wanted frames with the one before (itself for the first) and their added flicker in colours."""
    previous: Moment | None = None
    for current in clip.moments():
        if current.index in wanted:
            yield previous or current, current, heat_colours(_added_flicker(previous or current, current, sight))
        if current.index == max(wanted):
            return
        previous = current


def _added_flicker(previous: Moment, current: Moment, sight: Sight) -> Float32[np.ndarray, "height width"]:
    if previous is current:
        return np.zeros(current.translated.shape[:2], np.float32)
    motion = sight.motion(previous, current)
    ours = as_frames(previous.translated), as_frames(current.translated)
    theirs = as_frames(previous.source), as_frames(current.source)
    added = excess_flicker_map(*ours, *theirs, motion.flow)
    return (added * motion.visible)[0, 0].numpy()


def _panel_size(size: Size) -> Size:
    """Return an even size of at most the panel's width, in the same proportions."""
    scale = min(1.0, PANEL_WIDTH / size[1])
    height, width = (max(2, round(side * scale / 2) * 2) for side in size)
    return height, width


def _side_by_side(images: Sequence[Image], size: Size) -> UInt8[np.ndarray, "_ _ channels"]:
    return np.concatenate([Resize("rectangle", *size)(image) for image in images], axis=1)


def _rate(clip: PairedClip) -> Fraction:
    return probe(clip.translated.files[0]).rate if clip.translated.kind == "video" else FRAME_FOLDER_RATE
