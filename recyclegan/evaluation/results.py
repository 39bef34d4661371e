"""The numbers of an evaluation with all that they rest on, and their file ``metrics.json``."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from recyclegan.evaluation.class_scores import COLOURS, SOURCE, ClassCounts, ClassTally
from recyclegan.evaluation.clip_measures import ClipMeasures
from recyclegan.evaluation.distribution_distances import Sample
from recyclegan.evaluation.frame_spans import spans
from recyclegan.evaluation.measure_catalogue import CLASSES, MEASURES, STEADINESS
from recyclegan.metrics.intervals import Draws, Interval, bootstrap_each, mean_interval
from recyclegan.metrics.segmentation import Flips, SegmentationScores, segmentation_scores
from recyclegan.settings.evaluation import Protocol
from recyclegan.verdict import Verdict
from recyclegan.version import __version__

TARGET = "target"
FORMAT = 1


@dataclass(frozen=True)
class Result:
    """What the translated footage scores, and what to hold it against (by name: source, target, colour alone)."""

    translated: Interval
    references: Mapping[str, Interval] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    """What the number rests on: norm, flow, mask, size and samples, as far as it uses them."""
    sharpness: Mapping[str, float] = field(default_factory=dict)
    """Beside a measure of steadiness: the output's sharpness as a share of the target's and the source's."""
    by_class: Mapping[str, "Result"] = field(default_factory=dict)
    """Beside a mean over classes: each class's own, by its name."""


@dataclass(frozen=True)
class ClassScore:
    """Intersection over union of one class, by the translated frames and by what they are held against."""

    iou: float
    colour_alone: float
    """What the source's colours alone reach; NaN where a segmenter reads the classes."""
    interval: Interval | None = None
    """The first number with its interval."""
    rival: Interval | None = None
    """What the frames are held against, with its interval: colour alone, or what the segmenter finds in the source."""


