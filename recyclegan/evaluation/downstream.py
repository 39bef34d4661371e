"""What translated frames are good for: a small segmenter learns from them, and is scored on real target frames.

It learns from translated frames with the source's classes. Beside it stand the one that learned from the source's own
frames (the floor), and the one that learned from target frames with their classes (the ceiling): each quarter of the
target's clips is scored by what the other clips taught.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int64, UInt8

from recyclegan.arrays import ClassMap
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.evaluation.class_scores import merged, true_classes
from recyclegan.evaluation.measure_catalogue import USE
from recyclegan.evaluation.memory import Memory, key_of, stamp
from recyclegan.evaluation.paired_clips import PairedClip
from recyclegan.evaluation.results import SOURCE, TARGET, Result
from recyclegan.evaluation.truth import ArrayTruth, LabelTruth, Size, nearest
from recyclegan.labels import VOID, LabelSet
from recyclegan.metrics.intervals import Draws, Interval, Numbers, bootstrap_each
from recyclegan.metrics.pictures import as_rgb
from recyclegan.metrics.segmentation import Confusion, confusion_matrix, segmentation_scores
from recyclegan.networks.segmentation_unet import SegmentationUNet, class_weights
from recyclegan.pace import Progress, counted
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.tensors import to_frames

NUM_EXAMPLES = 192
"""Frames that are learned from, and that are scored, at most; spread evenly over all clips."""
SHORT = 128
"""Pixels of the shorter side that the segmenter sees at most."""
STEPS, BATCH, LR = 300, 4, 5e-3
FOLDS = 4
"""Parts of the target, each of which is scored by what the others teach; as many as there are clips, where those are
fewer. An only clip is cut in two."""
NO_CLASS = -100
"""What the loss leaves out."""

Confusions = Int64[np.ndarray, "clips classes predictions"]
"""The counts of each clip of the target."""
ClassMaps = UInt8[np.ndarray, "_ height width"]
"""The classes that are read in examples."""


@dataclass(frozen=True)
class Examples:
    """Frames with their classes."""

    images: UInt8[np.ndarray, "_ height width 3"]
    classes: UInt8[np.ndarray, "_ height width"]
    """Void, and classes that do not count, are 255."""
    clip_of: Int64[np.ndarray, " _"]

    def part(self, chosen: Bool[np.ndarray, " _"]) -> "Examples":
        """Return the chosen ones."""
        return Examples(self.images[chosen], self.classes[chosen], self.clip_of[chosen])


@dataclass(frozen=True)
class Lesson:
    """What is learned from and scored on."""

    clips: Sequence[PairedClip]
    """Translated clips, with their sources and those sources' classes."""
    target: Sequence[PairedClip]
    """Clips of the target, as their own translation, with their classes."""
    labels: LabelSet
    config: EvaluationConfig
    memory: Memory

    @property
    def size(self) -> Size:
        """Return the height and width that the segmenter sees: the translated frames', or less."""
        height, width = self.clips[0].size
        scale = min(1.0, SHORT / min(height, width))
        return max(1, round(height * scale)), max(1, round(width * scale))

    @property
    def folds(self) -> int:
        """Return how many parts of the target are scored by turns."""
        return max(2, min(FOLDS, len(self.target)))

    def key(self, what: str) -> str:
        """Return a key of all that the score of the source's frames, or of the target's, follows from."""
        clips = [*(self.clips if what == SOURCE else ()), *self.target]
        truths = [_identity(clip) for clip in clips]
        settings = (self.size, self.labels.name, self.config.seed, STEPS)
        return key_of([clip.source for clip in clips], "read downstream", what, truths, settings)


def _identity(clip: PairedClip) -> object:
    """Return what tells the truth of a clip from others."""
    if isinstance(clip.truth, ArrayTruth):
        return stamp(clip.truth.path)
    return key_of([clip.truth.clip]) if isinstance(clip.truth, LabelTruth) else str(clip.truth)


