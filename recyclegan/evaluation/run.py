"""Evaluate translated footage: files in, ``metrics.json`` and ``report.html`` out."""

from collections.abc import Callable, Sequence
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.evaluation.classes import Segment, Semantics, label_set, read_semantics
from recyclegan.evaluation.clips import ClipMeasures, PartMeasures, joined
from recyclegan.evaluation.compatibility import check_options
from recyclegan.evaluation.counting import Progress, counted
from recyclegan.evaluation.crew import Crew, Post, View, crew, one_thread, shown, worth
from recyclegan.evaluation.exhibits import Exhibit, worst_frames
from recyclegan.evaluation.footage import PairedClip, clips_at, pair_clips
from recyclegan.evaluation.kept import Store
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.notes import notes_on_gaps, notes_on_pairs, notes_on_results
from recyclegan.evaluation.protocol import Protocol, plan_of
from recyclegan.evaluation.recalled import Distances, distances_to
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
from recyclegan.evaluation.stretches import frames_in
from recyclegan.files import check_writable, encoded, kind_of, write_together
from recyclegan.labels import LabelSet
from recyclegan.metrics.motion import EXACT_MASK, FlowSource
from recyclegan.settings.evaluation import EvaluationConfig

OUTPUTS = ("metrics.json", "report.html", "draws.npz")


def evaluate(
    translated: Path,
    source: Path,
    out: Path,
    target: Path | None = None,
    truth: Path | None = None,
    config: EvaluationConfig | None = None,
    segment: Segment | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
    memory: Path | None = None,
) -> Results:
    """Measure translated footage, write ``out/metrics.json`` and ``out/report.html``, and return the numbers.

    ``translated`` and ``source`` are videos, or folders of clips of the same names; ``target`` is any footage of the
    look aimed at; ``truth`` holds the truth of the source (see `recyclegan.evaluation.truth`). ``segment`` reads the
    classes of translated frames that are no label maps. ``say`` is told what will be measured, in a line, before it is.
    ``memory`` is a folder for what belongs to source and target alone, so that further evaluations of the same clips
    need not work it out again.

    Raises:
        InputError: footage is missing, damaged or does not fit together, or something needed is not installed.
    """
    config = config or EvaluationConfig()
    check_options(config, target, truth, segment)
    _check_places(out)
    labels = label_set(config.labels) if config.labels else None
    store = Store()
    clips = [clip.kept_in(store) for clip in pair_clips(translated, source, truth, labels, config.reading)]
    view = _view(config, clips, Memory(memory))
    with one_thread():
        post, protocol, known = _prepared(view, clips, labels, segment, target, progress, say)
        with crew(post, view, 1 if segment else worth(config, clips)) as workers:
            measures = _measure(clips, workers, config, progress)
            found = _results(measures, protocol, known, config)
            exhibits = _exhibits(measures, workers, config, progress)
    inputs = {"translated": translated, "source": source, "target": target, "truth": truth}
    semantics = post.semantics
    results = Results(
        results=found,
        classes=class_scores(measures, config.protocol, semantics.name, protocol.draws) if semantics else {},
        protocol=protocol.in_words(),
        inputs={name: str(path) for name, path in inputs.items() if path},
        clips=measures,
        notes=[*notes_on_pairs(clips, clips_at(source)), *notes_on_gaps(measures), *notes_on_results(found)],
    )
    _write(out, results, exhibits, config)
    return results


def _check_places(out: Path) -> None:
    """Refuse a folder that the outputs cannot be written to."""
    if (kind := kind_of(out)) not in ("folder", "nothing"):
        raise InputError(f"{out}: is a {kind}; name a folder for {' and '.join(OUTPUTS[:2])}")
    check_writable(out / OUTPUTS[0] if kind == "folder" else out)
    for name in OUTPUTS:
        if (found := kind_of(out / name)) not in ("file", "nothing"):
            raise InputError(f"{out / name}: is a {found}, a file is to be written there; choose another --out")


def _view(config: EvaluationConfig, clips: Sequence[PairedClip], memory: Memory) -> View:
    """Return where motion comes from; with exact flow, tOF is seen by DIS if OpenCV is there."""
    masks = [clip.truth.mask if clip.truth else None for clip in clips]
    known = all(masks)
    if config.flow == "exact" and not known:
        raise InputError("flow exact: no truth that tells it; give --truth with a folder of .npz files, or --flow dis")
    source: FlowSource = config.flow if config.flow != "auto" else "exact" if known else "dis"
    return View(config, source, "; ".join(sorted({mask for mask in masks if mask})) or EXACT_MASK, memory)


def _prepared(
    view: View,
    clips: Sequence[PairedClip],
    labels: LabelSet | None,
    segment: Segment | None,
    target: Path | None,
    progress: Progress | None,
    say: Callable[[str], None] | None,
) -> tuple[Post, Protocol, Distances | None]:
    """Return all that is known before the first frame is measured."""
    config, sight = view.config, view.sight()
    segmenter = _segmenter(config, clips, labels)
    if say:
        say(plan_of(clips, config, sight, labels is not None, target))
    semantics = _semantics(clips, labels, segment or segmenter, config.most_frames)
    aims = clips_at(target, config.reading) if target else ()
    known = distances_to(aims, clips, config, view.memory, progress) if target else None
    reader = segmenter.about if segmenter else "the given segmenter" if segment else None
    protocol = Protocol(clips, sight, semantics, known.samples if known else None, reader, config)
    return Post(clips, sight, semantics, config), protocol, known


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
    clips: Sequence[PairedClip], workers: Crew, config: EvaluationConfig, progress: Progress | None
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
        found |= likeness_results(known.translated, known.source, known.least)
    return protocol.beside(guarded(found), measures)


def _exhibits(
    measures: Sequence[ClipMeasures], workers: Crew, config: EvaluationConfig, progress: Progress | None
) -> list[Exhibit]:
    moving = [pair for pair in enumerate(measures) if "added_flicker" in pair[1].curves]
    worst = sorted(moving, key=lambda pair: -pair[1].mean("added_flicker"))[: config.num_shown]
    step = counted(progress if worst else None, "films", len(worst))
    exhibits = []
    for exhibit in workers.each(shown, worst):
        step()
        exhibits.append(exhibit)
    return exhibits


def _write(out: Path, results: Results, exhibits: Sequence[Exhibit], config: EvaluationConfig) -> None:
    marks = {clip.name: worst_frames(clip.curves.get("added_flicker", []), config.num_worst) for clip in results.clips}
    numbers, page, draws = results.to_json(), report(results, exhibits, marks), results.draws()
    write_together(
        {out / "metrics.json": encoded(numbers), out / "report.html": encoded(page), out / "draws.npz": draws}
    )
