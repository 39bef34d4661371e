"""What frames show, in a form in which the same moment is recognized after encoding, resizing and recolouring."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from recyclegan.doctor.survey import LONG, View, images_at
from recyclegan.metrics.pictures import SIDE, Patterns, patterns_of, thumbnail

SAME_MOMENT = 0.75
"""Correlation from which two frames show one moment, or neighbouring ones of one shot."""
CLOSE = 16
"""Frames to each side of a sampled one that a closer look takes in."""
CLOSELY = 3
"""Frames that are looked at closely."""
_FAINT = 0.5
"""Levels of 255 (root mean square) up to which a pattern says nothing."""


@dataclass(frozen=True)
class Moments:
    """What the frames of a clip show, ready to be compared."""

    view: View
    patterns: Patterns
    common: Patterns
    """What they all have in common, such as a bonnet or the view of a fixed camera; 0 for a clip that is still."""
    units: Patterns
    """The patterns without what they have in common, at length 1."""

    def correlations(self, others: Patterns) -> Float32[np.ndarray, "_ _"]:
        """Return for each of the others' frames its correlation with each of these."""
        return _units(others - self.common) @ self.units.T

    def nearest(self, others: Patterns) -> float:
        """Return the largest correlation of any of the others' frames with any of these."""
        return float(self.correlations(others).max())


@dataclass(frozen=True)
class Match:
    """How many frames of one clip show moments of another."""

    num_same: int
    num_compared: int
    difference: float
    """Mean difference in colour between matching thumbnails, in levels of 255; 0 where none match."""
    first: float = 0.0
    """Where the other clip shows the first of these moments, as a share of its length; 0 where none match."""


def moments_of(view: View) -> Moments:
    """Return what a clip's frames show."""
    patterns = patterns_of(view.thumbs)
    common = patterns.mean(axis=0, keepdims=True)
    if not _units(patterns - common).any():
        common = np.zeros_like(common)
    return Moments(view, patterns, common, _units(patterns - common))


def compare(part: Moments, whole: Moments) -> Match:
    """Return how many of the sampled frames of ``part`` show moments that were sampled of ``whole``."""
    correlations = whole.correlations(part.patterns)
    same = correlations.max(axis=1) >= SAME_MOMENT
    nearest = correlations.argmax(axis=1)
    differences = np.abs(part.view.thumbs - whole.view.thumbs[nearest].astype(float))[same]
    difference = float(differences.mean()) if same.any() else 0.0
    return Match(int(same.sum()), len(same), difference, _first(whole.view, nearest[same].tolist()))


def compare_closely(part: Moments, whole: Moments) -> Match:
    """Compare the likeliest frames of ``part`` with all frames of ``whole`` around those that they are nearest to.

    Videos that are too long to be decoded again are passed over: no frame is compared.
    """
    if whole.view.video and whole.view.num_frames > LONG:
        return Match(0, 0, 0.0)
    correlations = whole.correlations(part.patterns)
    likeliest = np.argsort(correlations.max(axis=1))[::-1][:CLOSELY]
    same = []
    for frame in likeliest:
        nearest = int(correlations[frame].argmax())
        around = _patterns_around(whole.view, whole.view.places[nearest])
        found = _units(part.patterns[[frame]] - whole.common) @ _units(around - whole.common).T
        same += [nearest] if found.max() >= SAME_MOMENT else []
    return Match(len(same), len(likeliest), 0.0, _first(whole.view, same))


def _first(view: View, samples: Sequence[int]) -> float:
    """Return where in a clip the first of some of its sampled frames stands, as a share of its length."""
    return min((view.places[sample] for sample in samples), default=0) / view.num_frames


def _patterns_around(view: View, place: int) -> Patterns:
    places = list(range(max(0, place - CLOSE), min(view.num_frames, place + CLOSE + 1)))
    return patterns_of(np.stack([thumbnail(image) for _, image in images_at(view.clip, places, [])]))


def _units(patterns: Float[np.ndarray, "_ pixels"]) -> Patterns:
    """Return patterns at length 1; those too faint to say anything become 0."""
    length = np.linalg.norm(patterns, axis=1, keepdims=True)
    return np.where(length > _FAINT * SIDE, patterns / np.maximum(length, 1e-6), 0).astype(np.float32)
