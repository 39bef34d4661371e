"""The classes of translated frames against the truth: counted over a clip, and steady or not over time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import tee
from typing import Final, Literal

import numpy as np

from recyclegan.arrays import ClassMap, Image
from recyclegan.errors import InputError, nearest
from recyclegan.evaluation.frame_spans import frames_in
from recyclegan.evaluation.paired_clips import FramePair, PairedClip
from recyclegan.evaluation.truth import FrameTruth
from recyclegan.labels import LABEL_SETS, LabelSet, nearest_class
from recyclegan.metrics.flow_estimation import FrameMotion
from recyclegan.metrics.segmentation import VOID, ColourLookup, Confusion, Flips, class_flips, confusion_matrix

Segment = Callable[[Image], ClassMap]
"""Maps a frame to the class of every pixel."""

SOURCE: Final = "source"
COLOURS: Final = "colour alone"


@dataclass(frozen=True)
class Semantics:
    """How classes are read from translated frames, and what else guesses them, from the source."""

    labels: LabelSet
    segment: Segment
    rival: Segment
    """Reads the classes from the source: what the translated frames are held against."""
    rival_name: Literal["source", "colour alone"]

    @property
    def ignore(self) -> tuple[int, ...]:
        """Return the classes of the truth that do not count."""
        return (*self.labels.ignored, VOID)


def label_set(name: str) -> LabelSet:
    """Return the label set of that name.

    Raises:
        InputError: there is none.
    """
    if name not in LABEL_SETS:
        raise InputError(f"labels {name!r}: expected {' or '.join(LABEL_SETS)}{nearest(name, LABEL_SETS)}")
    return LABEL_SETS[name]


def read_semantics(
    clips: Sequence[PairedClip], labels: LabelSet, segment: Segment | None, most_frames: int | None = None
) -> Semantics:
    """Return how to read classes; without ``segment`` the frames are label maps, read by the nearest colour.

    Label maps are held against what the source's colours alone tell, by a lookup that is fitted to the sources of these
    very clips, to the frames that are measured, so that it bounds what colour can tell. What a segmenter finds in the
    translated frames is held against what it finds in the source.
    """
    if segment:
        return Semantics(labels, segment, segment, SOURCE)
    moments = (moment for clip in clips for moment in clip.moments(frames_in(clip.runs(most_frames))))
    examples = ((moment.source, true_classes(moment, labels)) for moment in moments)
    images, maps = tee(examples)
    colours = ColourLookup.fit(
        (image for image, _ in images), (classes for _, classes in maps), ignore=(*labels.ignored, VOID)
    )
    return Semantics(labels, partial(nearest_class, labels=labels), colours.predict, COLOURS)


def true_classes(moment: FramePair, labels: LabelSet) -> ClassMap:
    """Return the true classes of a frame; void stays, and classes that share a colour are one.

    Raises:
        InputError: the truth holds a class that the label set does not know.
    """
    assert isinstance(moment.truth, FrameTruth)
    classes = moment.truth.classes
    known = np.zeros(256, bool)
    known[list(labels.known_ids)] = True
    if not known[classes].all():
        strange = int(classes[~known[classes]].min())
        raise InputError(
            f"truth: holds class {strange}, not among the classes of {labels.name}; name the label set that it is of"
        )
    return merged(classes, labels)


def merged(classes: ClassMap, labels: LabelSet) -> ClassMap:
    """Return the classes with those that share a colour made one: label maps in colours cannot tell them apart."""
    table = np.arange(256, dtype=np.uint8)
    table[list(labels.ids)] = nearest_class(labels.colours[None], labels)[0]
    return table[classes]


@dataclass
class ClassCounts:
    """Counts over the frames of a clip, in order, by one way to read the classes."""

    semantics: Semantics
    confusion: Confusion
    flips: Flips = field(default_factory=lambda: Flips(0, 0))
    _last: tuple[ClassMap, ClassMap] | None = None

    def begin(self, pred: ClassMap, truth: ClassMap) -> None:
        """Take a frame as the one before the next, without counting it."""
        self._last = pred, truth

    def take(self, other: "ClassCounts") -> None:
        """Add the counts of other frames."""
        self.confusion += other.confusion
        self.flips = self.flips.plus(other.flips)

    def add(self, pred: ClassMap, truth: ClassMap, motion: FrameMotion | None) -> dict[str, float]:
        """Count a frame, ``motion`` leading to it from the one before; return its own values."""
        how = self.semantics
        confusion = confusion_matrix(pred, truth, how.labels.num_ids, how.ignore)
        self.confusion += confusion
        values = {"pixel_accuracy": _share(np.trace(confusion), confusion.sum())}
        if motion and self._last:
            pred_prev, truth_prev = self._last
            flow, visible = motion.flow[0].permute(1, 2, 0).numpy(), motion.visible[0, 0].numpy()
            flips = class_flips(pred_prev, pred, truth_prev, truth, flow, visible, how.ignore)
            self.flips = self.flips.plus(flips)
            values["class_flips"] = flips.share
        self._last = pred, truth
        return values


@dataclass
class ClassTally:
    """Counts over the frames of one clip: of the translated frames, and of what they are held against."""

    semantics: Semantics
    ours: ClassCounts = field(init=False)
    rival: ClassCounts = field(init=False)

    def __post_init__(self) -> None:
        self.ours, self.rival = self._counts(), self._counts()

    def begin(self, moment: FramePair) -> None:
        """Take a frame as the one before the next, without counting it."""
        truth = true_classes(moment, self.semantics.labels)
        for counts, pred in zip((self.rival, self.ours), self._read(moment), strict=True):
            counts.begin(pred, truth)

    def _read(self, moment: FramePair) -> tuple[ClassMap, ClassMap]:
        """Return the classes that are read from the source, and from the translated frame."""
        how = self.semantics
        return merged(how.rival(moment.source), how.labels), merged(how.segment(moment.translated), how.labels)

    def _counts(self) -> ClassCounts:
        rows = self.semantics.labels.num_ids
        return ClassCounts(self.semantics, np.zeros((rows, rows + 1), np.int64))

    def add(self, moment: FramePair, motion: FrameMotion | None) -> dict[str, float]:
        """Count a frame, ``motion`` leading to it from the one before; return its own values."""
        how = self.semantics
        truth = true_classes(moment, how.labels)
        rival_read, read = self._read(moment)
        theirs, ours = self.rival.add(rival_read, truth, motion), self.ours.add(read, truth, motion)
        prefix = how.rival_name.replace(" ", "_")
        return ours | {f"{prefix}_{name}": value for name, value in theirs.items()}


def sum_of(tallies: Sequence[ClassTally]) -> ClassTally:
    """Return the counts of several parts of a clip as one."""
    total = ClassTally(tallies[0].semantics)
    for tally in tallies:
        total.ours.take(tally.ours)
        total.rival.take(tally.rival)
    return total


def _share(part: int | np.integer, whole: int | np.integer) -> float:
    return float(part / whole) if whole else float("nan")
