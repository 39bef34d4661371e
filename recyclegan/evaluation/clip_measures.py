"""What is measured of one clip, frame by frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from recyclegan.arrays import Image
from recyclegan.evaluation.class_scores import ClassTally, Semantics, sum_of
from recyclegan.evaluation.frame_spans import Part, Runs, frames_in, num_pairs
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.paired_clips import FramePair, PairedClip
from recyclegan.evaluation.truth import Size
from recyclegan.metrics.flow_estimation import (
    CHECKED_MASK,
    EXACT_MASK,
    EstimateFlow,
    FlowKind,
    FrameMotion,
    estimated_motion,
    exact_motion,
)
from recyclegan.metrics.temporal import (
    Distance,
    PerPair,
    change,
    flicker_measures,
    flow_difference,
    perceptual_change_difference,
    sharpness,
)
from recyclegan.tensors import Flow, Frames, to_frames


@dataclass(frozen=True)
class FlowSource:
    """How neighbouring frames are compared."""

    source: FlowKind
    """Where the flow comes from that frames are warped by."""
    estimate: EstimateFlow | None = None
    """What sees motion in a video, for the flow where it is not exact, and for tOF."""
    perceptual: Distance | None = None
    """A perceptual distance between frames, for tLP."""
    exact_mask: str = EXACT_MASK
    """How it is known, with exact flow, which pixels were visible before."""
    estimator: str = ""
    """What tells the estimate from others, in the keys of what is remembered of it."""
    memory: Memory = field(default_factory=Memory)

    @property
    def mask(self) -> str:
        """Return in words which pixels the flow is trusted at."""
        return self.exact_mask if self.source == "exact" else CHECKED_MASK

    def motion(self, previous: FramePair, current: FramePair) -> FrameMotion:
        """Return the motion of the source between two neighbouring frames."""
        if self.source == "exact":
            truth = current.truth
            assert truth is not None
            assert truth.flow is not None
            assert truth.visible is not None
            flow, visible = torch.from_numpy(truth.flow), torch.from_numpy(truth.visible)
            return exact_motion(flow.permute(2, 0, 1)[None], visible[None, None], self.exact_mask)
        found = self.memory.recall(self._key("motion", current), lambda: _arrays(self._estimated(previous, current)))
        flow, visible = torch.from_numpy(found["flow"]), torch.from_numpy(found["visible"])
        return FrameMotion(flow, visible, self.source, CHECKED_MASK)

    def seen(self, previous: FramePair, current: FramePair) -> Flow:
        """Return the motion that the estimate sees in the source between two neighbouring frames."""
        found = self.memory.recall(self._key("seen", current), lambda: {"flow": self._seen(previous, current).numpy()})
        return torch.from_numpy(found["flow"])

    def _estimated(self, previous: FramePair, current: FramePair) -> FrameMotion:
        assert self.estimate is not None
        return estimated_motion(as_frames(previous.source), as_frames(current.source), self.source, self.estimate)

    def _seen(self, previous: FramePair, current: FramePair) -> Flow:
        assert self.estimate is not None
        return self.estimate(as_frames(previous.source), as_frames(current.source))

    def _key(self, what: str, current: FramePair) -> str:
        return f"{what} {self.estimator} {current.key}" if current.key else ""


def _arrays(motion: FrameMotion) -> dict[str, np.ndarray]:
    return {"flow": motion.flow.numpy(), "visible": motion.visible.numpy()}


@dataclass(frozen=True)
class ClipMeasures:
    """One clip's values a frame and its counts.

    Values are NaN at frames that are not measured; what compares neighbours is NaN at the first of each run, too.
    """

    name: str
    num_frames: int
    """Of the clip, measured or not."""
    size: Size
    curves: dict[str, list[float]]
    tally: ClassTally | None
    runs: Runs
    """The frames that are measured."""

    @property
    def num_measured(self) -> int:
        """Return how many frames are measured."""
        return len(frames_in(self.runs))

    @property
    def num_pairs(self) -> int:
        """Return how many pairs of neighbours are measured."""
        return num_pairs(self.runs)

    def mean(self, measure: str) -> float:
        """Return the mean of a curve over the frames at which it is finite, NaN where there is none."""
        values = [value for value in self.curves.get(measure, ()) if np.isfinite(value)]
        return float(np.mean(values)) if values else float("nan")

    def num_gaps(self, measure: str) -> int:
        """Return at how many of the pairs of neighbours a curve is not finite."""
        curve = self.curves[measure]
        return sum(not np.isfinite(curve[index]) for run in self.runs for index in run[1:])


@dataclass(frozen=True)
class PartMeasures:
    """The values of each measured frame of a part of a clip, and the part's counts."""

    rows: dict[int, dict[str, float]]
    tally: ClassTally | None