def check_downstream(
    config: EvaluationConfig,
    target: Path | None,
    truth: Path | None,
    target_truth: Path | None,
    labelled: Path | None,
) -> None:
    """Refuse what the downstream score cannot be taken from, and what only it would need.

    Raises:
        InputError: there is such.
    """
    needed = {"target": target or labelled, "truth": truth, "target-truth": target_truth, "labels": config.labels}
    if config.downstream and (missing := [name for name, value in needed.items() if value is None]):
        raise InputError(f"downstream: no {missing[0]} given; give --{missing[0]}, or leave --downstream out")
    if not config.downstream and (target_truth or labelled):
        raise InputError(f"{target_truth or labelled}: only the downstream score needs it; give --downstream as well")


def downstream_results(lesson: Lesson, draws: Draws, progress: Progress | None = None) -> dict[str, Result]:
    """Return the downstream score and the share of the gap that it closes, with intervals over the target's clips.

    Raises:
        InputError: a file cannot be read, or frames without any class are all that there is to learn from.
    """
    step = counted(progress, "learning to segment", (2 + lesson.folds) * STEPS)
    aim = examples_of(lesson, lesson.target, "source")
    ours = _taught(lesson, examples_of(lesson, lesson.clips, "translated"), aim, step)
    source = lesson.memory.recall(
        lesson.key(SOURCE), lambda: {"read": _taught(lesson, examples_of(lesson, lesson.clips, "source"), aim, step)}
    )
    floor, ceiling = source["read"], _read_by_others(lesson, aim, step)
    counts = [_counts(lesson, read, aim) for read in (ours, floor, ceiling)]
    return _results(lesson, list(zip(*counts, strict=True)), draws)


def _results(lesson: Lesson, counts: Sequence[tuple[Confusion, ...]], draws: Draws) -> dict[str, Result]:
    def values(drawn: Sequence[tuple[Confusion, ...]]) -> Numbers:
        ours, floor, ceiling = (_mean_iou(lesson, column) for column in zip(*drawn, strict=True))
        return np.array([ours, floor, ceiling, _share(ours, floor, ceiling)])

    ours, floor, ceiling, gap = bootstrap_each(counts, values, draws)
    stated = _stated(lesson)
    none, all_of_it = (Interval(share, share, share, gap.num_clips) for share in (0.0, 1.0))
    iou, closed = (measure.name for measure in USE)
    return {
        iou: Result(ours, {SOURCE: floor, TARGET: ceiling}, stated),
        closed: Result(gap, {SOURCE: none, TARGET: all_of_it}, stated),
    }


def _mean_iou(lesson: Lesson, counts: Iterable[Confusion]) -> float:
    return segmentation_scores(np.sum(list(counts), axis=0), lesson.config.protocol).mean_iou


def _share(ours: float, floor: float, ceiling: float) -> float:
    return (ours - floor) / (ceiling - floor) if ceiling > floor else float("nan")


def _stated(lesson: Lesson) -> dict[str, str]:
    height, width = lesson.size
    return {
        "size": f"{width}x{height}",
        "samples": f"at most {NUM_EXAMPLES} frames of {len(lesson.clips)} clips; target as many of"
        f" {len(lesson.target)} clips, in {lesson.folds} parts, each scored by what the others teach",
        "segmenter": f"U-Net of ours, {STEPS} steps of {BATCH} frames, seed {lesson.config.seed}",
    }


