"""Whether the arrays of a truth tell what they should, before a number is taken from them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from recyclegan.arrays import FlowArray, MaskArray
from recyclegan.errors import InputError

KINDS = {
    "classes": ("biu", "whole numbers"),
    "flow_backward": ("fiu", "numbers"),
    "visible_backward": ("biu", "truth values"),
}
"""For each array the kinds of its values, in NumPy's letters and in words."""


def check_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Refuse arrays of a clip's truth that are of another kind, of no frames or of no pixels.

    Raises:
        InputError: there is such.
    """
    for name, (kinds, words) in KINDS.items():
        array = arrays[name]
        if array.dtype.kind not in kinds:
            raise InputError(f"{path}: {name} holds values of type {array.dtype}, expected {words}; write it anew")
        if array.ndim < 3 or not array.size:
            raise InputError(f"{path}: {name} is of shape {array.shape}, expected (time, height, width); write it anew")


def known_motion(flow: FlowArray, visible: MaskArray) -> tuple[FlowArray, MaskArray]:
    """Return a flow, 0 where it is not finite, and where a pixel was visible and its flow is known."""
    known = np.isfinite(flow).all(axis=2)
    return np.where(known[..., None], flow, np.float32(0)), visible & known
