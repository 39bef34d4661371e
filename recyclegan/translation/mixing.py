"""How strong a translation shows: mixed with its source."""

import numpy as np

from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.translation.kinds import Picture

_WHOLE = 256
"""Parts that a strength is told in."""


def check_strength(strength: float) -> None:
    """Refuse what is no share.

    Raises:
        InputError: it is below 0, above 1 or no number.
    """
    if not 0 <= strength <= 1:
        raise InputError(f"strength: found {strength}, expected 0 (the source) to 1 (the translation)")


def mixed(source: Picture, translated: Picture, strength: float, is_label: bool = False) -> Picture:
    """Return a translation with its source shining through, at the translation's size: RGB, 8 bits.

    At a ``strength`` of 1 it is the translation, at 0 the source. ``is_label``: the source is a label map.
    """
    share = round(strength * _WHOLE)
    if share == _WHOLE:
        return translated
    below = Resize("rectangle", *translated.shape[:2])(source, is_label=is_label)
    total = below.astype(np.uint16) * np.uint16(_WHOLE - share) + translated.astype(np.uint16) * np.uint16(share)
    return ((total + np.uint16(_WHOLE // 2)) >> 8).astype(np.uint8)
