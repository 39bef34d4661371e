"""The classes of translated frames against the truth: counted over a clip, and steady or not over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import tee

import numpy as np

from recyclegan.errors import InputError, nearest
from recyclegan.evaluation.footage import FrameTruth, Moment, PairedClip, merged
from recyclegan.labels import LABEL_SETS, LabelSet, nearest_class
from recyclegan.metrics.motion import FrameMotion
from recyclegan.metrics.segmentation import VOID, ColourLookup, Confusion, Flips, class_flips, confusion_matrix
from recyclegan.tensors import ClassMap, Image

Segment = Callable[[Image], ClassMap]
"""Maps a translated frame to the class of every pixel."""


@dataclass(frozen=True)
class Semantics:
    """How classes are read from translated frames, which of them count, and what colour alone would reach."""

    labels: LabelSet
    segment: Segment
    colours: ColourLookup

    @property
    def num_classes(self) -> int:
        """Return one more than the largest class id."""
        return max(self.labels.ids) + 1

    @property
    def ignore(self) -> tuple[int, ...]:
        """Return the classes of the truth that do not count."""
        return (*self.labels.ignored, VOID)

    def name(self, class_id: int) -> str:
        """Return the name of a class."""
        return self.labels.names[self.labels.ids.index(class_id)]


def label_set(name: str) -> LabelSet:
    """Return the label set of that name.

    Raises:
        InputError: there is none.
    """
    if name not in LABEL_SETS:
        raise InputError(f"labels {name!r}: expected {' or '.join(LABEL_SETS)}{nearest(name, LABEL_SETS)}")
    return LABEL_SETS[name]


def read_semantics(clips: Sequence[PairedClip], labels: LabelSet, segment: Segment | None) -> Semantics:
    """Return how to read classes; without ``segment`` the frames are label maps, read by the nearest colour.

    The colour lookup is fitted to the sources of these very clips, so it bounds what colour can tell.
    """
    examples = ((moment.source, _truth(moment, labels)) for clip in clips for moment in clip.moments())
    images, maps = tee(examples)
    colours = ColourLookup.fit(
        (image for image, _ in images), (classes for _, classes in maps), ignore=(*labels.ignored, VOID)
    )
    return Semantics(labels, segment or (lambda image: nearest_class(image, labels)), colours)


def _truth(moment: Moment, labels: LabelSet) -> ClassMap:
    """Return the true classes of a frame; void stays, and classes that share a colour are one."""
    assert isinstance(moment.truth, FrameTruth)
    classes = moment.truth.classes
    known = np.where(classes == VOID, labels.ids[0], classes)
    return np.where(classes == VOID, classes, merged(known, labels))


class ClassTally:
    """Counts over the frames of one clip, in order."""

    def __init__(self, semantics: Semantics) -> None:
        self._semantics = semantics
        self._last: tuple[ClassMap, ClassMap] | None = None
        size = (semantics.num_classes, semantics.num_classes + 1)
        self.confusion: Confusion = np.zeros(size, np.int64)
        self.colour_confusion: Confusion = np.zeros(size, np.int64)
        self.flips = Flips(0, 0)

    def add(self, moment: Moment, motion: FrameMotion | None) -> dict[str, float]:
        """Count a frame, ``motion`` leading to it from the one before; return its own values."""
        how = self._semantics
        pred, truth = how.segment(moment.translated), _truth(moment, how.labels)
        confusion = confusion_matrix(pred, truth, how.num_classes, how.ignore)
        self.confusion += confusion
        self.colour_confusion += confusion_matrix(
            how.colours.predict(moment.source), truth, how.num_classes, how.ignore
        )
        values = {"pixel_accuracy": _share(np.trace(confusion), confusion.sum())}
        if motion and self._last:
            flips = self._flips(pred, truth, motion)
            self.flips = Flips(self.flips.changed + flips.changed, self.flips.counted + flips.counted)
            values["class_flips"] = flips.share
        self._last = pred, truth
        return values

    def _flips(self, pred: ClassMap, truth: ClassMap, motion: FrameMotion) -> Flips:
        assert self._last is not None
        pred_prev, truth_prev = self._last
        flow, visible = motion.flow[0].permute(1, 2, 0).numpy(), motion.visible[0, 0].numpy()
        return class_flips(pred_prev, pred, truth_prev, truth, flow, visible, self._semantics.ignore)


def _share(part: int | np.integer, whole: int | np.integer) -> float:
    return float(part / whole) if whole else float("nan")
