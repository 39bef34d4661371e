"""Evaluate translated footage: files in, ``metrics.json`` and ``report.html`` out.

What is said of measures that could not be taken, so that no gap passes for a number.

The verdict on translated clips: their numbers as rows with intervals, and what they mean in words.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.evaluation.class_distances import class_distance_results, notes_on_rare
from recyclegan.evaluation.class_scores import (
    Segment,
    Segmenter,
    Semantics,
    check_options,
    label_set,
    load_segmenter,
    read_semantics,
)
from recyclegan.evaluation.clip_measures import ClipMeasures, PartMeasures, joined
from recyclegan.evaluation.counting import Progress, counted
from recyclegan.evaluation.downstream import Lesson, check_downstream, downstream_results
from recyclegan.evaluation.evaluation_report import report
from recyclegan.evaluation.examples import Example, worst_frames
from recyclegan.evaluation.frame_spans import frames_in
from recyclegan.evaluation.measure_catalogue import MEASURES, PICTURES
from recyclegan.evaluation.memory import Memory, Store
from recyclegan.evaluation.paired_clips import PairedClip, clips_at, pair_clips
from recyclegan.evaluation.protocol import Protocol, plan_of
from recyclegan.evaluation.recalled import Distances, distances_to
from recyclegan.evaluation.results import (
    SOURCE,
    TARGET,
    Result,
    Results,
    class_results,
    class_scores,
    distance_results,
    guarded,
    shares,
    sharpness_result,
    steadiness_results,
)
from recyclegan.evaluation.structure import structure_results
from recyclegan.evaluation.survival import survival_results
from recyclegan.evaluation.truth import Size
from recyclegan.evaluation.workers import Setup, Workers, WorkerState, one_thread, shown, worker_processes, worth
from recyclegan.files import check_writable, encoded, kind_of, write_together
from recyclegan.labels import LabelSet
from recyclegan.metrics.flow_estimation import EXACT_MASK, FlowKind
from recyclegan.metrics.frame_numbers import Look, Numbers, Pair, look_of, numbers_of, pair_of, references_of
from recyclegan.metrics.intervals import Draws, Interval, mean_interval
from recyclegan.metrics.pictures import SHORT
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.verdict import Fault, Verdict, verdict_of

MOST_NAMED = 5
REASONS = {
    "pairs": "no pixel of neighbouring frames could be compared, or a network gave no finite number",
    "frames": "nothing was counted",
    "learned": "no labelled frame of the target was scored, or target frames taught no more than the source's",
    "sample": "the frames of a set are all of one colour or too few, or the features are not finite",
}
"""Why a measure has no number, by what it is taken on."""


def notes_on_pairs(clips: Sequence[PairedClip], sources: Sequence[Clip]) -> Iterator[str]:
    """Yield what there is to say of which frames belong together, and a line on sources that nothing belongs to."""
    yield from (clip.note for clip in clips if clip.note)
    used = {clip.source.name for clip in clips}
    missing = [source.name for source in sources if source.name not in used]
    if missing:
        named = ", ".join(missing[:MOST_NAMED]) + (" and others" if len(missing) > MOST_NAMED else "")
        yield f"{len(missing)} of {len(sources)} clips of the source were not translated and are not measured: {named}"


def notes_on_results(results: Mapping[str, Result]) -> Iterator[str]:
    """Yield a line for each measure that has no finite number, of the translated footage or of what stands beside."""
    for name, result in results.items():
        values = {"the translated footage": result.translated, **result.references}
        without = [who for who, interval in values.items() if not math.isfinite(interval.value)]
        if without:
            yield f"{name}: no number for {' and '.join(without)}; {REASONS[MEASURES[name].taken_on]}"


def notes_on_gaps(clips: Sequence[ClipMeasures]) -> Iterator[str]:
    """Yield a line for each measure that lacks a number at some pairs of neighbouring frames."""
    for name in (measure.name for measure in MEASURES.values() if measure.taken_on == "pairs"):
        gaps = {clip.name: clip.num_gaps(name) for clip in clips if name in clip.curves and clip.num_gaps(name)}
        pairs = sum(clip.num_pairs for clip in clips)
        if gaps:
            worst = max(gaps, key=lambda clip: gaps[clip])
            yield (
                f"{name}: left out at {sum(gaps.values())} of {pairs} pairs of frames, most often in {worst}:"
                f" {REASONS['pairs']}"
            )


NUM_FRAMES = 12
"""Frames of a clip that are looked at, and of the target, at most; spread evenly."""
MOST_CLASSES = 48
"""Colours of a frame up to which it is taken for a map of classes; footage is one where all of its frames are."""
WHOLE = ("patches_coarse", "feature_frechet", "fid", "kid")
"""Distances that tell how the look as a whole differs from the target's."""
FARTHER = 1.1
"""Times the source's distance from which a translation is told to be farther from the target."""
CALM = ("warping_error", "soft_warping_error")
"""Measures of steadiness that blur improves; the source's own is the reference."""
LOST = {"edges": 0.6, "sharpness": 0.75}
"""Shares of the source's edges, and of the sharpness of source or target, under which calm was bought with blur."""


