"""Label maps: the class sets of VIPER and Cityscapes, and the way from classes to colours and back."""

from recyclegan.labels.classes import (
    LARGEST_PALETTE,
    colourize,
    exact_class,
    exact_ids,
    nearest_class,
    palette_of,
    snap,
)
from recyclegan.labels.sets import (
    CITYSCAPES,
    CITYSCAPES_LABEL_IDS,
    LABEL_SETS,
    NUM_CITYSCAPES_LABELS,
    VIPER,
    VOID,
    LabelSet,
)

__all__ = [
    "CITYSCAPES",
    "CITYSCAPES_LABEL_IDS",
    "LABEL_SETS",
    "LARGEST_PALETTE",
    "NUM_CITYSCAPES_LABELS",
    "VIPER",
    "VOID",
    "LabelSet",
    "colourize",
    "exact_class",
    "exact_ids",
    "nearest_class",
    "palette_of",
    "snap",
]
