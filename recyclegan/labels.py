"""Label maps: the class sets of VIPER and Cityscapes, and the way from classes to colours and back."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from recyclegan.errors import InputError
from recyclegan.tensors import ClassMap, Image, Palette

LARGEST_PALETTE = 256
_CHUNK = 1 << 13

AnyImage = UInt8[np.ndarray, "_ _ _"]
"""An 8-bit image among others, which may differ from it in size."""


@dataclass(frozen=True, eq=False)
class LabelSet:
    """A data set's classes: row ``i`` of ``colours`` belongs to ``ids[i]`` and ``names[i]``.

    ``ignored`` are the ids that scores leave out (void); they need not be among ``ids``, and are then black.
    """

    name: str
    ids: tuple[int, ...]
    names: tuple[str, ...]
    colours: UInt8[np.ndarray, "classes 3"]
    ignored: tuple[int, ...] = ()


def _label_set(name: str, table: str, ignored: tuple[int, ...]) -> LabelSet:
    """Return the label set of a table of lines ``id name words R,G,B``."""
    rows = [line.split() for line in table.strip().splitlines()]
    colours = np.array([[int(level) for level in row[-1].split(",")] for row in rows], np.uint8)
    colours.setflags(write=False)
    return LabelSet(
        name, tuple(int(row[0]) for row in rows), tuple(" ".join(row[1:-1]) for row in rows), colours, ignored
    )


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
    ignored=(255,),
)
"""Cityscapes' 19 training classes, by training id."""

LABEL_SETS: dict[str, LabelSet] = {labels.name: labels for labels in (VIPER, CITYSCAPES)}


def colourize(class_map: ClassMap, labels: LabelSet) -> Image:
    """Return the class map in the label set's colours.

    Raises:
        InputError: the map holds an id that the label set does not know.
    """
    known = np.zeros(256, bool)
    known[[*labels.ids, *labels.ignored]] = True
    if not known.take(class_map).all():
        strange = int(class_map[~known[class_map]].min())
        raise InputError(f"class id {strange}: not among the classes of {labels.name}; name the label set it is from")
    colours = np.zeros((256, 3), np.uint8)
    colours[list(labels.ids)] = labels.colours
    return colours.take(class_map, axis=0)


def nearest_class(image: Image, labels: LabelSet | Palette) -> ClassMap:
    """Return for each pixel the class whose colour is nearest in RGB (Euclidean, exact); ties go to the lowest.

    For a palette the class is the colour's row.

    Raises:
        InputError: the image has not three channels, or the palette more than 256 colours.
    """
    if not isinstance(labels, LabelSet):
        return _nearest_row(image, labels)
    # Rows in the order of the ids, so that a tie between rows is a tie between ids.
    order = np.argsort(labels.ids)
    ids = np.array(labels.ids, np.uint8)[order]
    return ids.take(_nearest_row(image, labels.colours[order].astype(np.int64)))


def snap(image: Image, palette: Palette) -> Image:
    """Return the image with each pixel's colour replaced by the nearest one of the palette.

    Raises:
        InputError: as for `nearest_class`.
    """
    return palette.astype(np.uint8).take(_nearest_row(image, palette), axis=0)


def palette_of(images: Iterable[AnyImage]) -> Palette:
    """Return the distinct colours of label maps, sorted by red, then green, then blue.

    Raises:
        InputError: there is no image, or the images hold more than 256 colours.
    """
    found = np.empty(0, np.int64)
    for image in images:
        found = np.union1d(found, np.unique(_packed(image)))
        if len(found) > LARGEST_PALETTE:
            raise InputError(
                f"{len(found)} colours: not a label map (expected at most {LARGEST_PALETTE}); "
                "name label maps saved without compression loss"
            )
    if not len(found):
        raise InputError("no label maps: a palette cannot be read from no image; name at least one")
    return np.stack([found >> 16, (found >> 8) & 255, found & 255], axis=1)


def _packed(image: Image) -> Int[np.ndarray, "height width"]:
    red, green, blue = np.moveaxis(_three_channels(image), 2, 0).astype(np.int64)
    return (red << 16) | (green << 8) | blue


def _three_channels(image: Image) -> Image:
    if image.shape[2] != 3:
        raise InputError(f"label map with {image.shape[2]} channels: expected 3 (red, green, blue); convert it to RGB")
    return image


def _nearest_row(image: Image, palette: Palette) -> ClassMap:
    """Return for each pixel the row of the nearest colour of the palette, the first of equally near ones."""
    if len(palette) > LARGEST_PALETTE:
        raise InputError(f"palette of {len(palette)} colours: expected at most {LARGEST_PALETTE}")
    # For a pixel p, |c - p|^2 and |c|^2 - 2 p.c have the same minimum. Scaled by 256 with the row added, one minimum
    # finds distance and row together; all numbers are integers below 2^31, so the result is exact.
    colours = palette.astype(np.int32)
    offsets = LARGEST_PALETTE * np.square(colours).sum(axis=1) + np.arange(len(colours))
    weights = -2 * LARGEST_PALETTE * colours
    channels = np.ascontiguousarray(_three_channels(image).reshape(-1, 3).T.astype(np.int32))
    rows = np.empty(channels.shape[1], np.uint8)
    for start in range(0, len(rows), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        rows[chunk] = _smallest_key(channels[:, chunk], weights, offsets) & (LARGEST_PALETTE - 1)
    return rows.reshape(image.shape[:2])


def _smallest_key(
    channels: Int[np.ndarray, "3 pixels"], weights: Palette, offsets: Int[np.ndarray, "classes"]
) -> Int[np.ndarray, "pixels"]:
    """Return for each pixel the smallest of the classes' ``weights . pixel + offset``."""
    red, green, blue = channels
    smallest = np.full(len(red), np.iinfo(np.int32).max, np.int32)
    key, term = np.empty_like(smallest), np.empty_like(smallest)
    for weight, offset in zip(weights.astype(np.int32), offsets.astype(np.int32), strict=True):
        np.multiply(red, weight[0], out=key)
        key += offset
        for channel, factor in ((green, weight[1]), (blue, weight[2])):
            np.multiply(channel, factor, out=term)
            key += term
        np.minimum(smallest, key, out=smallest)
    return smallest