@dataclass(frozen=True)
class Appraisal:
    """What there is to say of the pictures of translated footage."""

    results: dict[str, Result]
    """The numbers that the verdict rests on, by name, with intervals over clips."""
    has_labels: bool
    """Whether source or translation hold label maps, so that brightness and colours were not judged."""

    def verdict(self, others: Mapping[str, Result]) -> Verdict:
        """Return the verdict, and what measures of other kinds add to it."""
        verdict = verdict_of({name: result.translated.value for name, result in self.results.items()})
        if self.has_labels:
            return verdict
        return replace(verdict, findings=(*verdict.findings, *_farther(others), *_bought(others)))


def appraise(clips: Sequence[PairedClip], target: Sequence[Clip], draws: Draws) -> Appraisal:
    """Return the numbers of translated clips; one frame at a time is kept, and little of it.

    Raises:
        InputError: a file cannot be read.
    """
    seen = [[_seen(moment.source, moment.translated) for moment in clip.looks(NUM_FRAMES)] for clip in clips]
    pairs = [[pair for pair, _ in one] for one in seen]
    has_labels = any(map(all, zip(*(flags for one in seen for _, flags in one), strict=True)))
    looks = [] if has_labels else [look_of(image) for image in _frames(target, clips[0].size)]
    own = [numbers_of(one, looks, has_labels) for one in pairs]
    beside: dict[str, list[Numbers]] = {SOURCE: [], TARGET: []}
    for one in pairs:
        for name, numbers in references_of(one, looks).items():
            beside[name].append(numbers)
    stated = {"size": _sizes(clips), "samples": _samples(pairs, looks)}
    names = [measure.name for measure in PICTURES if any(measure.name in numbers for numbers in own)]
    results = {name: Result(_over(own, name, draws), _references(beside, name, draws), stated) for name in names}
    return Appraisal(results, has_labels)


def _seen(source: Image, translated: Image) -> tuple[Pair, list[bool]]:
    """Return what is kept of a translated frame and its source, and whether each of them is a label map."""
    return pair_of(source, translated), [_is_label_map(image) for image in (source, translated)]


