"""Objects in class maps: pixels that touch and share a class, which keep it, and the colour of a traffic light."""

from collections.abc import Collection
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from recyclegan.arrays import ClassMap

KEPT = 0.5
"""Share of an object's pixels from which its class is kept."""
NUM_IDS = 256

Tally = Int64[np.ndarray, "256 2"]
"""For each class id the number of objects, and of those that keep it."""
Numbers = Int64[np.ndarray, "height width"]
"""For each pixel the number of its object, from 1; 0 where there is none."""
Lamp = Literal["red", "amber", "green"]
PUREST = 0.1
"""Share of the pixels, those of the purest colour, whose mean is looked at."""
LEAST_CHROMA = 40
"""Levels of 255 between the largest and the smallest channel from which a colour is told."""
HUES: dict[Lamp, tuple[float, float]] = {"red": (-40, 22), "amber": (22, 66), "green": (80, 190)}
"""Degrees of hue of each colour; the others are those of no lamp."""


def object_tally(
    truth: ClassMap, read: ClassMap, of: Collection[int], least: int = 1, before: ClassMap | None = None
) -> Tally:
    """Return how many objects of some classes there are, and how many keep their class in what was read.

    Objects of fewer than ``least`` pixels do not count, nor those that had lost their class ``before``.

    Example:
        >>> truth = np.uint8([[24, 24, 0, 20], [24, 24, 0, 20]])
        >>> read = np.uint8([[24, 24, 0, 3], [0, 0, 0, 3]])
        >>> object_tally(truth, read, of=(20, 24))[[20, 24]].tolist()
        [[1, 0], [1, 1]]
        >>> object_tally(truth, read, of=(20, 24), before=read)[[20, 24]].tolist()
        [[0, 0], [1, 1]]
    """
    numbers = objects_in(truth, of)
    areas = np.bincount(numbers.ravel(), minlength=truth.size + 1)
    areas[0] = 0
    counts = areas >= max(1, least)
    if before is not None:
        counts &= _keep(numbers, areas, before == truth)
    found = np.flatnonzero(counts)
    classes, kept = truth.ravel()[found - 1], _keep(numbers, areas, read == truth)[found]
    return np.stack([np.bincount(classes, minlength=NUM_IDS), np.bincount(classes[kept], minlength=NUM_IDS)], axis=1)


def _keep(numbers: Numbers, areas: Int64[np.ndarray, "_"], right: Bool[np.ndarray, "_ _"]) -> Bool[np.ndarray, "_"]:
    """Return for each number whether enough of its pixels are right."""
    return np.bincount(numbers[right], minlength=len(areas)) >= KEPT * areas


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


def lamp_colour(pixels: UInt8[np.ndarray, "pixels 3"]) -> Lamp | None:
    """Return the colour in which a traffic light of these pixels shines; None where it does not, or in another.

    Example:
        >>> lamp_colour(np.uint8([[20, 20, 20]] * 9 + [[230, 30, 20]]))
        'red'
    """
    levels = pixels.astype(np.float64)
    chroma = levels.max(axis=1) - levels.min(axis=1)
    purest = levels[np.argsort(chroma, kind="stable")[-max(1, round(PUREST * len(levels))) :]].mean(axis=0)
    if purest.max() - purest.min() < LEAST_CHROMA:
        return None
    hue = _hue(*purest.tolist())
    return next((name for name, (low, high) in HUES.items() if low <= hue < high), None)


def _hue(red: float, green: float, blue: float) -> float:
    """Return the hue in degrees from -60 on: red at 0, green at 120, blue at 240."""
    largest, chroma = max(red, green, blue), max(red, green, blue) - min(red, green, blue)
    if largest == red:
        return 60 * (green - blue) / chroma
    return 60 * (2 + (blue - red) / chroma if largest == green else 4 + (red - green) / chroma)
