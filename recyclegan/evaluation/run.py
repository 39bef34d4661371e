"""Evaluate translated footage: files in, ``metrics.json`` and ``report.html`` out."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from recyclegan.data.index import Clip
from recyclegan.errors import InputError
from recyclegan.evaluation.classes import Segment, Semantics, label_set, read_semantics
from recyclegan.evaluation.clips import ClipMeasures, Sight, measure_clip
from recyclegan.evaluation.compatibility import check_options
from recyclegan.evaluation.exhibits import Exhibit, exhibit, worst_frames
from recyclegan.evaluation.footage import PairedClip, clips_at, pair_clips
from recyclegan.evaluation.kept import Store
from recyclegan.evaluation.likeness import Sample, sample_footage
from recyclegan.evaluation.notes import notes_on_gaps, notes_on_pairs, notes_on_results
from recyclegan.evaluation.protocol import Protocol, Samples
from recyclegan.evaluation.report import report
from recyclegan.evaluation.results import (
    Result,
    Results,
    class_results,
    class_scores,
    guarded,
    likeness_results,
    sharpness_result,
    steadiness_results,
)
from recyclegan.evaluation.segmenter import Segmenter, load_segmenter
from recyclegan.files import check_writable, encoded, kind_of, write_together
from recyclegan.labels import LabelSet
from recyclegan.metrics.distribution import Extract, inception_features, load_features
from recyclegan.metrics.motion import EXACT_MASK, FlowSource, flow_estimator
from recyclegan.metrics.perceptual import load_distance
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.settings.evaluation import EvaluationConfig

OUTPUTS = ("metrics.json", "report.html", "draws.npz")

Progress = Callable[[int, int, str], None]
"""Told of (frames done, frames in all, name of the clip) while clips are measured."""


def evaluate(
    translated: AnyPath,
    source: AnyPath,
    out: AnyPath,
    target: AnyPath | None = None,
    truth: AnyPath | None = None,
    config: EvaluationConfig | None = None,
    segment: Segment | None = None,
    progress: Progress | None = None,
) -> Results:
    """Measure translated footage, write ``out/metrics.json`` and ``out/report.html``, and return the numbers.

    ``translated`` and ``source`` are videos, or folders of clips of the same names; ``target`` is any footage of the
    look aimed at; ``truth`` holds the truth of the source (see `recyclegan.evaluation.truth`). ``segment`` reads the
    classes of translated frames that are no label maps.

    Raises:
        InputError: footage is missing, damaged or does not fit together, or something needed is not installed.

    Example:
        >>> results = evaluate("drive_night.mp4", "drive.mp4", out="report", config=EvaluationConfig(num_shown=0))
        >>> results.results["sharpness"].translated.num_clips
        1
    """
    config = config or EvaluationConfig()
    translated, source, out = as_path(translated), as_path(source), as_path(out)
    target, truth = as_path_or_none(target), as_path_or_none(truth)
    check_options(config, target, truth, segment)
    _check_places(out)
    labels = label_set(config.labels) if config.labels else None
    store = Store()
    clips = [clip.kept_in(store) for clip in pair_clips(translated, source, truth, labels, config.reading)]
    sight = _sight(config, clips)
    segmenter = _segmenter(config, clips, labels)
    semantics = _semantics(clips, labels, segment or segmenter)
    samples = _samples(clips, clips_at(target, config.reading), config, progress) if target else None
    measures = _measure(clips, sight, semantics, progress)
    reader = segmenter.about if segmenter else "the given segmenter" if segment else None
    protocol = Protocol(clips, sight, semantics, samples, reader, config)
    inputs = {"translated": translated, "source": source, "target": target, "truth": truth}
    found = _results(measures, protocol, config)
    results = Results(
        results=found,
        classes=class_scores(measures, config.protocol, semantics.name, protocol.draws) if semantics else {},
        protocol=protocol.in_words(),
        inputs={name: str(path) for name, path in inputs.items() if path},
        clips=measures,
        notes=[*notes_on_pairs(clips, clips_at(source)), *notes_on_gaps(measures), *notes_on_results(found)],
    )
    _write(out, results, _exhibits(clips, measures, sight, config), config)
    return results


def _check_places(out: Path) -> None:
    """Refuse a folder that the outputs cannot be written to."""
    if (kind := kind_of(out)) not in ("folder", "nothing"):
        raise InputError(f"{out}: is a {kind}; name a folder for {' and '.join(OUTPUTS[:2])}")
    check_writable(out / OUTPUTS[0] if kind == "folder" else out)
    for name in OUTPUTS:
        if (found := kind_of(out / name)) not in ("file", "nothing"):
            raise InputError(f"{out / name}: is a {found}, a file is to be written there; choose another --out")


def _sight(config: EvaluationConfig, clips: Sequence[PairedClip]) -> Sight:
    """Return where motion comes from; with exact flow, tOF is seen by DIS if OpenCV is there."""
    masks = [clip.truth.mask if clip.truth else None for clip in clips]
    known = all(masks)
    if config.flow == "exact" and not known:
        raise InputError("flow exact: no truth that tells it; give --truth with a folder of .npz files, or --flow dis")
    source: FlowSource = config.flow if config.flow != "auto" else "exact" if known else "dis"
    estimate = None
    if source != "exact" or find_spec("cv2"):
        estimate = flow_estimator("dis" if source == "exact" else source, config.raft_weights)
    distance = load_distance(config.perceptual) if config.perceptual else None
    return Sight(source, estimate, distance, "; ".join(sorted({mask for mask in masks if mask})) or EXACT_MASK)


def _segmenter(config: EvaluationConfig, clips: Sequence[PairedClip], labels: LabelSet | None) -> Segmenter | None:
    if config.segmenter is None or labels is None:
        return None
    return load_segmenter(config.segmenter, labels, clips[0].size, config.segmenter_input)


def _semantics(clips: Sequence[PairedClip], labels: LabelSet | None, segment: Segment | None) -> Semantics | None:
    if labels is None:
        return None
    if without := [clip.name for clip in clips if not (clip.truth and clip.truth.tells_classes)]:
        raise InputError(f"labels {labels.name}: the truth of {without[0]} tells no classes; leave labels out")
    return read_semantics(clips, labels, segment)


def _measure(
    clips: Sequence[PairedClip], sight: Sight, semantics: Semantics | None, progress: Progress | None
) -> list[ClipMeasures]:
    total, done = sum(clip.source.num_frames for clip in clips), 0
    measures = []
    for clip in clips:

        def step(name: str = clip.name) -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, total, name)

        measures.append(measure_clip(clip, sight, semantics, step))
    return measures


def _samples(
    clips: Sequence[PairedClip], target: Sequence[Clip], config: EvaluationConfig, progress: Progress | None
) -> Samples:
    extract, size, seed = _extract(config), clips[0].size, config.seed
    ours, sources = [clip.translated for clip in clips], [clip.source for clip in clips]

    def sample(footage: Sequence[Clip], seeds: tuple[int, ...], name: str) -> list[Sample]:
        total, done = min(config.num_samples, sum(clip.num_frames for clip in footage)), 0

        def step() -> None:
            nonlocal done
            done += 1
            if progress:
                progress(done, total, f"likeness: {name}")

        return sample_footage(footage, size, seeds, extract, config.num_samples, step)

    (translated,), (source,) = sample(ours, (seed,), "translated"), sample(sources, (seed,), "source")
    return Samples(translated, source, *sample(target, (seed + 1, seed + 2), "target"))


def _extract(config: EvaluationConfig) -> Extract | None:
    if config.features is None:
        return None
    return inception_features() if config.features == "inception" else load_features(Path(config.features))


def _results(measures: Sequence[ClipMeasures], protocol: Protocol, config: EvaluationConfig) -> dict[str, Result]:
    draws, samples = protocol.draws, protocol.samples
    found = steadiness_results(measures, draws)
    found |= class_results(measures, config.protocol, draws)
    found["sharpness"] = sharpness_result(measures, samples.target if samples else None, draws)
    if samples:
        found |= likeness_results(samples.translated, samples.source, samples.target, samples.target_again, draws)
    return protocol.beside(guarded(found), measures)


def _exhibits(
    clips: Sequence[PairedClip], measures: Sequence[ClipMeasures], sight: Sight, config: EvaluationConfig
) -> list[Exhibit]:
    moving = [pair for pair in zip(clips, measures, strict=True) if "added_flicker" in pair[1].curves]
    worst = sorted(moving, key=lambda pair: -pair[1].mean("added_flicker"))[: config.num_shown]
    return [exhibit(clip, measured, sight, config.film_frames, config.num_worst) for clip, measured in worst]


def _write(out: Path, results: Results, exhibits: Sequence[Exhibit], config: EvaluationConfig) -> None:
    marks = {clip.name: worst_frames(clip.curves.get("added_flicker", []), config.num_worst) for clip in results.clips}
    numbers, page, draws = results.to_json(), report(results, exhibits, marks), results.draws()
    write_together(
        {out / "metrics.json": encoded(numbers), out / "report.html": encoded(page), out / "draws.npz": draws}
    )
