"""Channels beside the frames of A, such as depth: found by the names of clips, checked, and laid behind the frames.

They then go through crops, mirroring, the cache of frames and the device's memory as the pixel that they are of.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recyclegan.data.cache import CachedClip, CachedDomain, ClipFrames, DomainFrames, cached_clips
from recyclegan.data.cache_entry import Window
from recyclegan.data.index import Clip, find_clips, index_data
from recyclegan.data.loading import LoadSpec
from recyclegan.data.walk import in_short
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.pace import Progress
from recyclegan.settings.frames import DataConfig, Reading

EXTRA_FOLDER = "A_extra"
"""The folder beside A that holds a folder for each further input."""


@dataclass(frozen=True)
class JoinedClip:
    """Two clips of as many frames of one size: each frame holds the channels of both."""

    first: ClipFrames
    second: ClipFrames

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Time, height, width, channels."""
        time, height, width, channels = self.first.shape
        return time, height, width, channels + self.second.shape[3]

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, frames: slice) -> Window:
        """Return consecutive frames."""
        return np.concatenate([self.first[frames], self.second[frames]], axis=3)


@dataclass(frozen=True)
class ClipsWithExtras:
    """The clips of A with their further channels."""

    frames: DomainFrames
    digests: Mapping[str, str]
    """The SHA-256 of the extras of each clip, by their name below ``train``."""


def with_extras(
    data: Path,
    frames: DomainFrames,
    spec: LoadSpec,
    channels: Mapping[str, int],
    config: DataConfig,
    progress: Progress | None = None,
) -> ClipsWithExtras:
    """Return the clips of ``data/train/A``, as they were loaded by ``spec``, with the channels of ``train/A_extra``.

    ``channels`` is 1 or 3 of each folder there, by name. They are kept in the cache like frames, resized alike.

    Raises:
        InputError: a folder or a clip is missing, or has another number of frames or another size than its clip of A.
    """
    clips = index_data(data, "train", ("a",), reading=config.reading)["a"]
    joined: list[ClipFrames] = list(frames.clips)
    digests: dict[str, str] = {}
    for name, number in channels.items():
        kept = _kept(extras_of(data, "train", name, clips, config.reading), extra_spec(spec, number), config, progress)
        joined = [JoinedClip(clip, kept[of]) for of, clip in zip(frames.names, joined, strict=True)]
        digests |= {f"{EXTRA_FOLDER}/{name}/{of}": clip.digest for of, clip in kept.items()}
    return ClipsWithExtras(DomainFrames(frames.names, tuple(joined)), digests)


def _kept(
    extras: Mapping[str, Clip], spec: LoadSpec, config: DataConfig, progress: Progress | None
) -> dict[str, CachedClip]:
    wanted = [(clip, spec) for clip in extras.values()]
    return dict(zip(extras, cached_clips(wanted, config.cache, config.cache_bytes, progress), strict=True))


def extra_spec(spec: LoadSpec, channels: int) -> LoadSpec:
    """Return how an extra of 1 or 3 channels is kept beside frames that are kept by ``spec``."""
    return replace(spec, is_label=False, channels=channels)


def extras_of(data: Path, split: str, name: str, clips: Sequence[Clip], reading: Reading) -> dict[str, Clip]:
    """Return the clips of ``data/SPLIT/A_extra/NAME`` that belong to clips of A, by their name and in their order.

    Raises:
        InputError: one is missing, or does not fit.
    """
    folder = data / split / EXTRA_FOLDER / name
    if kind_of(folder) != "folder":
        raise InputError(f"{folder}: no such folder; put {name} of the clips of {data / split / 'A'} there")
    found = {clip.name: clip for clip in find_clips(folder, reading=reading)}
    for misfit in misfits_beside(clips, found, folder):
        raise InputError(misfit)
    return {clip.name: found[clip.name] for clip in clips}


def misfits_beside(clips: Sequence[Clip], found: Mapping[str, Clip], folder: Path) -> Iterator[str]:
    """Yield what does not fit between clips and those of a folder that should lie beside them, by name; a line each."""
    if missing := [clip.name for clip in clips if clip.name not in found]:
        yield f"{folder}: holds nothing for {in_short(missing)}; add it as a video or a folder of that name"
    for clip in (clip for clip in clips if clip.name in found):
        yield from (f"{folder / clip.name}: {misfit}" for misfit in _misfits(clip, found[clip.name]))


def misfit_of(clip: Clip, extra: Clip) -> str:
    """Return what does not fit between a clip and one that lies beside it; nothing where both fit."""
    return next(_misfits(clip, extra), "")


def _misfits(clip: Clip, extra: Clip) -> Iterator[str]:
    if clip.num_frames != extra.num_frames:
        yield f"has {extra.num_frames} frames for {clip.num_frames} of its clip; expected one for each"
    if clip.size != extra.size:
        found, wanted = (f"{width}x{height}" for height, width in (extra.size, clip.size))
        yield f"is {found} and its clip is {wanted}; write both in one size"


def join(first: CachedDomain, second: CachedDomain, what: str) -> DomainFrames:
    """Return the clips of ``first``, each joined with the one of the same name of ``second``.

    Raises:
        InputError: names, numbers of frames or sizes differ; ``what`` says what the second clips are.
    """
    others = dict(zip(second.names, second.clips, strict=True))
    if missing := [name for name in first.names if name not in others]:
        raise InputError(f"{what}: lacks {in_short(missing)}; give a new --out, to have them made")
    for name, clip in zip(first.names, first.clips, strict=True):
        if others[name].shape[:3] != clip.shape[:3]:
            found, wanted = _in_words(others[name].shape), _in_words(clip.shape)
            raise InputError(f"{what}: {name} has {found}, and its source {wanted}; give a new --out, to have it made")
    joined = tuple(JoinedClip(clip, others[name]) for name, clip in zip(first.names, first.clips, strict=True))
    return DomainFrames(first.names, joined)


def _in_words(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} frames of {shape[2]}x{shape[1]}"
