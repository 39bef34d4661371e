"""What the numbers of an evaluation rest on, in words: once for all of them, and beside each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recyclegan.evaluation.class_scores import SOURCE, Semantics
from recyclegan.evaluation.clip_measures import ClipMeasures, FlowSource
from recyclegan.evaluation.distribution_distances import NUM_DISTANCE_DRAWS, Sample
from recyclegan.evaluation.frame_spans import RUN_LENGTH, frames_in
from recyclegan.evaluation.measure_catalogue import FEATURES, MEASURES, STRUCTURE, Measure
from recyclegan.evaluation.paired_clips import PairedClip
from recyclegan.evaluation.results import Result
from recyclegan.evaluation.structure import deep_in_words
from recyclegan.features.efficientnet import ABOUT
from recyclegan.metrics.flow_estimation import FlowKind
from recyclegan.metrics.intervals import Draws
from recyclegan.settings.evaluation import EvaluationConfig

FLOW_NAMES: dict[FlowKind, str] = {
    "exact": "exact, from the truth",
    "dis": "estimated on the source by DIS (OpenCV, medium preset)",
    "raft": "estimated on the source by RAFT large (torchvision)",
}
SOFT_MASK = "exp(-50 d^2), d^2 the squared difference of the source to its warped frame before, summed over channels"
ALL_PIXELS = "all pixels"


@dataclass(frozen=True)
class Samples:
    """What is kept of each set of footage whose distance to the target is measured."""

    translated: Sample
    source: Sample
    target: Sample


@dataclass(frozen=True)
class Protocol:
    """How everything was measured."""

    clips: Sequence[PairedClip]
    flow_source: FlowSource
    semantics: Semantics | None
    samples: Samples | None
    reader: str | None
    """What reads classes, where it is no palette."""
    config: EvaluationConfig

    @property
    def draws(self) -> Draws:
        """Return how clips are drawn again."""
        return Draws(self.config.num_draws, self.config.seed)

    def in_words(self) -> dict[str, str]:
        """Return what holds for all numbers."""
        draws = self.draws
        stated = {
            "flow": FLOW_NAMES[self.flow_source.source],
            "mask": self.flow_source.mask,
            "size": self.size,
            "frames": frames_in_words(self.clips, self.config.most_frames),
            "intervals": f"95 %, percentile bootstrap over clips, {draws.count} draws, seed {draws.seed}",
        }
        if self.flow_source.estimate is None:
            stated["motion difference"] = "not measured: needs OpenCV (pip install 'recyclegan[metrics]')"
        if self.semantics:
            stated |= self._of_classes(self.semantics)
        elif any(clip.truth and clip.truth.tells_classes for clip in self.clips):
            stated["classes"] = "not scored: the label set is not named (--labels)"
        if self.config.perceptual:
            stated["perceptual distance"] = self.config.perceptual
        stated["deep features"] = deep_in_words(self.config)
        if self.samples:
            translated, target = self.samples.translated, self.samples.target
            stated["target sample"] = f"{target.num_frames} frames, {translated.num_frames} translated"
            stated["features"] = str(self.config.features or "none")
            drawn = min(draws.count, NUM_DISTANCE_DRAWS)
            if self.samples.target.cells is not None:
                stated["floor of deep features"] = "two halves of the target, each every other clip"
            stated["intervals of distances"] = f"{drawn} draws of the clips of both sets, moved to the distance"
        return stated

    def _of_classes(self, semantics: Semantics) -> dict[str, str]:
        reader = self.reader or f"the nearest colour of {semantics.labels.name}"
        held = "what it finds in the source" if semantics.rival_name == SOURCE else "what the source's colours tell"
        return {
            "class protocol": self.config.protocol,
            "classes read by": f"{reader}; ignored ids {', '.join(map(str, semantics.ignore))}",
            "classes held against": held,
        }

    @property
    def size(self) -> str:
        """Return the sizes that clips were measured at."""
        return ", ".join(sorted({_size(clip) for clip in self.clips}))

    def beside(self, found: Mapping[str, Result], measures: Sequence[ClipMeasures]) -> dict[str, Result]:
        """Return results with what each of them rests on."""
        return {name: replace(result, stated=self._terms(MEASURES[name], measures)) for name, result in found.items()}

    def _terms(self, measure: Measure, measures: Sequence[ClipMeasures]) -> dict[str, str]:
        masks = {"trusted": self.flow_source.mask, "soft": SOFT_MASK, "all": ALL_PIXELS, None: None}
        terms = {
            "norm": measure.norm or None,
            "flow": self._flow(measure),
            "mask": masks[measure.mask],
            "size": self.size,
            "samples": self._counts(measure, measures),
            "features": self._network(measure),
        }
        return {name: value for name, value in terms.items() if value}

    def _network(self, measure: Measure) -> str | None:
        if measure in (*FEATURES, STRUCTURE):
            return ABOUT
        return self.config.features if measure.name in ("fid", "kid") else None

    def _flow(self, measure: Measure) -> str | None:
        if measure.flow == "seen":
            seen = "RAFT large (torchvision)" if self.flow_source.source == "raft" else "DIS (OpenCV, medium preset)"
            return f"estimated on the output and on the source by {seen}"
        return FLOW_NAMES[self.flow_source.source] if measure.flow else None

    def _counts(self, measure: Measure, measures: Sequence[ClipMeasures]) -> str:
        if measure.taken_on == "sample":
            assert self.samples is not None
            ours, target = self.samples.translated, self.samples.target
            return f"{_frames(ours)}; target {_frames(target)}"
        if measure.taken_on == "frames":
            return f"{sum(clip.num_measured for clip in measures)} frames of {len(measures)} clips"
        return f"{sum(clip.num_pairs for clip in measures)} pairs of frames of {len(measures)} clips"


def plan_of(
    clips: Sequence[PairedClip], config: EvaluationConfig, flow_source: FlowSource, classes: bool, target: Path | None
) -> str:
    """Return in a line what will be measured, and on how many frames."""
    kinds = [
        f"steadiness (flow: {flow_source.source})",
        "classes" if classes else "",
        "distances to the target" if target else "",
        "what translated frames teach a segmenter" if config.downstream else "",
    ]
    count = f"{len(clips)} clip{'' if len(clips) == 1 else 's'}"
    return (
        f"measuring {', '.join(filter(None, kinds))} of {count}; frames: {frames_in_words(clips, config.most_frames)}"
    )


def frames_in_words(clips: Sequence[PairedClip], most: int | None) -> str:
    """Return in words which frames of clips are measured."""
    frames, measured = (sum(len(frames_in(clip.runs(count))) for clip in clips) for count in (None, most))
    if measured == frames:
        return f"all {frames}"
    length = min(most or RUN_LENGTH, RUN_LENGTH)
    return (
        f"{measured} of {frames}: at most {most} of each clip, in evenly spread runs of {length} neighbours"
        " (--all-frames measures all)"
    )


def _frames(sample: Sample) -> str:
    return f"{sample.num_frames} frames of {sample.num_clips} clips"


def _size(clip: PairedClip) -> str:
    (height, width), (source_height, source_width) = clip.size, clip.source.size
    resized = "" if clip.size == clip.source.size else f" (source resized from {source_width}x{source_height})"
    return f"{width}x{height}{resized}"