@dataclass(frozen=True)
class Results:
    """All numbers of an evaluation, the protocol that they were taken by, and the curves of every clip."""

    results: Mapping[str, Result]
    """By the name of the measure."""
    classes: Mapping[str, ClassScore]
    protocol: Mapping[str, str]
    inputs: Mapping[str, str]
    clips: Sequence[ClipMeasures]
    verdict: Verdict | None = None
    """What is wrong with the translated pictures, in words."""
    notes: Sequence[str] = ()
    """What a reader of the numbers should know: frames that were left out, measures without a number."""

    def __repr__(self) -> str:
        """Return the measures with their numbers; all the rest is counted only."""
        numbers = ", ".join(f"{name}={result.translated.value:.4g}" for name, result in self.results.items())
        return f"Results({numbers}, clips={len(self.clips)}, notes={len(self.notes)})"

    def to_json(self) -> str:
        """Return the content of ``metrics.json``; NaN is null."""
        content = {
            "format": FORMAT,
            "recyclegan": __version__,
            "inputs": dict(self.inputs),
            "verdict": _verdict(self.verdict) if self.verdict else None,
            "notes": list(self.notes),
            "protocol": dict(self.protocol),
            "measures": {name: _measure(name, result) for name, result in self.results.items()},
            "classes": {name: _class(score) for name, score in self.classes.items()},
            "clips": [_clip(clip) for clip in self.clips],
        }
        return json.dumps(without_nan(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def draws(self) -> bytes:
        """Return the content of ``draws.npz``: by measure, its values on the clips drawn again.

        The clips are the same in every evaluation.
        """
        draws = {name: result.translated.draws for name, result in self.results.items()}
        arrays: dict[str, Any] = {name: np.array(values) for name, values in draws.items() if values}
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()


def _measure(name: str, result: Result) -> dict[str, Any]:
    found = {**_values(result), "stated": dict(result.stated)}
    if result.sharpness:
        found["sharpness"] = dict(result.sharpness)
    if result.by_class:
        found["by_class"] = {one: _values(own) for one, own in result.by_class.items()}
    return asdict(MEASURES[name]) | found


def _values(result: Result) -> dict[str, Any]:
    references = {key: interval_content(value) for key, value in result.references.items()}
    return {"translated": interval_content(result.translated), "references": references}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "word": verdict.word,
        "sentence": verdict.sentence,
        "findings": [asdict(finding) for finding in verdict.findings],
    }


def _class(score: ClassScore) -> dict[str, Any]:
    intervals = {"interval": score.interval, "rival": score.rival}
    bounds = {name: interval_content(interval) for name, interval in intervals.items() if interval}
    return {"iou": score.iou, "colour_alone": score.colour_alone, **bounds}


def interval_content(interval: Interval) -> dict[str, float]:
    """Return an interval as it is written, without the draws behind it."""
    return {name: getattr(interval, name) for name in ("value", "low", "high", "num_clips")}


def _clip(clip: ClipMeasures) -> dict[str, Any]:
    means = {name: clip.mean(name) for name in clip.curves}
    return {
        "name": clip.name,
        "num_frames": clip.num_frames,
        "size": list(clip.size),
        "measured": spans(clip.runs),
        "means": means,
        "curves": clip.curves,
    }


def without_nan(value: Any) -> Any:
    """Return tables and lists with nothing in the place of numbers that are not finite, which JSON does not know."""
    if isinstance(value, dict):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_nan(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def steadiness_results(clips: Sequence[ClipMeasures], draws: Draws) -> dict[str, Result]:
    """Return the measures over time, each the mean of the clips' means, with the source's own.

    What compares the output with its source is 0 for the source itself.
    """
    found = {}
    for measure in STEADINESS:
        if any(measure.name in clip.curves for clip in clips):
            ours = _over_clips(clips, measure.name, draws)
            source = _of_source(clips, measure.name, draws) or Interval(0.0, 0.0, 0.0, ours.num_clips)
            found[measure.name] = Result(ours, {SOURCE: source})
    return found


def sharpness_result(clips: Sequence[ClipMeasures], target: Sample | None, draws: Draws) -> Result:
    """Return the sharpness of the translated footage beside the source's and the target's."""
    references = {}
    if source := _of_source(clips, "sharpness", draws):
        references[SOURCE] = source
    if target:
        references[TARGET] = target.mean_sharpness(draws)
    return Result(_over_clips(clips, "sharpness", draws), references)


def guarded(found: Mapping[str, Result]) -> dict[str, Result]:
    """Return results with, beside each measure of steadiness, how sharp the output is: blur buys calm."""
    kept, steady = shares(found["sharpness"]), {measure.name for measure in STEADINESS}
    return {name: replace(result, sharpness=kept) if name in steady else result for name, result in found.items()}


def shares(result: Result) -> dict[str, float]:
    """Return a number as a share of each that stands beside it, those aside that are 0."""
    return {name: result.translated.value / value.value for name, value in result.references.items() if value.value}


def _over_clips(clips: Sequence[ClipMeasures], curve: str, draws: Draws) -> Interval:
    return mean_interval([clip.mean(curve) for clip in clips], draws)


def _of_source(clips: Sequence[ClipMeasures], measure: str, draws: Draws) -> Interval | None:
    curve = f"source_{measure}"
    return _over_clips(clips, curve, draws) if any(curve in clip.curves for clip in clips) else None


def class_results(clips: Sequence[ClipMeasures], protocol: Protocol, draws: Draws) -> dict[str, Result]:
    """Return the scores of the predicted classes over all clips, beside what they are held against."""
    tallies = _tallies(clips)
    if not tallies:
        return {}

    def values(counts: Sequence[ClassCounts]) -> np.ndarray:
        return np.array([*_means(_scores(counts, protocol)), _flips(counts)])

    names = [measure.name for measure in CLASSES]
    ours = bootstrap_each([tally.ours for tally in tallies], values, draws)
    rival = bootstrap_each([tally.rival for tally in tallies], values, draws)
    against = tallies[0].semantics.rival_name
    return {name: Result(a, {against: b}) for name, a, b in zip(names, ours, rival, strict=True)}


def _tallies(clips: Sequence[ClipMeasures]) -> list[ClassTally]:
    return [clip.tally for clip in clips if clip.tally]


def _scores(counts: Sequence[ClassCounts], protocol: Protocol) -> SegmentationScores:
    return segmentation_scores(np.sum([count.confusion for count in counts], axis=0), protocol)


def _means(scores: SegmentationScores) -> tuple[float, float, float]:
    return scores.mean_iou, scores.mean_accuracy, scores.pixel_accuracy


def _flips(counts: Sequence[ClassCounts]) -> float:
    return Flips(*np.sum([count.flips for count in counts], axis=0).tolist()).share


def class_scores(
    clips: Sequence[ClipMeasures], protocol: Protocol, name_of: Callable[[int], str], draws: Draws
) -> dict[str, ClassScore]:
    """Return the scores of every class that the truth shows, by its name."""
    tallies = _tallies(clips)

    def ious(counts: Sequence[ClassCounts]) -> np.ndarray:
        return _scores(counts, protocol).iou

    ours = bootstrap_each([tally.ours for tally in tallies], ious, draws)
    rival = bootstrap_each([tally.rival for tally in tallies], ious, draws)
    by_colour = tallies[0].semantics.rival_name == COLOURS
    shown = np.sum([tally.ours.confusion for tally in tallies], axis=0).sum(axis=1)
    return {
        name_of(i): ClassScore(ours[i].value, rival[i].value if by_colour else float("nan"), ours[i], rival[i])
        for i in np.flatnonzero(shown).tolist()
    }


def distance_results(
    ours: Mapping[str, Interval], source: Mapping[str, Interval], least: Mapping[str, Interval]
) -> dict[str, Result]:
    """Return the distances to the target, beside the source's and that of the target to another draw of itself."""
    found = {}
    for name, value in ours.items():
        references = {SOURCE: source[name]}
        if name in least:
            references[TARGET] = least[name]
        found[name] = Result(value, references)
    return found
