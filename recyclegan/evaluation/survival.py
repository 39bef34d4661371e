"""Whether objects keep their class in translations, as a segmenter reads them that learned from source and target."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int64

from recyclegan.evaluation.downstream import (
    ClassMaps,
    Examples,
    Lesson,
    examples_of,
    joined,
    learned,
    parts_of,
    read_classes,
)
from recyclegan.evaluation.measure_catalogue import SURVIVAL
from recyclegan.evaluation.memory import key_of
from recyclegan.evaluation.results import SOURCE, Result
from recyclegan.labels import LabelSet
from recyclegan.metrics.intervals import Draws, Interval, bootstrap
from recyclegan.metrics.objects import lamp_colour, object_tally, objects_in
from recyclegan.networks.segmentation_unet import SegmentationUNet
from recyclegan.pace import Progress, counted

KINDS: Mapping[str, frozenset[str]] = {
    "vehicles_kept": frozenset(
        {"car", "van", "truck", "bus", "trailer", "caravan", "train", "motorcycle", "bicycle", "plane", "boat"}
    ),
    "people_kept": frozenset({"person", "rider"}),
    "signs_kept": frozenset({"traffic sign"}),
    "lights_kept": frozenset({"traffic light"}),
}
"""The classes of objects by measure, as label sets name them."""
COLOURS_KEPT = SURVIVAL[-1].name
STEPS = 900
"""Of a segmenter that reads objects; after fewer it misses many small ones."""
PARTS = 2
"""Of the clips, each of which is read by a segmenter that learned from the others."""
LEAST_SHARE = 0.002
"""Share of the frame's area that an object has at least; smaller ones nobody reads reliably."""

Tallies = Int64[np.ndarray, "clips 256 2"]
"""For each clip and class id the number of objects, and of those that keep their class."""
Counts = Int64[np.ndarray, "clips 2"]
"""For each clip the number of objects, and of those that keep what is asked for."""


def survival_results(lesson: Lesson, draws: Draws, progress: Progress | None = None) -> dict[str, Result]:
    """Return the share of objects whose class survives, and of traffic lights that keep their colour.

    Of the former all are told and each kind. The objects are those that are read as their class in the source, so that
    copies of it keep all. Kinds of which there is none are left out.

    Raises:
        InputError: a file cannot be read.
    """
    source, translated = (examples_of(lesson, lesson.clips, which) for which in ("source", "translated"))
    before, after = _read(lesson, source, translated, counted(progress, "learning to read objects", PARTS * STEPS))
    tallies = _tallies(lesson, source, before, after)
    stated = _stated(lesson, tallies)
    found = {
        name: Result(_share(tallies[:, ids].sum(axis=1), draws), {SOURCE: _all_of_it(lesson)}, stated)
        for name, ids in _ids_by_measure(lesson.labels).items()
    }
    found[COLOURS_KEPT] = Result(_share(_lamps(lesson, source, translated), draws), {}, stated)
    return {name: result for name, result in found.items() if not np.isnan(result.translated.value)}


def _all_of_it(lesson: Lesson) -> Interval:
    return Interval(1.0, 1.0, 1.0, len(lesson.clips))


def _read(
    lesson: Lesson, source: Examples, translated: Examples, step: Callable[[], None]
) -> tuple[ClassMaps, ClassMaps]:
    """Return the classes that are read in source and translated frames.

    Each part of the clips is read by a segmenter that learned from the others' source frames, and from the target's.
    """
    aim, parts = examples_of(lesson, lesson.target, "source"), parts_of(source, PARTS)
    before, after = np.empty_like(source.classes), np.empty_like(source.classes)
    for part in range(PARTS):
        own = parts == part
        if own.any():
            network = _reader(lesson, part, joined(source.part(~own), aim), step)
            before[own], after[own] = (read_classes(network, frames.part(own)) for frames in (source, translated))
    return before, after


def _reader(lesson: Lesson, part: int, taught: Examples, step: Callable[[], None]) -> SegmentationUNet:
    """Return a segmenter that learned from examples; its weights are remembered."""

    def weights() -> dict[str, np.ndarray]:
        network = learned(taught, lesson.labels.num_ids, STEPS, lesson.config.seed, step)
        return {name: value.numpy() for name, value in network.state_dict().items()}

    network = SegmentationUNet(lesson.labels.num_ids)
    found = lesson.memory.recall(key_of([], lesson.key(SOURCE), "reader", part, STEPS), weights)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in found.items()})
    return network.eval()


def _tallies(lesson: Lesson, source: Examples, before: ClassMaps, after: ClassMaps) -> Tallies:
    """Return the objects of each clip; classes that the label set cannot tell apart are one."""
    ids = _ids_by_measure(lesson.labels)[SURVIVAL[0].name]
    tallies = np.zeros((1 + source.clip_of.max(initial=0), 256, 2), np.int64)
    for truth, read, found, clip in zip(source.classes, before, after, source.clip_of, strict=True):
        tallies[clip] += object_tally(truth, found, ids, _least(source), read)
    return tallies


def _lamps(lesson: Lesson, source: Examples, translated: Examples) -> Counts:
    """Return for each clip the number of traffic lights that shine in the source, and of those that keep their colour.

    Several that touch are one.
    """
    ids, least = _ids_by_measure(lesson.labels)["lights_kept"], _least(source)
    counts = np.zeros((1 + source.clip_of.max(initial=0), 2), np.int64)
    for number, clip in enumerate(source.clip_of):
        objects = objects_in(source.classes[number], ids)
        for one in np.flatnonzero(np.bincount(objects.ravel())[1:] >= least) + 1:
            before, after = (
                lamp_colour(images[number][objects == one]) for images in (source.images, translated.images)
            )
            counts[clip] += (before is not None, before is not None and before == after)
    return counts


def _least(examples: Examples) -> int:
    """Return how many pixels an object has at least."""
    return max(1, round(LEAST_SHARE * examples.classes[0].size))


def _ids_by_measure(labels: LabelSet) -> dict[str, list[int]]:
    """Return the ids of all objects, and of each kind."""
    known = list(zip(labels.ids, labels.names, strict=True))
    kinds = {name: [id_ for id_, word in known if word in words] for name, words in KINDS.items()}
    return {SURVIVAL[0].name: [id_ for ids in kinds.values() for id_ in ids], **kinds}


def _share(counts: Counts, draws: Draws) -> Interval:
    """Return the share of objects that keep what is asked for; NaN where there is none."""

    def share(drawn: Sequence[Int64[np.ndarray, "2"]]) -> float:
        total, kept = np.sum(drawn, axis=0)
        return float(kept / total) if total else float("nan")

    return bootstrap(list(counts), share, draws)


def _stated(lesson: Lesson, tallies: Tallies) -> dict[str, str]:
    height, width = lesson.size
    names = dict(zip(lesson.labels.ids, lesson.labels.names, strict=True))
    found = tallies[..., 0].sum(axis=0)
    objects = ", ".join(f"{found[id_]} {names[id_]}" for id_ in np.flatnonzero(found).tolist()) or "none"
    return {
        "size": f"{width}x{height}",
        "samples": f"objects of {LEAST_SHARE:.1%} of the area or more that are read in the source, in"
        f" {len(lesson.clips)} clips: {objects}",
        "segmenter": f"U-Net of ours, learned from target frames and source frames of other clips, {STEPS} steps, seed"
        f" {lesson.config.seed}",
    }