def examples_of(lesson: Lesson, clips: Sequence[PairedClip], which: Literal["source", "translated"]) -> Examples:
    """Return frames with the classes of their source, spread evenly, at the size that the segmenter sees."""
    resize, most = Resize("rectangle", *lesson.size), max(1, NUM_EXAMPLES // len(clips))
    images, classes, clip_of = [], [], []
    for number, clip in enumerate(clips):
        for moment in clip.moments(clip.spread(most), to_end=False):
            images.append(as_rgb(resize(getattr(moment, which))))
            classes.append(_counting(nearest(true_classes(moment, lesson.labels), lesson.size), lesson.labels))
            clip_of.append(number)
    return Examples(np.stack(images), np.stack(classes), np.array(clip_of))


def _counting(classes: ClassMap, labels: LabelSet) -> ClassMap:
    """Return classes with those that do not count as void."""
    return np.where(np.isin(classes, labels.ignored), np.uint8(VOID), merged(classes, labels))


def _read_by_others(lesson: Lesson, aim: Examples, step: Callable[[], None]) -> ClassMaps:
    """Return the classes that are read in each part of the target by what the other parts taught; they are remembered.

    Processes side by side begin with different parts, and wait for those that others have begun.
    """
    folds = lesson.folds
    parts = parts_of(aim, folds)
    read = np.empty_like(aim.classes)
    for part in np.roll(np.arange(folds), os.getpid()):
        make = partial(_read_part, lesson, aim, parts == part, step)
        read[parts == part] = lesson.memory.recall(key_of([], lesson.key(TARGET), int(part)), make)["read"]
    return read


def parts_of(examples: Examples, number: int) -> Int64[np.ndarray, " _"]:
    """Return the part, of so many, that each frame belongs to: whole clips, or pieces of an only one."""
    clips = examples.clip_of
    return clips % number if clips.any() else np.arange(len(clips)) * number // max(1, len(clips))


def joined(one: Examples, other: Examples) -> Examples:
    """Return the frames of both, to learn from."""
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return Examples(*(np.concatenate(pair) for pair in pairs))


def _read_part(
    lesson: Lesson, aim: Examples, own: Bool[np.ndarray, " _"], step: Callable[[], None]
) -> dict[str, ClassMaps]:
    return {"read": _taught(lesson, aim.part(~own), aim.part(own), step)}


def _taught(lesson: Lesson, taught: Examples, scored: Examples, step: Callable[[], None]) -> ClassMaps:
    """Return the classes that a segmenter which learned from examples reads in others."""
    network = learned(taught, lesson.labels.num_ids, STEPS, lesson.config.seed, step)
    return read_classes(network, scored)


def _counts(lesson: Lesson, read: ClassMaps, scored: Examples) -> Confusions:
    """Return the counts of each clip of the target."""
    rows = lesson.labels.num_ids
    counts = np.zeros((len(lesson.target), rows, rows + 1), np.int64)
    for found, classes, clip in zip(read, scored.classes, scored.clip_of, strict=True):
        counts[clip] += confusion_matrix(found, classes, rows)
    return counts


def read_classes(network: SegmentationUNet, examples: Examples) -> ClassMaps:
    """Return the classes that a segmenter reads in examples."""
    return np.stack([_classes_in(network, image) for image in examples.images])


@torch.inference_mode()
def _classes_in(network: SegmentationUNet, image: UInt8[np.ndarray, "height width 3"]) -> ClassMap:
    return network(to_frames(image[None])).argmax(dim=1)[0].byte().numpy()


def learned(
    examples: Examples, num_classes: int, num_steps: int, seed: int = 0, step: Callable[[], None] = lambda: None
) -> SegmentationUNet:
    """Return a segmenter that learned from examples, in evaluation mode; the same seed gives the same one.

    Each step takes 4 frames, mirrored or not, and calls ``step``. Rare classes count more, by the root of how rare they
    are.

    Raises:
        InputError: no frame shows a class.
    """
    rng = torch.Generator().manual_seed(seed)
    examples = examples.part((examples.classes != VOID).any(axis=(1, 2)))
    truth = torch.from_numpy(examples.classes).long()
    truth = truth.where(truth != VOID, torch.tensor(NO_CLASS))
    weights = _weights(truth, num_classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SegmentationUNet(num_classes)
    optimizer = torch.optim.Adam(network.parameters(), LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=num_steps)
    for _ in range(num_steps):
        chosen = torch.randint(len(truth), (BATCH,), generator=rng)
        frames, classes = to_frames(examples.images[chosen.numpy()]), truth[chosen]
        if torch.rand((), generator=rng) < 0.5:
            frames, classes = frames.flip(-1), classes.flip(-1)
        optimizer.zero_grad()
        F.cross_entropy(network(frames), classes, weights, ignore_index=NO_CLASS).backward()
        optimizer.step()
        schedule.step()
        step()
    return network.eval()


def _weights(truth: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Return how much a pixel of each class counts: 1 on average over the classes that there are."""
    counts = torch.bincount(truth[truth >= 0], minlength=num_classes)
    if not counts.any():
        raise InputError("downstream: no labelled pixel to learn from; give the truth of these frames")
    return class_weights(counts)
