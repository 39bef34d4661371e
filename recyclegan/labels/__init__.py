"""Label maps: the class sets of VIPER and Cityscapes, and the way from classes to colours and back.

For: footage that is drawn by class. In: colours or class ids (uint8). Out: class ids or colours (uint8).
"""

from recyclegan.labels.colouring import (
    LARGEST_PALETTE,
    colourize,
    exact_class,
    exact_ids,
    nearest_class,
    packed,
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
    "packed",
    "snap",
]
