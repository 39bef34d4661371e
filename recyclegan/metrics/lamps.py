"""The colour in which a traffic light shines, told by the purest of its pixels."""

from typing import Literal

import numpy as np
from jaxtyping import UInt8

Lamp = Literal["red", "amber", "green"]
PUREST = 0.1
"""Share of the pixels, those of the purest colour, whose mean is looked at."""
LEAST_CHROMA = 40
"""Levels of 255 between the largest and the smallest channel from which a colour is told."""
HUES: dict[Lamp, tuple[float, float]] = {"red": (-40, 22), "amber": (22, 66), "green": (80, 190)}
"""Degrees of hue of each colour; the others are those of no lamp."""


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
