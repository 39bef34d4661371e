"""What the colours of frames say about label maps: how flat they are, how many there are, and whose palette is near."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil, sqrt

import numpy as np

from recyclegan.arrays import Image
from recyclegan.labels import LABEL_SETS, snap

SAMPLED_PIXELS = 16_384
"""Pixels of a frame whose colours are counted, evenly spread."""
NEAR = 40
"""Distance in RGB (Euclidean, levels of 255) up to which a colour passes for a smeared one of a palette."""
DARK = 48
"""Level of 255 below which all channels of a dark pixel are."""
LEAST_BRIGHT = 0.1
"""Share of bright pixels up to which nothing can be told of the others."""
MANY = 256
"""Colours that are kept count of, the most frequent ones; also the most that a label map may hold."""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Colours:
    """Colours counted in some pixels; two of them add up."""

    num_pixels: int = 0
    num_flat: int = 0
    """Bright pixels that equal those to the right and below."""
    num_bright: int = 0
    """Pixels that are not dark: the night is black in footage as well as in label maps."""
    num_distinct: int = 0
    """Distinct colours; over several frames, at least as many as in any of them."""
    common: Counter[Colour] = field(default_factory=Counter)
    """How many pixels have each of the most frequent colours."""
    exact: Counter[str] = field(default_factory=Counter)
    """How many pixels have a colour of each known label set."""
    near: Counter[str] = field(default_factory=Counter)
    """How many pixels have a colour close to one of each known label set, dark ones left out."""

    def __add__(self, other: "Colours") -> "Colours":
        common = self.common + other.common
        return Colours(
            self.num_pixels + other.num_pixels,
            self.num_flat + other.num_flat,
            self.num_bright + other.num_bright,
            max(self.num_distinct, other.num_distinct, len(common)),
            Counter(dict(common.most_common(4 * MANY))),
            self.exact + other.exact,
            self.near + other.near,
        )

    @property
    def flatness(self) -> float:
        """Return the share of bright pixels that equal their neighbours, near 1 in label maps; 0 where all is dark."""
        return self.num_flat / self.num_bright if self.num_bright > LEAST_BRIGHT * self.num_pixels else 0.0

    def frequent(self, least: float) -> float:
        """Return the share of bright pixels whose colour at least ``least`` pixels have."""
        kept = sum(count for colour, count in self.common.items() if count >= least and max(colour) >= DARK)
        return kept / max(1, self.num_bright)


def count_colours(image: Image) -> Colours:
    """Return the colours of evenly spread pixels of a frame."""
    height, width, _ = image.shape
    stride = ceil(sqrt(height * width / SAMPLED_PIXELS))
    pixels = image[:-1:stride, :-1:stride]
    flat = (pixels == image[:-1:stride, 1::stride]).all(2) & (pixels == image[1::stride, :-1:stride]).all(2)
    flat &= pixels.max(axis=2) >= DARK
    packed = pixels.reshape(-1, 3).astype(np.int64) @ (1 << 16, 1 << 8, 1)
    packed, counts = np.unique(packed, return_counts=True)
    distinct = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
    frequent = np.argsort(counts)[::-1][:MANY]
    bright = counts * (distinct.max(axis=1, initial=0) >= DARK)
    exact, near = Counter[str](), Counter[str]()
    for name, labels in LABEL_SETS.items():
        exact[name] = int(counts[_distance(distinct, labels.painted.astype(np.int64)) == 0].sum())
        distance = _distance(distinct, labels.colours.astype(np.int64))
        near[name] = int(bright[distance <= NEAR].sum())
    common = {_colour(distinct[row]): int(counts[row]) for row in frequent}
    num_pixels, num_bright = int(counts.sum()), int(bright.sum())
    return Colours(num_pixels, int(flat.sum()), num_bright, len(distinct), Counter(common), exact, near)


def _distance(colours: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return how far each colour is from the nearest one of a palette."""
    nearest = snap(colours[None], palette)[0]
    return np.linalg.norm(colours.astype(float) - nearest, axis=1)


def _colour(row: np.ndarray) -> Colour:
    red, green, blue = (int(level) for level in row)
    return red, green, blue
