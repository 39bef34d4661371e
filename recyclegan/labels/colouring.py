"""The way from classes to colours and back."""

import numpy as np
from jaxtyping import Int, Int64, Integer, UInt8

from recyclegan.arrays import ClassMap, Image, Palette
from recyclegan.errors import InputError
from recyclegan.labels.sets import VOID, LabelSet

LARGEST_PALETTE = 256
_CHUNK = 1 << 13

AnyImage = UInt8[np.ndarray, "_ _ _"]
"""An 8-bit image among others, which may differ from it in size."""


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


def exact_class(image: Image, labels: LabelSet) -> ClassMap:
    """Return for each pixel the class that has its very colour, the lowest where several share it; `VOID` for void.

    Raises:
        InputError: a pixel has a colour that is neither that of a class nor one of void.
    """
    ids = np.array([*labels.ids, *[VOID] * len(labels.void)], np.uint8)
    order = np.argsort(ids, kind="stable")
    ids, colours = ids[order], labels.painted[order]
    rows = _nearest_row(image, colours.astype(np.int64))
    strange = (colours.take(rows, axis=0) != image).any(axis=2)
    if strange.any():
        colour = tuple(int(level) for level in image[strange][0])
        raise InputError(
            f"colour {colour}: neither a class of {labels.name} nor void ({np.mean(strange):.1%} of the pixels are "
            "such); save label maps without loss, or name the label set they are of"
        )
    return ids.take(rows)


def exact_ids(levels: Integer[np.ndarray, "height width"], labels: LabelSet) -> ClassMap:
    """Return whole numbers of any depth as 8-bit class ids.

    Raises:
        InputError: a number is no id of the label set.
    """
    found = np.unique(levels).tolist()
    if strange := [level for level in found if level not in labels.known_ids]:
        raise InputError(
            f"class id {strange[0]}: not among the classes of {labels.name}; name the label set it is from"
        )
    return levels.astype(np.uint8)


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


def packed(images: UInt8[np.ndarray, "*places 3"]) -> Int64[np.ndarray, "*places"]:
    """Return each colour as one number: red, then green, then blue, of 8 bits each."""
    red, green, blue = np.moveaxis(images, -1, 0).astype(np.int64)
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
