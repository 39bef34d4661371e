"""The class sets of VIPER and Cityscapes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

VOID = 255
"""The id of what has no class, in maps of every label set."""


@dataclass(frozen=True, eq=False)
class LabelSet:
    """A data set's classes: row ``i`` of ``colours`` belongs to ``ids[i]`` and ``names[i]``.

    ``ignored`` are the ids that scores leave out (void); they need not be among ``ids``, and are then black.
    ``void`` are the colours of what the data set paints and does not count as a class.
    """

    name: str
    ids: tuple[int, ...]
    names: tuple[str, ...]
    colours: UInt8[np.ndarray, "classes 3"]
    ignored: tuple[int, ...] = ()
    void: tuple[tuple[int, int, int], ...] = ()

    @property
    def num_ids(self) -> int:
        """Return one more than the largest id: the classes that a network of this set tells."""
        return max(self.ids) + 1

    def name_of(self, class_id: int) -> str:
        """Return the name of a class."""
        return self.names[self.ids.index(class_id)]

    @property
    def painted(self) -> UInt8[np.ndarray, "colours 3"]:
        """Return every colour that a map of this set may show: those of the classes in their order, then void's."""
        return np.concatenate([self.colours, np.array(self.void, np.uint8).reshape(-1, 3)])

    @property
    def known_ids(self) -> frozenset[int]:
        """Return the ids that a map of this set may hold: classes, those that scores leave out, and `VOID`."""
        return frozenset((*self.ids, *self.ignored, VOID))


def _label_set(
    name: str, table: str, ignored: tuple[int, ...], void: tuple[tuple[int, int, int], ...] = ()
) -> LabelSet:
    """Return the label set of a table of lines ``id name words R,G,B``."""
    rows = [line.split() for line in table.strip().splitlines()]
    colours = np.array([[int(level) for level in row[-1].split(",")] for row in rows], np.uint8)
    colours.setflags(write=False)
    ids, names = tuple(int(row[0]) for row in rows), tuple(" ".join(row[1:-1]) for row in rows)
    return LabelSet(name, ids, names, colours, ignored, void)


VIPER = _label_set(
    "viper",
    """
    0 unlabeled 0,0,0
    1 ambiguous 111,74,0
    2 sky 70,130,180
    3 road 128,64,128
    4 sidewalk 244,35,232
    5 railtrack 230,150,140
    6 terrain 152,251,152
    7 tree 87,182,35
    8 vegetation 35,142,35
    9 building 70,70,70
    10 infrastructure 153,153,153
    11 fence 190,153,153
    12 billboard 150,20,20
    13 traffic light 250,170,30
    14 traffic sign 220,220,0
    15 mobilebarrier 180,180,100
    16 firehydrant 173,153,153
    17 chair 168,153,153
    18 trash 81,0,21
    19 trashcan 81,0,81
    20 person 220,20,60
    21 animal 255,0,0
    22 bicycle 119,11,32
    23 motorcycle 0,0,230
    24 car 0,0,142
    25 van 0,80,100
    26 bus 0,60,100
    27 truck 0,0,70
    28 trailer 0,0,90
    29 train 0,80,100
    30 plane 0,100,100
    31 boat 50,0,90
    """,
    ignored=(0, 1),
)
"""VIPER's 32 classes; van and train share a colour."""

CITYSCAPES = _label_set(
    "cityscapes",
    """
    0 road 128,64,128
    1 sidewalk 244,35,232
    2 building 70,70,70
    3 wall 102,102,156
    4 fence 190,153,153
    5 pole 153,153,153
    6 traffic light 250,170,30
    7 traffic sign 220,220,0
    8 vegetation 107,142,35
    9 terrain 152,251,152
    10 sky 70,130,180
    11 person 220,20,60
    12 rider 255,0,0
    13 car 0,0,142
    14 truck 0,0,70
    15 bus 0,60,100
    16 train 0,80,100
    17 motorcycle 0,0,230
    18 bicycle 119,11,32
    """,
    ignored=(VOID,),
    void=(
        (0, 0, 0),  # unlabeled, ego vehicle, rectification border, out of roi, static
        (111, 74, 0),  # dynamic
        (81, 0, 81),  # ground
        (250, 170, 160),  # parking
        (230, 150, 140),  # rail track
        (180, 165, 180),  # guard rail
        (150, 100, 100),  # bridge
        (150, 120, 90),  # tunnel
        (0, 0, 90),  # caravan
        (0, 0, 110),  # trailer
    ),
)
"""Cityscapes' 19 training classes, by training id.

Two of its other classes share a colour with one of these, and are taken for it in maps that hold colours: polegroup
(pole) and license plate (car).
"""

CITYSCAPES_LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
"""The id that Cityscapes' ``labelIds`` maps have for each of the training classes; their other ids are void."""
NUM_CITYSCAPES_LABELS = 34
"""Ids 0 to 33 stand in ``labelIds`` maps."""

LABEL_SETS: dict[str, LabelSet] = {labels.name: labels for labels in (VIPER, CITYSCAPES)}
