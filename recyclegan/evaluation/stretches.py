"""Which frames of a clip are measured: all of them, or runs of neighbours that are evenly spread over it."""

from dataclasses import dataclass
from itertools import chain

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
