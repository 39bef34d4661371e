"""How far each class in translated frames is from the same class in target frames, by the true classes of both.

A sky that became trees is far from skies, while more trees in the target than in the source are no fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from recyclegan.evaluation.distribution_distances import DRAWN_PROJECTIONS, NUM_DISTANCE_DRAWS, in_second_half
from recyclegan.evaluation.downstream import Examples, Lesson, examples_of
from recyclegan.evaluation.measure_catalogue import CLASS_DISTANCES, Measure
from recyclegan.evaluation.results import SOURCE, TARGET, Result
from recyclegan.evaluation.structure import measures_deep
from recyclegan.features.efficientnet import ABOUT
from recyclegan.labels import VOID
from recyclegan.metrics.class_places import Places, class_kernel, class_slices, patch_map, places_of
from recyclegan.metrics.deep_features import fine_map
from recyclegan.metrics.intervals import (
    Draws,
    Interval,
    ManyCounts,
    Numbers,
    bare,
    bootstrap_distance,
    bootstrap_distances,
    middle,
)

MOST_PLACES = 1536
"""Places of a class in a set of footage, at most; sets of many frames give fewer of each."""
LEAST_PLACES = 32
"""Places of a class in the source, and in either half of the target, below which it is left out."""
LEFT_OUT = "left out"
"""Under which name a result states the classes that it leaves out."""


@dataclass(frozen=True)
class _Compared:
    """The places of all sets, brought to the target's scale, and the classes that all of them show."""

    translated: Places
    source: Places
    target: Places
    halves: tuple[Places, Places]
    ids: Sequence[int]


def class_distance_results(lesson: Lesson, draws: Draws) -> dict[str, Result]:
    """Return the distance of places to the target's of the same class, over all classes and of each: by deep features,
    or by patches where there are none.

    Beside it the source's own, and that between two halves of the target.

    Raises:
        InputError: a file cannot be read.
    """
    source = examples_of(lesson, lesson.clips, "source")
    found = _compared(lesson, source)
    ours, theirs, least = (
        _distances(lesson, *pair, found.ids, draws)
        for pair in ((found.translated, found.target), (found.source, found.target), found.halves)
    )
    names = [lesson.labels.name_of(class_id) for class_id in found.ids]
    results = [Result(own, {SOURCE: its, TARGET: half}) for own, its, half in zip(ours, theirs, least, strict=True)]
    by_class = dict(zip(names, results[1:], strict=True))
    return {_measure(lesson).name: replace(results[0], stated=_stated(lesson, found, source), by_class=by_class)}


def _measure(lesson: Lesson) -> Measure:
    return CLASS_DISTANCES[0 if measures_deep(lesson.config) else 1]


def notes_on_rare(results: Mapping[str, Result]) -> Iterator[str]:
    """Yield a line on the classes that are too rare to be compared."""
    for name, result in results.items():
        if names := result.stated.get(LEFT_OUT):
            yield f"{name}: without {names}; fewer than {LEAST_PLACES} places in the source or in a half of the target"


def _compared(lesson: Lesson, source: Examples) -> _Compared:
    before, after = _places(lesson, source), _places(lesson, examples_of(lesson, lesson.clips, "translated"))
    target = _places(lesson, examples_of(lesson, lesson.target, "source"))
    second = in_second_half(target.clip_of)
    shown = [
        places.counts() >= LEAST_PLACES for places in (before, target.of_frames(~second), target.of_frames(second))
    ]
    ids = np.flatnonzero(np.all(shown, axis=0)).tolist()
    if ids:
        after, before, target = (places.relative_to(target, ids) for places in (after, before, target))
    return _Compared(after, before, target, (target.of_frames(~second), target.of_frames(second)), ids)


def _places(lesson: Lesson, examples: Examples) -> Places:
    features_of = fine_map if measures_deep(lesson.config) else patch_map
    most, seed = max(1, MOST_PLACES // len(examples.images)), lesson.config.seed
    return places_of(examples.images, examples.classes, examples.clip_of, features_of, most, seed)


def _distances(lesson: Lesson, ours: Places, theirs: Places, ids: Sequence[int], draws: Draws) -> list[Interval]:
    """Return the mean distance over classes, then that of each class, with intervals over the clips of both sets."""
    distance_of = _of_features if measures_deep(lesson.config) else _of_patches
    draws = replace(draws, count=min(draws.count, NUM_DISTANCE_DRAWS))
    each = [distance_of(ours, theirs, class_id, draws) for class_id in ids]
    return [_mean(each, ours.num_clips), *each]


def _of_features(ours: Places, theirs: Places, class_id: int, draws: Draws) -> Interval:
    kernel, sizes = class_kernel(ours, theirs, class_id), (ours.num_clips, theirs.num_clips)
    value = kernel.distance(*(np.ones(size, np.int64) for size in sizes))
    return bootstrap_distance(value, kernel.distance, sizes, draws, lowest=-np.inf)


def _of_patches(ours: Places, theirs: Places, class_id: int, draws: Draws) -> Interval:
    rough = class_slices(ours, theirs, class_id, DRAWN_PROJECTIONS)
    clips, other_clips = (places.of_class(class_id)[1] for places in (ours, theirs))

    def distances(left: ManyCounts, right: ManyCounts) -> Numbers:
        weights, others = (torch.from_numpy(counts).float() for counts in (left, right))
        return rough.distances(weights, others, clips, other_clips).double().numpy()

    value = class_slices(ours, theirs, class_id).distance()
    return bootstrap_distances(value, distances, (ours.num_clips, theirs.num_clips), draws)


def _mean(each: Sequence[Interval], num_clips: int) -> Interval:
    """Return the mean over classes; one that a draw of clips lacks counts by its own value."""
    value = float(np.mean([one.value for one in each])) if each else float("nan")
    drawn = [np.where(np.isnan(one.draws), one.value, one.draws) for one in each if one.draws]
    if not drawn:
        return bare(value, num_clips)
    draws = tuple(np.mean(drawn, axis=0).tolist())
    return Interval(value, *middle(draws), num_clips, draws)


def _stated(lesson: Lesson, found: _Compared, source: Examples) -> dict[str, str]:
    """Return what the numbers rest on, and the classes of the source that they leave out."""
    height, width = lesson.size
    ours, theirs = found.source.counts(), found.target.counts()
    counts = ", ".join(f"{lesson.labels.name_of(one)} {ours[one]} and {theirs[one]}" for one in found.ids)
    rare = ", ".join(lesson.labels.name_of(one) for one in np.setdiff1d(source.classes, [*found.ids, VOID]).tolist())
    stated = {
        "norm": _measure(lesson).norm,
        "size": f"{width}x{height}",
        "samples": f"places of {len(lesson.clips)} clips and of {len(lesson.target)} of the target: {counts or 'none'}",
        "features": f"{ABOUT}, second stage" if measures_deep(lesson.config) else "patches of 7x7 pixels",
    }
    return stated | ({LEFT_OUT: rare} if rare else {})
