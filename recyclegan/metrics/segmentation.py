"""Scores of predicted class maps: IoU and accuracy, class flips over time, and what colour alone reaches.

Two protocols, and every score names its own:

- ``standard``: means over the classes that are present in the truth. A class that the truth never shows has no score
  (NaN); predicting it anyway costs the class that was really there.
- ``reference``: means over all classes, absent ones counting 0, as the scoring scripts behind the printed numbers do.
  A perfect prediction of 4 out of 31 classes scores 4/31.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np
from jaxtyping import Float64, Int64

from recyclegan.arrays import ClassMap, FlowArray, Image, MaskArray
from recyclegan.errors import InputError
from recyclegan.labels import VOID
from recyclegan.settings.evaluation import Protocol

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)

BITS = 4
"""Of each channel of a colour by which classes are looked up."""
Ignored = int | tuple[int, ...]
"""The class or classes of the truth that do not count."""

ABSENT: dict[Protocol, float] = {"standard": float("nan"), "reference": 0.0}
"""What a class that the truth never shows scores."""

Confusion = Int64[np.ndarray, "classes predictions"]
"""Pixel counts, row = true class, column = predicted class; the last column counts predictions outside the classes."""


def confusion_matrix(pred: ClassMap, truth: ClassMap, num_classes: int, ignore: Ignored = VOID) -> Confusion:
    """Return how often each true class (row) was predicted as each class (column); add the matrices of many frames.

    Pixels whose truth is ``ignore`` do not count. A prediction outside ``0 .. num_classes - 1`` counts in an extra last
    column: it is wrong whatever the truth.

    Raises:
        InputError: the maps differ in size, or the truth holds a class outside ``0 .. num_classes - 1``.
    """
    if pred.shape != truth.shape:
        raise InputError(
            f"class maps: predicted {pred.shape}, true {truth.shape} (height, width); make the sizes equal"
        )
    counted = ~np.isin(truth, ignore)
    true = truth[counted].astype(np.int64)
    if true.size and true.max() >= num_classes:
        raise InputError(
            f"class map: holds class {true.max()}, expected 0..{num_classes - 1} or {ignore} (ignored);"
            " set the number of classes"
        )
    predicted = np.minimum(pred[counted].astype(np.int64), num_classes)
    columns = num_classes + 1
    return np.bincount(true * columns + predicted, minlength=num_classes * columns).reshape(num_classes, columns)


@dataclass(frozen=True)
class SegmentationScores:
    """Scores in [0, 1] of a set of class maps, with the protocol that made the means."""

    mean_iou: float
    mean_accuracy: float
    pixel_accuracy: float
    iou: Float64[np.ndarray, " classes"]
    """Intersection over union of each class; where the truth never shows it NaN (standard) or 0 (reference)."""
    protocol: Protocol
    num_pixels: int


def segmentation_scores(confusion: Confusion, protocol: Protocol = "standard") -> SegmentationScores:
    """Return the scores of accumulated counts; all are NaN when nothing was counted."""
    num_classes, num_pixels = len(confusion), int(confusion.sum())
    right, true = np.diagonal(confusion), confusion.sum(axis=1)
    union = true + confusion[:, :num_classes].sum(axis=0) - right
    absent = ABSENT[protocol]
    iou = ratio(right, np.where(true > 0, union, 0), absent)
    return SegmentationScores(
        mean_iou=_mean(iou, num_pixels),
        mean_accuracy=_mean(ratio(right, true, absent), num_pixels),
        pixel_accuracy=right.sum() / num_pixels if num_pixels else np.nan,
        iou=iou,
        protocol=protocol,
        num_pixels=num_pixels,
    )


def ratio(part: np.ndarray, whole: np.ndarray, empty: float) -> Float64[np.ndarray, " classes"]:
    """Return the share of each class, and ``empty`` for one that has none of the whole."""
    return np.divide(part, whole, out=np.full(len(part), empty), where=whole > 0)


def _mean(values: np.ndarray, num_pixels: int) -> float:
    return float(np.nanmean(values)) if num_pixels else float("nan")


class Flips(NamedTuple):
    """Pixels whose predicted class changed along the motion, out of those that could have been steady."""

    changed: int
    counted: int

    def plus(self, other: "Flips") -> "Flips":
        """Return the counts of both."""
        return Flips(self.changed + other.changed, self.counted + other.counted)

    @property
    def share(self) -> float:
        """Return the share of changed pixels, NaN when none was counted."""
        return self.changed / self.counted if self.counted else float("nan")


def class_flips(
    pred_prev: ClassMap,
    pred: ClassMap,
    truth_prev: ClassMap,
    truth: ClassMap,
    flow_backward: FlowArray,
    visible: MaskArray,
    ignore: Ignored = VOID,
) -> Flips:
    """Count visible pixels whose predicted class changes along the flow while the true class does not.

    The pixel at ``p`` was at ``p - flow_backward(p)`` in the frame before, rounded to the nearest pixel; those that
    come from outside the frame, or whose truth is ``ignore``, do not count. Add ``changed`` and
    ``counted`` over frames.
    """
    before, inside = _nearest_source(flow_backward)
    counted = visible & inside & ~np.isin(truth, ignore) & (truth_prev[before] == truth)
    changed = counted & (pred_prev[before] != pred)
    return Flips(int(changed.sum()), int(counted.sum()))


def _nearest_source(flow: FlowArray) -> tuple[tuple[np.ndarray, np.ndarray], MaskArray]:
    """Return row and column of each pixel in the frame before (clamped to the frame), and whether it lay inside."""
    height, width = flow.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    rows = np.rint(rows - flow[..., 1]).clip(-1, height).astype(np.int64)
    columns = np.rint(columns - flow[..., 0]).clip(-1, width).astype(np.int64)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return (rows.clip(0, height - 1), columns.clip(0, width - 1)), inside


class ColourLookup:
    """The best guess of a class from a pixel's colour alone: the baseline that a translation to labels must beat.

    Colours are quantised to ``2 ** BITS`` levels a channel; each cell answers with the class seen most often in it, a
    cell never seen with the class of the nearest seen cell.
    """

    def __init__(self, classes: ClassMap) -> None:
        """Keep ``classes``, one row, one entry a cell; use `ColourLookup.fit` to make one."""
        self._classes = classes.reshape(-1)

    @classmethod
    def fit(cls, images: Iterable[Image], class_maps: Iterable[ClassMap], ignore: Ignored = VOID) -> "ColourLookup":
        """Return the lookup that is right most often on these images; pixels of class ``ignore`` do not count.

        Raises:
            InputError: there is no labelled pixel to learn from.
        """
        counts = np.zeros((1 << 3 * BITS, 256), np.int64)
        for image, class_map in zip(images, class_maps, strict=True):
            counted = ~np.isin(class_map, ignore)
            pairs = _cells(image)[counted] * 256 + class_map[counted]
            counts += np.bincount(pairs, minlength=counts.size).reshape(counts.shape)
        if not counts.any():
            raise InputError("colour lookup: no labelled pixel found, expected at least one; give labelled frames")
        seen = counts.sum(axis=1) > 0
        return cls(counts.argmax(axis=1).astype(np.uint8)[_nearest_seen(seen)][None])

    def predict(self, image: Image) -> ClassMap:
        """Return the class of every pixel of an RGB image."""
        return self._classes[_cells(image)]


def _cells(image: Image) -> np.ndarray:
    """Return the number of the colour cell of every pixel."""
    assert image.shape[2] == 3, image.shape
    red, green, blue = (image.astype(np.int64) >> (8 - BITS)).transpose(2, 0, 1)
    return (red << 2 * BITS) | (green << BITS) | blue


def _nearest_seen(seen: np.ndarray) -> np.ndarray:
    """Return for every cell the number of the nearest cell that was seen (itself where it was)."""
    cells = np.indices((1 << BITS,) * 3).reshape(3, -1).T
    numbers = np.flatnonzero(seen)
    nearest_to = np.arange(len(cells))
    for cell in np.flatnonzero(~seen):
        nearest_to[cell] = numbers[np.square(cells[numbers] - cells[cell]).sum(axis=1).argmin()]
    return nearest_to
