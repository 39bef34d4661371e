"""Whether objects keep their class in translations, as a segmenter reads them that learned from the target alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Int64

from recyclegan.evaluation.downstream import (
    STEPS,
    ClassMaps,
    Examples,
    Lesson,
    examples_of,
    learned,
    read_by_others,
    read_classes,
)
from recyclegan.evaluation.measure_catalogue import SURVIVAL
from recyclegan.evaluation.results import SOURCE, TARGET, Result
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
LEAST_SHARE = 0.002
"""Share of the frame's area that an object has at least; smaller ones nobody reads reliably."""

Tallies = Int64[np.ndarray, "clips 256 2"]
"""For each clip and class id the number of objects, and of those that keep their class."""
Counts = Int64[np.ndarray, "clips 2"]
"""For each clip the number of objects, and of those that keep what is asked for."""


def survival_results(lesson: Lesson, draws: Draws, progress: Progress | None = None) -> dict[str, Result]:
    """Return the share of objects whose class survives, and of traffic lights that keep their colour.

    Of the former all are told and each kind, with what the same is of the source and of the target itself.
    Kinds of which the source has no object are left out.

    Raises:
        InputError: a file cannot be read.
    """
    aim = examples_of(lesson, lesson.target, "source")
    network = _reader(lesson, aim, counted(progress, "learning to read objects", STEPS))
    translated = examples_of(lesson, lesson.clips, "translated")
    source = examples_of(lesson, lesson.clips, "source")
    tallies = {
        "": _tallies(lesson, translated, read_classes(network, translated)),
        SOURCE: _tallies(lesson, source, read_classes(network, source)),
        TARGET: _tallies(lesson, aim, read_by_others(lesson, aim)),
    }
    stated = _stated(lesson, tallies[""])
    found = {name: _result(tallies, ids, draws, stated) for name, ids in _ids_by_measure(lesson.labels).items()}
    found[COLOURS_KEPT] = Result(_share(_lamps(lesson, source, translated), draws), {}, stated)
    return {name: result for name, result in found.items() if not np.isnan(result.translated.value)}


def _result(tallies: Mapping[str, Tallies], ids: Sequence[int], draws: Draws, stated: Mapping[str, str]) -> Result:
    """Return the share of objects of some classes that keep theirs, beside what source and target have of it."""
    shares = {who: _share(tally[:, ids].sum(axis=1), draws) for who, tally in tallies.items()}
    beside = {who: share for who, share in shares.items() if who and not np.isnan(share.value)}
    return Result(shares[""], beside, stated)


def _reader(lesson: Lesson, aim: Examples, step: Callable[[], None]) -> SegmentationUNet:
    """Return a segmenter that learned from all target frames; its weights are remembered."""

    def weights() -> dict[str, np.ndarray]:
        network = learned(aim, lesson.labels.num_ids, lesson.config.seed, step)
        return {name: value.numpy() for name, value in network.state_dict().items()}

    network = SegmentationUNet(lesson.labels.num_ids)
    found = lesson.memory.recall(lesson.key("reader"), weights)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in found.items()})
    return network.eval()


def _tallies(lesson: Lesson, examples: Examples, read: ClassMaps) -> Tallies:
    """Return the objects of each clip; classes that the label set cannot tell apart are one."""
    ids = _ids_by_measure(lesson.labels)[SURVIVAL[0].name]
    tallies = np.zeros((1 + examples.clip_of.max(initial=0), 256, 2), np.int64)
    for truth, found, clip in zip(examples.classes, read, examples.clip_of, strict=True):
        tallies[clip] += object_tally(truth, found, ids, _least(examples))
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
    objects = ", ".join(f"{found[id_]} {names[id_]}" for id_ in np.flatnonzero(found).tolist())
    return {
        "size": f"{width}x{height}",
        "samples": f"objects of {LEAST_SHARE:.1%} of the area or more in {len(lesson.clips)} clips: {objects}",
        "segmenter": f"U-Net of ours, learned from target frames, {STEPS} steps, seed {lesson.config.seed}",
    }
