"""Which frames of a translated clip are measured, and which frames of its source they belong to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

from recyclegan.data.index import Clip
from recyclegan.errors import InputError

RUN_LENGTH = 8
"""Frames of a run: seven pairs of neighbours."""

Runs = tuple[range, ...]
"""Numbers of frames in order; each run of neighbours by itself, with a gap before the next."""


def runs_of(num_frames: int, most: int | None) -> Runs:
    """Return the frames that are measured of a clip: all, or at most ``most`` (at least 2) in runs, evenly spread.

    Every run lies in the middle of its share of the clip, so that the beginning counts for no more than the rest.
    """
    if most is None or num_frames <= most:
        return (range(num_frames),)
    length = min(most, RUN_LENGTH)
    count = most // length
    starts = [int((number + 0.5) * num_frames / count - length / 2) for number in range(count)]
    return _without_seams([range(start, start + length) for start in starts])


def _without_seams(runs: list[range]) -> Runs:
    """Return runs with those made one that follow each other without a gap."""
    joined = [runs[0]]
    for run in runs[1:]:
        if run.start == joined[-1].stop:
            joined[-1] = range(joined[-1].start, run.stop)
        else:
            joined.append(run)
    return tuple(joined)


def frames_in(runs: Runs) -> tuple[int, ...]:
    """Return the numbers of all frames of runs."""
    return tuple(chain(*runs))


def num_pairs(runs: Runs) -> int:
    """Return how many pairs of neighbours there are in runs."""
    return sum(max(0, len(run) - 1) for run in runs)


@dataclass(frozen=True)
class Part:
    """A part of the frames that are measured of a clip: the same numbers, whatever the parts."""

    frames: tuple[int, ...]
    lead: bool = False
    """Whether a cut goes through a run: the frame before the first one is its neighbour, and counts elsewhere."""
    is_last: bool = True
    """Whether the clip is read to its end, so that damage shows there."""

    @property
    def looked_at(self) -> tuple[int, ...]:
        """Return the numbers of all frames that are needed."""
        return (self.frames[0] - 1, *self.frames) if self.lead else self.frames


def in_parts(runs: Runs, count: int) -> list[Part]:
    """Return the frames of runs in at most ``count`` parts of about as many, in order; a cut may go through a run."""
    frames = frames_in(runs)
    size = max(1, -(-len(frames) // count))
    starts = {run.start for run in runs}
    return [
        Part(frames[at : at + size], frames[at] not in starts, at + size >= len(frames))
        for at in range(0, len(frames), size)
    ]


def spans(runs: Runs) -> list[list[int]]:
    """Return the first and the last frame of each run, as files hold them."""
    return [[run[0], run[-1]] for run in runs if run]


Key = TypeVar("Key")


@dataclass(frozen=True)
class Span:
    """The frames of a source that a translated clip holds, one after the other."""

    source: Clip
    """Those frames alone."""
    first: int = 0
    """Number of the first of them in the whole source."""
    note: str = ""
    """What there is to say of it."""


def span_of(clip: Clip, source: Clip) -> Span:
    """Return the frames of the source that a translated clip holds.

    Clips of equal length belong together frame by frame. A folder of frames that lacks the first ones, as tools write
    it that need the frames before, goes by the names of its frames, or by the numbers in them.

    Raises:
        InputError: it does not tell which frames it lacks, or lacks others than the first.
    """
    if clip.num_frames == source.num_frames:
        return Span(source, note=_shifted(clip, source))
    places = _places(clip, source)
    if places is None:
        raise InputError(
            f"{clip.name}: {clip.num_frames} frames, its source has {source.num_frames}; translate the whole clip"
            " again, or cut the source to the same frames (names tell which, where both are folders of frames)"
        )
    first, last = places[0], source.num_frames - 1
    if places != list(range(first, last + 1)):
        lacking = source.files[max(set(range(last + 1)) - set(places), default=first)].name
        raise InputError(
            f"{clip.name}: {clip.num_frames} frames, its source has {source.num_frames}, such as {lacking} besides;"
            " translate the whole clip again, or take such frames out of the source (only the first may be missing)"
        )
    note = (
        f"{clip.name}: begins with frame {clip.files[0].name}, by its name number {first + 1} of its source; the"
        f" {first} before it were left out"
    )
    return Span(replace(source, files=source.files[first:]), first, note)


def _places(clip: Clip, source: Clip) -> list[int] | None:
    """Return where each frame of a clip stands in its source, None where names do not tell."""
    if not clip.kind == source.kind == "frames":
        return None
    stems = {file.stem: place for place, file in enumerate(source.files)}
    by_stem = _found(stems, [file.stem for file in clip.files])
    return by_stem or _found(_by_number(source.files), [_number(file) for file in clip.files])


def _found(known: Mapping[Key, int], keys: Sequence[Key]) -> list[int] | None:
    if len(set(keys)) < len(keys) or not set(keys) <= known.keys():
        return None
    return [known[key] for key in keys]


def _by_number(files: Sequence[Path]) -> dict[int | None, int]:
    """Return the place of each frame by its number; nothing where two share one or some have none."""
    places = {_number(file): place for place, file in enumerate(files)}
    return places if len(places) == len(files) and None not in places else {}


def _number(file: Path) -> int | None:
    """Return the last number in a file's name."""
    numbers = re.findall(r"[0-9]+", file.stem)
    return int(numbers[-1]) if numbers and len(numbers[-1]) < 100 else None


def _shifted(clip: Clip, source: Clip) -> str:
    """Return what is to be said of clips of equal length whose frames bear other numbers."""
    if not clip.kind == source.kind == "frames":
        return ""
    ours, theirs = _number(clip.files[0]), _number(source.files[0])
    if ours is None or theirs is None or ours == theirs or clip.files[0].stem == source.files[0].stem:
        return ""
    return f"{clip.name}: begins with frame {ours}, its source with {theirs}; taken for the same moment"
