"""Scores of translated label maps as the published scripts print them, and as they are usually meant.

Protocol ``standard``: means over the classes that the truth shows; void (unlabeled, ambiguous) does not count.
Protocol ``reference``: the arithmetic behind the published numbers. 31 classes, void among them; one that the truth
never shows counts 0; boat shares plane's place, where a boat taken for a plane is still wrong.

Van and train share a colour. Maps that come from colours hold train for both.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from recyclegan.arrays import ClassMap, Image
from recyclegan.labels import VIPER, nearest_class
from recyclegan.metrics.segmentation import ABSENT, confusion_matrix, segmentation_scores
from recyclegan.settings.evaluation import Protocol

NUM_CLASSES = len(VIPER.ids)
VAN, TRAIN, PLANE, BOAT = (VIPER.names.index(name) for name in ("van", "train", "plane", "boat"))
VOID_ID = 255
"""An id of true maps that no protocol counts."""
WEATHERS = {
    "Day": range(65, 70),
    "Night": range(73, 78),
    "Sunset": range(25, 30),
    "Snow": range(40, 44),
    "Rain": range(63, 65),
}
"""Clips of VIPER's validation set, by number."""

Confusion = Int64[np.ndarray, "classes predictions"]
PerClass = Float64[np.ndarray, " classes"]


@dataclass(frozen=True)
class Scores:
    """Scores in [0, 1] by one protocol; a class without a score is NaN."""

    protocol: Protocol
    mean_iou: float
    mean_accuracy: float
    pixel_accuracy: float
    iou: PerClass
    accuracy: PerClass
    names: tuple[str, ...]


def class_ids(image: Image) -> ClassMap:
    """Return the id of the nearest palette colour of each pixel; train for the colour of vans and trains."""
    return merge_van_and_train(nearest_class(image, VIPER))


def merge_van_and_train(ids: ClassMap) -> ClassMap:
    """Return the map with train in the place of van, as far as colours can tell them."""
    return np.where(ids == VAN, np.uint8(TRAIN), ids)


def count(predicted: ClassMap, true: ClassMap) -> Confusion:
    """Return the counts of one frame; add those of many."""
    return confusion_matrix(predicted, true, NUM_CLASSES, VOID_ID)


def score(confusion: Confusion, protocol: Protocol) -> Scores:
    """Return the scores of accumulated counts by a protocol."""
    return standard_scores(confusion) if protocol == "standard" else reference_scores(confusion)


def standard_scores(confusion: Confusion) -> Scores:
    """Return the scores over the classes that the truth shows, void left out."""
    counted = confusion.copy()
    counted[list(VIPER.ignored)] = 0
    scores = segmentation_scores(counted, "standard")
    accuracy = _ratio(np.diagonal(counted), counted.sum(axis=1), ABSENT["standard"])
    means = (scores.mean_iou, scores.mean_accuracy, scores.pixel_accuracy)
    return Scores("standard", *means, scores.iou, accuracy, VIPER.names)


def reference_scores(confusion: Confusion) -> Scores:
    """Return the scores over 31 classes, as behind the published numbers."""
    counts = (np.diagonal(confusion), confusion.sum(axis=1), confusion[:, :NUM_CLASSES].sum(axis=0))
    right, true, predicted = (_boat_to_plane(values) for values in counts)
    iou = _ratio(right, np.where(true > 0, true + predicted - right, 0), ABSENT["reference"])
    accuracy = _ratio(right, true, ABSENT["reference"])
    names = (*VIPER.names[:PLANE], "plane or boat")
    pixel_accuracy = float(right.sum() / true.sum()) if true.any() else float("nan")
    return Scores("reference", float(iou.mean()), float(accuracy.mean()), pixel_accuracy, iou, accuracy, names)


def _boat_to_plane(values: Int64[np.ndarray, " all"]) -> Int64[np.ndarray, " classes"]:
    """Return the values of all classes but boat, whose value is added to plane's."""
    folded = values[:BOAT].copy()
    folded[PLANE] += values[BOAT]
    return folded


def _ratio(part: np.ndarray, whole: np.ndarray, empty: float) -> PerClass:
    return np.divide(part, whole, out=np.full(len(part), empty), where=whole > 0)


def weather_of(frame: str) -> str | None:
    """Return the weather of a frame of VIPER's validation set by its clip: ``065_00001`` is Day; None for others."""
    clip = re.match(r"(\d{3})(?!\d)", frame)
    number = int(clip.group(1)) if clip else None
    return next((weather for weather, clips in WEATHERS.items() if number in clips), None)


def score_lines(scores: Scores, details: bool) -> Iterable[str]:
    """Yield what is printed of scores: the three means, and with ``details`` every class that has a score."""
    means = f"{scores.mean_iou:.4f}/{scores.mean_accuracy:.4f}/{scores.pixel_accuracy:.4f}"
    yield f"Eval result ({scores.protocol}): mIoU/mAcc/allAcc {means}."
    if not details:
        return
    for number, (iou, accuracy, name) in enumerate(zip(scores.iou, scores.accuracy, scores.names, strict=True)):
        if not np.isnan(iou):
            yield f"Class_{number} result ({scores.protocol}): iou/accuracy {iou:.4f}/{accuracy:.4f}, name: {name}."
