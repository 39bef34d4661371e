"""Which of many clips may show what another one shows: a sure and quick bound on the correlations of their frames.

Frames are kept as their parts along a few directions in which the footage varies most, and the length of the rest. The
product of two frames is then at most that of the parts plus that of the lengths, so that clips that resemble each other
are never missed, and of the others hardly any is left to be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from recyclegan.doctor.moments import Moments, moments_of
from recyclegan.doctor.survey import View

ROUGH, FINE = 128, 384
"""Directions of a quick look at all clips, and of a closer one at those that may still be alike."""
FRAMES_FOR_DIRECTIONS = 4096
_ROUNDING = 1e-3

Rows = Float32[np.ndarray, "_ _"]


@dataclass(frozen=True)
class Sketches:
    """The frames of many clips in short, one clip after the other: their parts, and the length of what is left."""

    starts: np.ndarray
    """The row at which each clip begins, and the number of all rows."""
    patterns: Rows
    """Of the patterns; the last column is -1, to take the offset of a unit off its product."""
    units: Rows
    """Of the patterns less what a clip's frames have in common, at length 1; the last column is their offset, the
    product with what they have in common."""
    commons: Rows
    """Of what each clip's frames have in common."""

    def bounds(self, part: int, others: Sequence[int]) -> Float32[np.ndarray, "others frames"]:
        """Return what each frame of clip ``part`` correlates at most with any frame of each of the other clips."""
        ours = self.patterns[slice(*self.starts[part : part + 2])]
        clips = slice(others.start, others.stop) if isinstance(others, range) else others
        sizes = np.diff(self.starts)[clips]
        products = self.units[self._rows(others)] @ ours.T
        largest = np.maximum.reduceat(products, np.cumsum(sizes) - sizes, axis=0)
        lengths = self._least_lengths(ours[:, :-1], self.commons[clips])
        return np.divide(largest, lengths, out=np.ones_like(largest), where=lengths > largest) + _ROUNDING

    def _rows(self, others: Sequence[int]) -> slice | np.ndarray:
        if isinstance(others, range):
            return slice(self.starts[others[0]], self.starts[others[-1] + 1])
        return np.concatenate([np.arange(*self.starts[other : other + 2]) for other in others])

    def _least_lengths(self, ours: Rows, commons: Rows) -> Float32[np.ndarray, "others frames"]:
        """Return how long each frame is at least without what the frames of each clip have in common."""
        squares = np.square(commons).sum(1)[:, None] + np.square(ours).sum(1) - 2 * commons @ ours.T
        return np.sqrt(squares.clip(min=0))


def sketches(views: Sequence[View]) -> tuple[Sketches, Sketches]:
    """Return the frames of clips in short, roughly and more finely; there must be a clip."""
    directions = _directions(views)
    pieces = [_pieces(moments_of(view), directions) for view in views]
    starts = np.cumsum([0, *(len(view.thumbs) for view in views)])
    rough, fine = (
        Sketches(starts, *[np.concatenate([piece[level] for piece in kind]) for kind in zip(*pieces, strict=True)])
        for level in (0, 1)
    )
    return rough, fine


def _pieces(clip: Moments, directions: Rows) -> tuple[tuple[Rows, Rows], ...]:
    """Return patterns, units and what is common of a clip, each roughly and finely."""
    taken_off, offsets = -np.ones((len(clip.patterns), 1), np.float32), clip.units @ clip.common.T
    return (
        _in_short(clip.patterns, directions, taken_off),
        _in_short(clip.units, directions, offsets),
        _in_short(clip.common, directions, np.empty((1, 0), np.float32)),
    )


def _in_short(rows: Rows, directions: Rows, last: Rows) -> tuple[Rows, Rows]:
    parts, squares = rows @ directions, np.square(rows).sum(axis=1)

    def with_rest(parts: Rows) -> Rows:
        rest = np.sqrt((squares - np.square(parts).sum(axis=1)).clip(min=0))
        return np.c_[parts, rest, last]

    return with_rest(parts[:, :ROUGH]), with_rest(parts)


def _directions(views: Sequence[View]) -> Rows:
    """Return the directions in which frames of the clips, evenly spread, vary most, the first one most of all."""
    clips = views[:: max(1, len(views) * 8 // FRAMES_FOR_DIRECTIONS)]
    each = max(1, FRAMES_FOR_DIRECTIONS // len(clips))
    units = np.concatenate([_spread(moments_of(view).units, each) for view in clips])
    _, vectors = np.linalg.eigh(units.T @ units)
    return np.ascontiguousarray(vectors[:, ::-1][:, :FINE]).astype(np.float32)


def _spread(rows: Rows, count: int) -> Rows:
    return rows[:: max(1, len(rows) // count)]