def _frames(clips: Sequence[Clip], size: Size) -> Iterator[Image]:
    """Yield frames that are spread evenly over clips, brought to one size."""
    resize, chosen = Resize("rectangle", *size), clips[:: -(-len(clips) // NUM_FRAMES)] if clips else ()
    for clip in chosen:
        stride = -(-clip.num_frames * len(chosen) // NUM_FRAMES)
        for image in islice(clip.images(), min(stride // 2, clip.num_frames - 1), None, stride):
            yield resize(image)


def _is_label_map(image: Image) -> bool:
    """Return whether a frame has as few colours as a map of classes, as far as some thousand pixels tell."""
    step = max(1, min(image.shape[:2]) // SHORT)
    levels = image[::step, ::step].astype(np.int64)
    return len(np.unique(levels @ (65536, 256, 1) if levels.shape[2] == 3 else levels)) <= MOST_CLASSES


def _sizes(clips: Sequence[PairedClip]) -> str:
    return ", ".join(sorted({f"{clip.size[1]}x{clip.size[0]}" for clip in clips}))


def _samples(pairs: Sequence[Sequence[Pair]], looks: Sequence[Look]) -> str:
    aim = f"; target {len(looks)} frames" if looks else ""
    return f"{sum(map(len, pairs))} frames of {len(pairs)} clips{aim}"


def _over(clips: Sequence[Numbers], name: str, draws: Draws) -> Interval:
    return mean_interval([numbers.get(name, float("nan")) for numbers in clips], draws)


def _references(beside: Mapping[str, Sequence[Numbers]], name: str, draws: Draws) -> dict[str, Interval]:
    return {who: _over(own, name, draws) for who, own in beside.items() if any(name in numbers for numbers in own)}


def _farther(results: Mapping[str, Result]) -> Iterator[Fault]:
    """Find distances to the target that the untouched source beats."""
    for name in (name for name in WHOLE if name in results and SOURCE in results[name].references):
        ours, source = results[name].translated, results[name].references[SOURCE].value
        if ours.value > FARTHER * source > 0:
            chance = "; this may be chance" if ours.low <= source else ""
            yield Fault(
                "farther",
                ours.value,
                "farther from the target than the untouched source"
                f" ({MEASURES[name].title}: {ours.value:.3g}, the source's {source:.3g}{chance})",
                "train longer (--resume with more --steps), or check that --target shows the look that was trained for",
                is_grave=False,
            )


def _bought(results: Mapping[str, Result]) -> Iterator[Fault]:
    """Find steadiness beyond the source's in an output that has lost edges or sharpness: blur buys calm."""
    calm = [name for name in CALM if name in results and _value(results, name) < _value(results, name, SOURCE)]
    sharp = max(shares(results["sharpness"]).values(), default=1.0)
    kept = {"edges": _value(results, "edges_kept"), "sharpness": sharp}
    lost = [what for what, share in kept.items() if share < LOST[what]]
    if calm and lost:
        named = " and ".join(MEASURES[name].title.lower() for name in calm)
        yield Fault(
            "bought",
            kept[lost[0]],
            f"more calm than the source ({named}) is no merit: it was bought with blur, which left"
            f" {100 * kept[lost[0]]:.0f} % of the {lost[0]}",
            "judge steadiness beside sharpness; train longer, or anew at a larger --size",
            is_grave=False,
        )


def _value(results: Mapping[str, Result], name: str, reference: str = "") -> float:
    result = results.get(name)
    if result is None:
        return float("nan")
    return result.references[reference].value if reference else result.translated.value


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
    scored = None if config.downstream and not (segment or config.segmenter) else labels
    with one_thread():
        state, protocol, known = _prepared(setup, clips, scored, segment, target, progress, say)
        with worker_processes(state, setup, 1 if segment else worth(config, clips)) as workers:
            measures = _measure(clips, workers, config, progress)
            found = _results(measures, protocol, known, config)
            found |= protocol.beside(structure_results(clips, config, setup.memory, protocol.draws), measures)
            examples_shown = _examples(measures, workers, config, progress)
        if config.downstream and labels and (place := labelled or target):
            aims = pair_clips(place, place, target_truth, labels, config.reading)
            lesson = Lesson(clips, aims, labels, config, setup.memory)
            found |= downstream_results(lesson, protocol.draws, progress)
            found |= survival_results(lesson, protocol.draws, progress)
            found |= class_distance_results(lesson, protocol.draws)
    inputs = {"translated": translated, "source": source, "target": target, "truth": truth}
    inputs |= {"target truth": target_truth, "labelled target": labelled}
    appraisal = appraise(clips, clips_at(target, config.reading) if target else (), protocol.draws)
    found, semantics = {**appraisal.results, **found}, state.semantics
    results = Results(
        results=found,
        classes=class_scores(measures, config.protocol, semantics.name, protocol.draws) if semantics else {},
        protocol=protocol.in_words(),
        inputs={name: str(path) for name, path in inputs.items() if path},
        clips=measures,
        verdict=appraisal.verdict(found),
        notes=[
            *notes_on_pairs(clips, clips_at(source)),
            *notes_on_gaps(measures),
            *notes_on_results(found),
            *notes_on_rare(found),
        ],
    )
    _write(out, results, examples_shown, config)
    return results


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
    for example_of in workers.each(shown, worst):
        step()
        examples_shown.append(example_of)
    return examples_shown


def _write(out: Path, results: Results, examples_shown: Sequence[Example], config: EvaluationConfig) -> None:
    marks = {clip.name: worst_frames(clip.curves.get("added_flicker", []), config.num_worst) for clip in results.clips}
    numbers, page, draws = results.to_json(), report(results, examples_shown, marks), results.draws()
    write_together(
        {out / "metrics.json": encoded(numbers), out / "report.html": encoded(page), out / "draws.npz": draws}
    )
