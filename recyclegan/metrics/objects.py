"""Objects in class maps: pixels that touch and share a class, and which of them keep it in another map."""

from collections.abc import Collection

import numpy as np
from jaxtyping import Bool, Int64

from recyclegan.arrays import ClassMap

KEPT = 0.5
"""Share of an object's pixels from which its class is kept."""
NUM_IDS = 256

Tally = Int64[np.ndarray, "256 2"]
"""For each class id the number of objects, and of those that keep it."""
Numbers = Int64[np.ndarray, "height width"]
"""For each pixel the number of its object, from 1; 0 where there is none."""


def object_tally(truth: ClassMap, read: ClassMap, of: Collection[int], least: int = 1) -> Tally:
    """Return how many objects of some classes there are, and how many keep their class in what was read.

    Objects of fewer than ``least`` pixels do not count.

    Example:
        >>> truth = np.uint8([[24, 24, 0, 20], [24, 24, 0, 20]])
        >>> object_tally(truth, np.uint8([[24, 24, 0, 3], [0, 0, 0, 3]]), of=(20, 24))[[20, 24]].tolist()
        [[1, 0], [1, 1]]
    """
    numbers = objects_in(truth, of)
    areas = np.bincount(numbers.ravel(), minlength=truth.size + 1)
    hits = np.bincount(numbers[read == truth], minlength=truth.size + 1)
    areas[0] = 0
    found = np.flatnonzero(areas >= max(1, least))
    classes, kept = truth.ravel()[found - 1], hits[found] >= KEPT * areas[found]
    return np.stack([np.bincount(classes, minlength=NUM_IDS), np.bincount(classes[kept], minlength=NUM_IDS)], axis=1)


def objects_in(classes: ClassMap, of: Collection[int]) -> Numbers:
    """Return the number of each pixel's object: one more than the place of its last pixel, counted row by row.

    Pixels of one of these classes belong together where they touch by a side and share the class.
    """
    counted = np.isin(classes, list(of))
    joined = [counted[1:] & (classes[1:] == classes[:-1]), counted[:, 1:] & (classes[:, 1:] == classes[:, :-1])]
    numbers = np.where(counted, np.arange(1, classes.size + 1).reshape(classes.shape), 0)
    while (spread := _spread(numbers, *joined)) is not None:
        numbers = spread
    return numbers


def _spread(numbers: Numbers, below: Bool[np.ndarray, "_ _"], beside: Bool[np.ndarray, "_ _"]) -> Numbers | None:
    """Return numbers after each pixel took the largest of its neighbours' and of their pixels'; None: all had it."""
    larger = numbers.copy()
    for one, other, joined in (
        (larger[1:], larger[:-1], below),
        (larger[:, 1:], larger[:, :-1], beside),
    ):
        largest = np.where(joined, np.maximum(one, other), 0)
        np.maximum(one, largest, out=one)
        np.maximum(other, largest, out=other)
    larger = np.append(0, larger)[larger]
    return None if (larger == numbers).all() else larger
