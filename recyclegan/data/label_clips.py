"""Label maps beside the frames of A: found by the names of clips, checked, and laid beside the frames as a channel.

A class then goes through crops, mirroring, the cache of frames and the device's memory as the pixel that it is of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from recyclegan.data.cache import ClipFrames, DomainFrames, cached_clips
from recyclegan.data.cache_entry import Window
from recyclegan.data.class_tables import Table, class_table
from recyclegan.data.extra_clips import JoinedClip, misfits_beside
from recyclegan.data.index import Clip, find_clips, index_data
from recyclegan.data.loading import LoadSpec
from recyclegan.data.prepare import LABELS_FOLDER
from recyclegan.data.walk import in_short
from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.labels import VOID, packed
from recyclegan.pace import Progress
from recyclegan.settings.frames import DataConfig
from recyclegan.video import STRICT

COUNTED_FRAMES = 8
"""Frames of each clip whose classes are counted, to tell how rare each is."""


@dataclass(frozen=True)
class ClassClip:
    """The classes of a clip in one channel, counted from 0; void is 255."""

    maps: ClipFrames
    """Label maps in colours."""
    table: Table

    @property
    def shape(self) -> tuple[int, ...]:
        """Time, height, width, 1."""
        return (*self.maps.shape[:3], 1)

    def __len__(self) -> int:
        return len(self.maps)

    def __getitem__(self, frames: slice) -> Window:
        """Return the classes of consecutive frames."""
        colours, classes = self._rows
        return classes[np.searchsorted(colours, packed(self.maps[frames]))][..., None]

    @cached_property
    def _rows(self) -> tuple[Int64[np.ndarray, "colours"], UInt8[np.ndarray, "colours"]]:
        """Return all colours in order, and the class of each."""
        colours = packed(np.array(list(self.table), np.uint8))
        order = np.argsort(colours)
        return colours[order], np.array(list(self.table.values()), np.uint8)[order]


@dataclass(frozen=True)
class LabelledClips:
    """The clips of A with their classes, and how many pixels of a few frames are of each class."""

    frames: DomainFrames
    counts: tuple[int, ...]
    digests: Mapping[str, str]
    """The SHA-256 of the label maps of each clip, by its name below ``train``."""


def labelled_clips(
    data: Path, frames: DomainFrames, spec: LoadSpec, config: DataConfig, progress: Progress | None = None
) -> LabelledClips:
    """Return the clips of ``data/train/A``, as they were loaded by ``spec``, with the classes of ``train/A_labels``.

    Label maps are kept in the cache like frames, resized by nearest neighbour.

    Raises:
        InputError: label maps are missing, do not fit the frames, or hold what is no class.
    """
    clips, maps = _pairs(data, config)
    for misfit in _misfits(clips, maps, _folder(data)):
        raise InputError(misfit)
    wanted = [(clip, replace(spec, is_label=True)) for clip in maps.values()]
    kept = dict(zip(maps, cached_clips(wanted, config.cache, config.cache_bytes, progress), strict=True))
    table = class_table(_union(clip.palette for clip in kept.values()), _classes_file(data))
    classes = [ClassClip(kept[name], table) for name in frames.names]
    joined = tuple(JoinedClip(*pair) for pair in zip(frames.clips, classes, strict=True))
    digests = {f"{LABELS_FOLDER}/{name}": clip.digest for name, clip in kept.items()}
    return LabelledClips(DomainFrames(frames.names, joined), tuple(_counts(classes).tolist()), digests)


def misfits(data: Path) -> Iterator[str]:
    """Yield what does not fit between ``train/A`` and ``train/A_labels``, a line each; nothing where there are no maps.

    Names, lengths and sizes are compared, and the colours of the first map of each clip with the classes.
    """
    folder = _folder(data)
    if kind_of(folder) == "nothing":
        return
    clips, maps = _pairs(data, DataConfig())
    yield from _misfits(clips, maps, folder)
    try:
        first = [np.unique(next(clip.images(as_labels=True)).reshape(-1, 3), axis=0) for clip in maps.values()]
        class_table(_union(map(_colours, first)), _classes_file(data))
    except InputError as error:
        yield str(error)


def _folder(data: Path) -> Path:
    return data / "train" / LABELS_FOLDER


def _classes_file(data: Path) -> Path:
    return data / "train" / f"{LABELS_FOLDER}.txt"


def _pairs(data: Path, config: DataConfig) -> tuple[Sequence[Clip], Mapping[str, Clip]]:
    """Return the clips of A, and the label maps by name."""
    folder = _folder(data)
    if kind_of(folder) != "folder":
        raise InputError(
            f"{folder}: no such folder; put label maps of the clips of {data / 'train' / 'A'} there, under their "
            "names, or leave out --labels-weight"
        )
    reading = config.reading if config.damaged == "refuse" else STRICT
    maps = {clip.name: clip for clip in find_clips(folder, reading=reading)}
    return index_data(data, "train", ("a",), reading=config.reading)["a"], maps


def _misfits(clips: Sequence[Clip], maps: Mapping[str, Clip], folder: Path) -> Iterator[str]:
    yield from misfits_beside(clips, maps, folder)
    if strange := sorted({*maps} - {clip.name for clip in clips}):
        yield f"{folder}: has label maps of {in_short(strange)}, no clip of A; name them as their clip, or remove them"


def _union(palettes: Iterator[Colours]) -> Colours:
    return tuple(sorted({colour for palette in palettes for colour in palette}))


def _colours(rows: UInt8[np.ndarray, "colours 3"]) -> Colours:
    return tuple((red, green, blue) for red, green, blue in rows.tolist())


def _counts(clips: Sequence[ClassClip]) -> Int64[np.ndarray, "classes"]:
    """Return how many pixels of each class a few frames of each clip show, spread evenly."""
    counts = np.zeros(VOID + 1, np.int64)
    for clip in clips:
        for place in np.unique(np.linspace(0, len(clip) - 1, COUNTED_FRAMES).round().astype(int)).tolist():
            counts += np.bincount(clip[place : place + 1].ravel(), minlength=VOID + 1)
    num_classes = 1 + max(row for row in clips[0].table.values() if row != VOID)
    return counts[:num_classes]
