"""The numbers of an evaluation with all that they rest on, and their file ``metrics.json``."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recyclegan.evaluation.clips import ClipMeasures
from recyclegan.evaluation.likeness import Sample, distances
from recyclegan.evaluation.measures import CLASSES, MEASURES, STEADINESS
from recyclegan.metrics.intervals import Draws, Interval, bootstrap, mean_interval
from recyclegan.metrics.segmentation import Confusion, Protocol, segmentation_scores
from recyclegan.version import __version__

SOURCE, TARGET, COLOURS = "source", "target", "colour alone"
FORMAT = 1


@dataclass(frozen=True)
class Result:
    """What the translated footage scores, and what to hold it against (by name: source, target, colour alone)."""

    translated: Interval
    references: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassScore:
    """Intersection over union of one class, by the translated frames and by the source's colours alone."""

    iou: float
    colour_alone: float


@dataclass(frozen=True)
class Results:
    """All numbers of an evaluation, the protocol that they were taken by, and the curves of every clip."""

    results: Mapping[str, Result]
    """By the name of the measure."""
    classes: Mapping[str, ClassScore]
    protocol: Mapping[str, str]
    inputs: Mapping[str, str]
    clips: Sequence[ClipMeasures]

    def to_json(self) -> str:
        """Return the content of ``metrics.json``; NaN is null."""
        content = {
            "format": FORMAT,
            "recyclegan": __version__,
            "inputs": dict(self.inputs),
            "protocol": dict(self.protocol),
            "measures": {name: _measure(name, result) for name, result in self.results.items()},
            "classes": {name: asdict(score) for name, score in self.classes.items()},
            "clips": [_clip(clip) for clip in self.clips],
        }
        return json.dumps(_without_nan(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def write(self, path: Path) -> None:
        """Write ``metrics.json``."""
        path.write_text(self.to_json(), encoding="utf-8")

    def write_draws(self, path: Path) -> None:
        """Write ``draws.npz``: by measure, its values on the clips drawn again, the same clips in every evaluation."""
        draws = {name: np.array(result.translated.draws) for name, result in self.results.items()}
        with path.open("wb") as file:
            np.savez(file, **{name: values for name, values in draws.items() if values.size})


def _measure(name: str, result: Result) -> dict[str, Any]:
    references = {key: _interval(value) for key, value in result.references.items()}
    return {**asdict(MEASURES[name]), "translated": _interval(result.translated), "references": references}


def _interval(interval: Interval) -> dict[str, float]:
    return {name: getattr(interval, name) for name in ("value", "low", "high", "num_clips")}


def _clip(clip: ClipMeasures) -> dict[str, Any]:
    means = {name: clip.mean(name) for name in clip.curves}
    return {
        "name": clip.name,
        "num_frames": clip.num_frames,
        "size": list(clip.size),
        "means": means,
        "curves": clip.curves,
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def steadiness_results(clips: Sequence[ClipMeasures], draws: Draws) -> dict[str, Result]:
    """Return the measures over time, each the mean of the clips' means, with the source's own."""
    found = {}
    for measure in STEADINESS:
        if any(measure.name in clip.curves for clip in clips):
            found[measure.name] = Result(
                _over_clips(clips, measure.name, draws), _of_source(clips, measure.name, draws)
            )
    return found


def sharpness_result(clips: Sequence[ClipMeasures], target: Sample | None, draws: Draws) -> Result:
    """Return the sharpness of the translated footage beside the source's and the target's."""
    references = _of_source(clips, "sharpness", draws)
    if target:
        references[TARGET] = bare(target.sharpness, target.num_clips)
    return Result(_over_clips(clips, "sharpness", draws), references)


def _over_clips(clips: Sequence[ClipMeasures], curve: str, draws: Draws) -> Interval:
    return mean_interval([clip.mean(curve) for clip in clips], draws)


def _of_source(clips: Sequence[ClipMeasures], measure: str, draws: Draws) -> dict[str, Interval]:
    curve = f"source_{measure}"
    return {SOURCE: _over_clips(clips, curve, draws)} if any(curve in clip.curves for clip in clips) else {}


def bare(value: float, num_clips: int) -> Interval:
    """Return a number that comes without an interval."""
    return Interval(value, float("nan"), float("nan"), num_clips)


def class_results(clips: Sequence[ClipMeasures], protocol: Protocol, draws: Draws) -> dict[str, Result]:
    """Return the scores of the predicted classes over all clips, beside what colour alone reaches."""
    tallies = [clip.tally for clip in clips if clip.tally]
    if not tallies:
        return {}
    ours, colours = [tally.confusion for tally in tallies], [tally.colour_confusion for tally in tallies]
    found = {}
    for measure in CLASSES[:-1]:
        score = _score(measure.name, protocol)
        found[measure.name] = Result(bootstrap(ours, score, draws), {COLOURS: bootstrap(colours, score, draws)})
    flips = bootstrap([np.array(tally.flips) for tally in tallies], _share, draws)
    return found | {CLASSES[-1].name: Result(flips)}


def _score(name: str, protocol: Protocol) -> Callable[[Sequence[Confusion]], float]:
    return lambda drawn: float(getattr(segmentation_scores(sum(drawn[1:], drawn[0]), protocol), name))


def _share(drawn: Sequence[np.ndarray]) -> float:
    changed, counted = np.sum(drawn, axis=0)
    return float(changed / counted) if counted else float("nan")


def class_scores(
    clips: Sequence[ClipMeasures], protocol: Protocol, name_of: Callable[[int], str]
) -> dict[str, ClassScore]:
    """Return the scores of every class that the truth shows, by its name."""
    tallies = [clip.tally for clip in clips if clip.tally]
    ours = sum((tally.confusion for tally in tallies[1:]), tallies[0].confusion)
    colours = sum((tally.colour_confusion for tally in tallies[1:]), tallies[0].colour_confusion)
    pairs = zip(segmentation_scores(ours, protocol).iou, segmentation_scores(colours, protocol).iou, strict=True)
    present = ours.sum(axis=1) > 0
    return {name_of(i): ClassScore(float(a), float(b)) for i, (a, b) in enumerate(pairs) if present[i]}


def likeness_results(translated: Sample, source: Sample, target: Sample, target_again: Sample) -> dict[str, Result]:
    """Return the distances to the target, beside the source's and that of the target to another draw of itself."""
    ours, theirs, least = (distances(sample, target) for sample in (translated, source, target_again))
    found = {}
    for name, value in ours.items():
        references = {SOURCE: bare(theirs[name], source.num_clips)}
        if name in least:
            references[TARGET] = bare(least[name], target.num_clips)
        found[name] = Result(bare(value, translated.num_clips), references)
    return found
