"""The levels of pixels: 8 bits, or floats in [-1, 1] or [0, 1], which are never taken for each other."""

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from torch import Tensor

from recyclegan.errors import InputError

Levels = Literal["signed", "unit"]
"""What floats are: ``signed`` in [-1, 1] (-1 is black), ``unit`` in [0, 1] (0 is black)."""
LEAST = {"signed": -1.0, "unit": 0.0}
ROUNDING = 0.5 / 255
"""By how much floats may lie outside of their range, in shares of it: half a level of 8 bits."""
SURELY_SIGNED = -0.5
"""No rounding and no resizing takes a float of [0, 1] below this; one that lies there is of [-1, 1]."""


def are_surely_signed(given: Iterable[Any]) -> bool:
    """Return whether a float of an array or tensor among others can only be of [-1, 1]."""
    return any(_least(item) < SURELY_SIGNED for item in given)


def _least(item: Any) -> float:
    is_array = isinstance(item, np.ndarray) and item.dtype.kind == "f"
    is_tensor = isinstance(item, Tensor) and item.is_floating_point()
    if not (is_array or is_tensor) or 0 in item.shape:
        return math.inf
    return float(item.min())


def to_bytes(values: np.ndarray, what: str, levels: Levels | None) -> np.ndarray:
    """Return an array as 8 bits, floats rounded to the nearest level; ``what`` is what errors call it.

    Raises:
        InputError: its numbers are of another type, out of range, not finite, or of a range that is not clear.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind != "f":
        raise InputError(f"{what}: expected whole numbers of 8 bits (uint8), or floats in [-1, 1] or [0, 1]")
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(f"{what}: holds numbers that are not finite; expected [-1, 1] or [0, 1]")
    found = f"{what}: holds {low:.4g} to {high:.4g}"
    if levels is None:
        raise InputError(f"{found}; {_unclear(low, high)}")
    least = LEAST[levels]
    share_low, share_high = (low - least) / (1 - least), (high - least) / (1 - least)
    if share_low < -ROUNDING or share_high > 1 + ROUNDING:
        raise InputError(f"{found}; expected {least:g} to 1 (levels={levels!r}); clamp or scale it")
    return np.clip(np.rint((values.astype(np.float64) - least) / (1 - least) * 255), 0, 255).astype(np.uint8)


def _unclear(low: float, high: float) -> str:
    if low >= 0 and high > 2:
        return "expected floats in [0, 1] or [-1, 1]; divide by 255, or give 8-bit numbers (uint8)"
    if low < -1 - 2 * ROUNDING or high > 1 + ROUNDING:
        return "expected floats in [-1, 1] or [0, 1]; clamp or scale it"
    return 'which may be of [0, 1] or of [-1, 1]; say levels="unit" or levels="signed"'


def from_bytes(values: np.ndarray, kind: np.dtype, levels: Levels | None) -> np.ndarray:
    """Return 8-bit values as the type that they came in, at its levels."""
    if kind == np.uint8:
        return values
    least = LEAST[levels or "signed"]
    return (values / 255 * (1 - least) + least).astype(kind)
