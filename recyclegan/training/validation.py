"""Measures of a run's translators on held-out frames, and what their course says when training ends."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.domains import DIRECTIONS, source_domain
from recyclegan.flow import Motion, sample_motion
from recyclegan.metrics.equivariance import equivariance_error
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Translate
from recyclegan.training.footage import Footage

Sample = Float[Tensor, "1 channels _ _"]
"""One frame among others, which may differ from it in size."""
NUM_MOTIONS = 4
"""Motions that every held-out frame is moved by."""
MOTION_SEED = 0
"""Draws the motions: the same in every evaluation, and in every run on frames of the same size."""
LEAST_POINTS = 3
"""Evaluations in the last third of training that make a course."""
LARGEST = 1e30
"""A larger value is no measure but an overflow."""
LEAST_RISE = 0.1
"""Rise over the last third of training, as a share of the mean, that is told of."""


def validate(generators: nn.ModuleDict, footage: Footage) -> dict[str, float]:
    """Return the equivariance error and the variety of each direction, such as ``ab/equivariance``, on held-out frames.

    Variety takes two frames or more. Draws nothing from the randomness of training.
    """
    measures = {}
    for way in DIRECTIONS:
        if way in generators:
            frames = [frame.to(footage.device) for frame in footage.samples[source_domain(way)]]
            measures[f"{way}/equivariance"] = mean_equivariance_error(generators[way], frames)
            if len(frames) > 1:
                measures[f"{way}/variety"] = variety(generators[way], frames)
    return measures


def mean_equivariance_error(translate: Translate, frames: Sequence[Sample]) -> float:
    """Return the mean equivariance error under fixed synthetic motions; black to white = 1.

    One motion at a time: held-out frames are whole, and may be far larger than the windows of training.
    """
    rng = torch.Generator().manual_seed(MOTION_SEED)
    errors = []
    for frame in frames:
        motions = sample_motion(FlowSynthesis(), frame.expand(NUM_MOTIONS, -1, -1, -1), rng).flow
        errors += [equivariance_error(translate, frame, Motion(flow[None])) for flow in motions]
    return float(torch.cat(errors).mean())


@torch.inference_mode()
def variety(translate: Translate, frames: Sequence[Sample]) -> float:
    """Return how much the translations of frames differ: their standard deviation, averaged over pixels.

    Black to white = 1. A translator that ignores its input has 0. Frames of other sizes are brought to the first's.
    """
    size = frames[0].shape[-2:]
    translations = torch.cat([F.interpolate(translate(frame), size=size, mode="area") for frame in frames])
    return float(translations.std(dim=0, correction=0).mean() / 2)


def rise_at_the_end(points: Sequence[tuple[float, float]]) -> float:
    """Return how much a series of (step, value) rises over the last third of its steps, as a share of its mean there.

    The rise is that of the straight line through the points; 0 where they are fewer than three, or not all finite.
    """
    late = np.array([point for point in points if 3 * point[0] > 2 * points[-1][0]])
    if len(late) < LEAST_POINTS or not np.abs(late[:, 1]).max() <= LARGEST or late[:, 1].mean() <= 0:
        return 0.0
    steps, values = late.T
    slope = np.polyfit(steps - steps[0], values, 1)[0]
    return float(slope * (steps[-1] - steps[0]) / values.mean())


def notes_on_course(points: Mapping[str, Sequence[tuple[float, float]]]) -> tuple[str, ...]:
    """Return a line for each direction whose equivariance error rose over the last third of training."""
    return tuple(
        f"{name} rose by {rise:.0%} over the last third of training: if the samples showed the look before, "
        "fewer --steps or a longer --decay may be steadier"
        for name, values in points.items()
        if name.endswith("/equivariance") and (rise := rise_at_the_end(values)) > LEAST_RISE
    )
