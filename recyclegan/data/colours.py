"""The colours that label maps hold, gathered frame by frame as they are written into the cache."""

import numpy as np
from jaxtyping import Int64

from recyclegan.arrays import Image
from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.labels import LARGEST_PALETTE

_NUM_COLOURS = 1 << 24


class ColoursSeen:
    """The distinct colours of all frames of a clip of label maps."""

    def __init__(self, name: str) -> None:
        """Begin with no colour; ``name`` is that of the clip."""
        self._name = name
        self._is_seen = np.zeros(_NUM_COLOURS, bool)
        self._colours: list[int] = []

    def add(self, image: Image) -> None:
        """Add the colours of a frame; grey is a colour of three equal levels.

        Raises:
            InputError: there are more than 256 now.
        """
        packed = _packed(image)
        new = np.unique(packed[~self._is_seen[packed]])
        self._is_seen[new] = True
        self._colours += new.tolist()
        if len(self._colours) > LARGEST_PALETTE:
            raise InputError(
                f"{self._name}: {len(self._colours)} colours: not a label map (expected at most {LARGEST_PALETTE}); "
                "name label maps saved without compression loss"
            )

    @property
    def palette(self) -> Colours:
        """Return the colours, sorted by red, then green, then blue."""
        return tuple((colour >> 16, (colour >> 8) & 255, colour & 255) for colour in sorted(self._colours))


def _packed(image: Image) -> Int64[np.ndarray, "pixels"]:
    red, green, blue = np.broadcast_to(image, (*image.shape[:2], 3)).reshape(-1, 3).T.astype(np.int64)
    return (red << 16) | (green << 8) | blue