def as_frames(image: Image) -> Frames:
    """Return an image as a batch of one frame."""
    return to_frames(np.stack([image]))


def measure_part(
    clip: PairedClip, part: Part, flow_source: FlowSource, semantics: Semantics | None, step: Callable[[], None]
) -> PartMeasures:
    """Return what is measured of a part of a clip, calling ``step`` after each frame; its length takes no memory.

    Raises:
        InputError: a file cannot be read.
    """
    rows: dict[int, dict[str, float]] = {}
    tally = ClassTally(semantics) if semantics else None
    counted, previous = frozenset(part.frames), None
    for current in clip.moments(part.looked_at, to_end=part.is_last):
        if current.index in counted:
            is_next = previous and previous.index == current.index - 1
            rows[current.index] = _values(previous if is_next else None, current, flow_source, tally)
            step()
        elif tally:
            tally.begin(current)
        previous = current
    return PartMeasures(rows, tally)


def _values(
    previous: FramePair | None, current: FramePair, flow_source: FlowSource, tally: ClassTally | None
) -> dict[str, float]:
    """Return the values of a frame, ``previous`` being the neighbour that it is compared with."""
    row, motion = _sharpness(current), None
    if previous:
        motion = flow_source.motion(previous, current)
        row |= _steadiness(previous, current, motion, flow_source)
    return row | tally.add(current, motion) if tally else row


def joined(clip: PairedClip, runs: Runs, parts: Sequence[PartMeasures]) -> ClipMeasures:
    """Return what was measured of the parts of a clip, in order, as that of the clip."""
    rows = {index: row for part in parts for index, row in part.rows.items()}
    names = dict.fromkeys(name for row in rows.values() for name in row)
    num_frames = clip.source.num_frames
    curves = {name: [rows.get(i, {}).get(name, float("nan")) for i in range(num_frames)] for name in names}
    tallies = [part.tally for part in parts if part.tally]
    return ClipMeasures(clip.name, num_frames, clip.size, curves, sum_of(tallies) if tallies else None, runs)


def _sharpness(moment: FramePair) -> dict[str, float]:
    return {
        "sharpness": sharpness(as_frames(moment.translated)).item(),
        "source_sharpness": sharpness(as_frames(moment.source)).item(),
    }


def _steadiness(
    previous: FramePair, current: FramePair, motion: FrameMotion, flow_source: FlowSource
) -> dict[str, float]:
    ours = as_frames(previous.translated), as_frames(current.translated)
    theirs = as_frames(previous.source), as_frames(current.source)
    changed, source_changed = change(*ours, motion.flow), change(*theirs, motion.flow)
    values: dict[str, PerPair] = flicker_measures(changed, source_changed, motion.visible)
    if flow_source.estimate:
        seen = motion.flow if motion.source != "exact" else flow_source.seen(previous, current)
        values["flow_difference"] = flow_difference(flow_source.estimate(*ours), seen)
    if flow_source.perceptual:
        values["perceptual_change_difference"] = perceptual_change_difference(*ours, *theirs, flow_source.perceptual)
    return {name: value.item() for name, value in values.items()}
