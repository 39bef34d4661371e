"""Evaluate translated footage: files in, ``metrics.json`` and ``report.html`` out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch

from recyclegan.data.index import Clip
from recyclegan.errors import InputError
from recyclegan.evaluation.classes import Segment, Semantics, label_set, read_semantics
from recyclegan.evaluation.clips import ClipMeasures, Sight, measure_clip
from recyclegan.evaluation.exhibits import Exhibit, exhibit, worst_frames
from recyclegan.evaluation.footage import PairedClip, clips_at, pair_clips
from recyclegan.evaluation.likeness import Sample, sample_footage
from recyclegan.evaluation.report import report
from recyclegan.evaluation.results import (
    Result,
    Results,
    class_results,
    class_scores,
    likeness_results,
    sharpness_result,
    steadiness_results,
)
from recyclegan.files import whole_file
from recyclegan.metrics.distribution import Extract, inception_features, load_features
from recyclegan.metrics.intervals import Draws
from recyclegan.metrics.motion import CHECKED_MASK, EXACT_MASK, FlowSource, flow_estimator
from recyclegan.metrics.network_file import load_network
from recyclegan.metrics.segmentation import Protocol
from recyclegan.metrics.temporal import Distance

Progress = Callable[[int, int, str], None]
"""Told of (frames done, frames in all, name of the clip) while clips are measured."""

FLOW_NAMES: dict[FlowSource, str] = {
    "exact": "exact, from the truth",
    "dis": "estimated on the source by DIS (OpenCV, medium preset)",
    "raft": "estimated on the source by RAFT large (torchvision)",
}


@dataclass(frozen=True)
class EvaluationConfig:
    """How footage is measured and what of it is shown."""

    flow: Literal["auto", "exact", "dis", "raft"] = "auto"
    """Where the motion comes from; auto: from the truth where it tells it, else by DIS."""
    raft_weights: Path | None = None
    """File of weights for RAFT instead of the published ones."""
    labels: str | None = None
    """Label set (viper, cityscapes) of the truth; the translated frames are label maps in its colours."""
    protocol: Protocol = "standard"
    """Means over the classes that the truth shows (standard), or over all of them, absent ones 0 (reference)."""
    features: str | None = None
    """Network for FID and KID: a .pt2 or TorchScript file, or inception."""
    perceptual: str | None = None
    """Perceptual distance for tLP: a .pt2 or TorchScript file that takes two batches of frames in [-1, 1]."""
    num_shown: int = 3
    """Clips shown in the report, those that flicker most."""
    film_frames: int = 90
    """Frames of each clip in its film."""
    num_worst: int = 2
    """Worst moments shown of each of these clips."""
    num_draws: int = 1000
    """How often clips are drawn again for the intervals."""
    seed: int = 0
    """Seed of the intervals and of the patches."""


def evaluate(
    translated: Path,
    source: Path,
    out: Path,
    target: Path | None = None,
    truth: Path | None = None,
    config: EvaluationConfig | None = None,
    segment: Segment | None = None,
    progress: Progress | None = None,
) -> Results:
    """Measure translated footage, write ``out/metrics.json`` and ``out/report.html``, and return the numbers.

    ``translated`` and ``source`` are videos, or folders of clips of the same names; ``target`` is any footage of the
    look aimed at; ``truth`` holds the truth of the source (see `recyclegan.evaluation.footage`). ``segment`` reads the
    classes of translated frames that are no label maps.

    Raises:
        InputError: footage is missing, damaged or does not fit together, or something needed is not installed.
    """
    config = config or EvaluationConfig()
    if config.labels and truth is None:
        raise InputError(
            f"labels {config.labels}: no truth to score classes against; give --truth, or leave labels out"
        )
    labels = label_set(config.labels) if config.labels else None
    clips = pair_clips(translated, source, truth, labels)
    sight = _sight(config, clips)
    semantics = read_semantics(clips, labels, segment) if labels else None
    samples = _samples(clips, clips_at(target), config) if target else None
    measures = _measure(clips, sight, semantics, progress)
    inputs = {"translated": translated, "source": source, "target": target, "truth": truth}
    results = Results(
        results=_results(measures, samples, config),
        classes=class_scores(measures, config.protocol, semantics.name) if semantics else {},
        protocol=_protocol(clips, sight, semantics, samples, config, segmented=segment is not None),
        inputs={name: str(path) for name, path in inputs.items() if path},
        clips=measures,
    )
    _write(out, results, _exhibits(clips, measures, sight, config), config)
    return results


def _sight(config: EvaluationConfig, clips: Sequence[PairedClip]) -> Sight:
    """Return where motion comes from; with exact flow, tOF is seen by DIS if OpenCV is there."""
    known = all(isinstance(clip.truth, Path) for clip in clips)
    if config.flow == "exact" and not known:
        raise InputError("flow exact: no truth that tells it; give --truth with a folder of .npz files, or --flow dis")
    source: FlowSource = config.flow if config.flow != "auto" else "exact" if known else "dis"
    estimate = None
    if source != "exact" or find_spec("cv2"):
        estimate = flow_estimator("dis" if source == "exact" else source, config.raft_weights)
    return Sight(source, estimate, _perceptual(config))


def _perceptual(config: EvaluationConfig) -> Distance | None:
    if config.perceptual is None:
        return None
    network = load_network(Path(config.perceptual))
    return torch.inference_mode()(lambda left, right: network(left, right).flatten())


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


@dataclass(frozen=True)
class _Samples:
    translated: Sample
    source: Sample
    target: Sample
    target_again: Sample


def _samples(clips: Sequence[PairedClip], target: Sequence[Clip], config: EvaluationConfig) -> _Samples:
    extract, size, seed = _extract(config), clips[0].size, config.seed
    return _Samples(
        translated=sample_footage([clip.translated for clip in clips], size, seed, extract),
        source=sample_footage([clip.source for clip in clips], size, seed, extract),
        target=sample_footage(target, size, seed + 1, extract),
        target_again=sample_footage(target, size, seed + 2, None),
    )


def _extract(config: EvaluationConfig) -> Extract | None:
    if config.features is None:
        return None
    return inception_features() if config.features == "inception" else load_features(Path(config.features))


def _results(measures: Sequence[ClipMeasures], samples: _Samples | None, config: EvaluationConfig) -> dict[str, Result]:
    draws = Draws(config.num_draws, config.seed)
    found = steadiness_results(measures, draws)
    found |= class_results(measures, config.protocol, draws)
    found["sharpness"] = sharpness_result(measures, samples.target if samples else None, draws)
    if samples:
        found |= likeness_results(samples.translated, samples.source, samples.target, samples.target_again)
    return found


def _protocol(
    clips: Sequence[PairedClip],
    sight: Sight,
    semantics: Semantics | None,
    samples: _Samples | None,
    config: EvaluationConfig,
    segmented: bool,
) -> dict[str, str]:
    """Return what the numbers rest on, in words."""
    stated = {
        "flow": FLOW_NAMES[sight.source],
        "mask": EXACT_MASK if sight.source == "exact" else CHECKED_MASK,
        "size": ", ".join(sorted({_size(clip) for clip in clips})),
        "intervals": f"95 %, percentile bootstrap over clips, {config.num_draws} draws, seed {config.seed}",
    }
    if sight.estimate is None:
        stated["motion difference"] = "not measured: needs OpenCV (pip install 'recyclegan[metrics]')"
    if semantics:
        reader = "the given segmenter" if segmented else f"the nearest colour of {semantics.labels.name}"
        stated["class protocol"] = config.protocol
        stated["classes read by"] = f"{reader}; ignored ids {', '.join(map(str, semantics.ignore))}"
    elif any(clip.truth for clip in clips):
        stated["classes"] = "not scored: the label set is not named (--labels)"
    if config.perceptual:
        stated["perceptual distance"] = config.perceptual
    if samples:
        stated["target sample"] = f"{samples.target.num_frames} frames, {samples.translated.num_frames} translated"
        stated["features"] = str(config.features or "none")
    return stated


def _size(clip: PairedClip) -> str:
    (height, width), (source_height, source_width) = clip.size, clip.source.size
    resized = "" if clip.size == clip.source.size else f" (source resized from {source_width}x{source_height})"
    return f"{width}x{height}{resized}"


def _exhibits(
    clips: Sequence[PairedClip], measures: Sequence[ClipMeasures], sight: Sight, config: EvaluationConfig
) -> list[Exhibit]:
    moving = [pair for pair in zip(clips, measures, strict=True) if "added_flicker" in pair[1].curves]
    worst = sorted(moving, key=lambda pair: -pair[1].mean("added_flicker"))[: config.num_shown]
    return [exhibit(clip, measured, sight, config.film_frames, config.num_worst) for clip, measured in worst]


def _write(out: Path, results: Results, exhibits: Sequence[Exhibit], config: EvaluationConfig) -> None:
    marks = {clip.name: worst_frames(clip.curves.get("added_flicker", []), config.num_worst) for clip in results.clips}
    with whole_file(out / "draws.npz") as draws:
        results.write_draws(draws)
    with whole_file(out / "metrics.json") as numbers, whole_file(out / "report.html") as page:
        results.write(numbers)
        page.write_text(report(results, exhibits, marks), encoding="utf-8")
