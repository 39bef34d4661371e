"""What is measured of one clip, frame by frame."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from recyclegan.arrays import Image
from recyclegan.evaluation.classes import ClassTally, Semantics
from recyclegan.evaluation.footage import Moment, PairedClip
from recyclegan.evaluation.truth import Size
from recyclegan.metrics.motion import (
    CHECKED_MASK,
    EXACT_MASK,
    EstimateFlow,
    FlowSource,
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
from recyclegan.tensors import Frames, to_frames


@dataclass(frozen=True)
class Sight:
    """How neighbouring frames are compared."""

    source: FlowSource
    """Where the flow comes from that frames are warped by."""
    estimate: EstimateFlow | None = None
    """What sees motion in a video, for the flow where it is not exact, and for tOF."""
    perceptual: Distance | None = None
    """A perceptual distance between frames, for tLP."""
    exact_mask: str = EXACT_MASK
    """How it is known, with exact flow, which pixels were visible before."""

    @property
    def mask(self) -> str:
        """Return in words which pixels the flow is trusted at."""
        return self.exact_mask if self.source == "exact" else CHECKED_MASK

    def motion(self, previous: Moment, current: Moment) -> FrameMotion:
        """Return the motion of the source between two neighbouring frames."""
        if self.source == "exact":
            truth = current.truth
            assert truth is not None
            assert truth.flow is not None
            assert truth.visible is not None
            flow, visible = torch.from_numpy(truth.flow), torch.from_numpy(truth.visible)
            return exact_motion(flow.permute(2, 0, 1)[None], visible[None, None], self.exact_mask)
        assert self.estimate is not None
        return estimated_motion(as_frames(previous.source), as_frames(current.source), self.source, self.estimate)


@dataclass(frozen=True)
class ClipMeasures:
    """One clip's values a frame (the first has no predecessor: NaN for what compares neighbours) and its counts."""

    name: str
    num_frames: int
    size: Size
    curves: dict[str, list[float]]
    tally: ClassTally | None

    def mean(self, measure: str) -> float:
        """Return the mean of a curve over the frames at which it is finite, NaN where there is none."""
        values = [value for value in self.curves.get(measure, ()) if np.isfinite(value)]
        return float(np.mean(values)) if values else float("nan")

    def num_gaps(self, measure: str) -> int:
        """Return at how many frames but the first a curve is not finite."""
        return sum(not np.isfinite(value) for value in self.curves[measure][1:])


def as_frames(image: Image) -> Frames:
    """Return an image as a batch of one frame."""
    return to_frames(np.stack([image]))


def measure_clip(clip: PairedClip, sight: Sight, semantics: Semantics | None, step: Callable[[], None]) -> ClipMeasures:
    """Return what is measured of a clip, calling ``step`` after each frame; memory does not grow with its length.

    Raises:
        InputError: a file cannot be read.
    """
    rows: list[dict[str, float]] = []
    tally = ClassTally(semantics) if semantics else None
    previous, motion = None, None
    for current in clip.moments():
        row = _sharpness(current)
        if previous:
            motion = sight.motion(previous, current)
            row |= _steadiness(previous, current, motion, sight)
        if tally:
            row |= tally.add(current, motion)
        rows.append(row)
        previous = current
        step()
    names = dict.fromkeys(name for row in rows for name in row)
    curves = {name: [row.get(name, float("nan")) for row in rows] for name in names}
    return ClipMeasures(clip.name, len(rows), clip.size, curves, tally)


def _sharpness(moment: Moment) -> dict[str, float]:
    return {
        "sharpness": sharpness(as_frames(moment.translated)).item(),
        "source_sharpness": sharpness(as_frames(moment.source)).item(),
    }


def _steadiness(previous: Moment, current: Moment, motion: FrameMotion, sight: Sight) -> dict[str, float]:
    ours = as_frames(previous.translated), as_frames(current.translated)
    theirs = as_frames(previous.source), as_frames(current.source)
    changed, source_changed = change(*ours, motion.flow), change(*theirs, motion.flow)
    values: dict[str, PerPair] = flicker_measures(changed, source_changed, motion.visible)
    if sight.estimate:
        seen = motion.flow if motion.source != "exact" else sight.estimate(*theirs)
        values["flow_difference"] = flow_difference(sight.estimate(*ours), seen)
    if sight.perceptual:
        values["perceptual_change_difference"] = perceptual_change_difference(*ours, *theirs, sight.perceptual)
    return {name: value.item() for name, value in values.items()}
