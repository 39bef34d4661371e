"""Held-out frames of a run: measures of its translators as it goes, and what they say of it when it ends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.arrays import Image
from recyclegan.data import CachedDomain
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain, target_domain
from recyclegan.flow import Motion, sample_motion
from recyclegan.logs import series
from recyclegan.metrics.frame_numbers import Look, Numbers, look_of, numbers_of, pair_of
from recyclegan.metrics.temporal import equivariance_error
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Translate, to_images
from recyclegan.training.training_data import Footage
from recyclegan.verdict import on_discriminators, verdict_in

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
NUM_TARGET_FRAMES = 8
"""Frames to train on that tell what the target looks like."""
FEWEST_STEPS = 100
"""Steps before which frames in which nothing is wrong are called too early to be judged, not usable."""


def validate(generators: nn.ModuleDict, footage: Footage) -> dict[str, float]:
    """Return the equivariance error and the variety of each direction, such as ``ab/equivariance``, on held-out frames.

    Variety takes two frames or more. Draws nothing from the randomness of training.
    """
    measures = {}
    for direction in DIRECTIONS:
        if direction in generators:
            frames = [frame.to(footage.device) for frame in footage.samples[source_domain(direction)]]
            measures[f"{direction}/equivariance"] = mean_equivariance_error(generators[direction], frames)
            if len(frames) > 1:
                measures[f"{direction}/variety"] = variety(generators[direction], frames)
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


class SampleJudge:
    """Measures translations of the frames that a run shows, beside frames of the look aimed at.

    Draws nothing from the randomness of training.
    """

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._looks: dict[Domain, list[Look]] = {}

    @torch.inference_mode()
    def numbers(self, generators: nn.ModuleDict) -> Numbers:
        """Return the numbers of each direction, such as ``ab/lightness_agreement`` (see `numbers_of`)."""
        found: Numbers = {}
        for direction in DIRECTIONS:
            if direction in generators:
                own = self._of_direction(direction, generators[direction])
                found |= {f"{direction}/{name}": value for name, value in own.items()}
        return found

    def _of_direction(self, direction: Direction, translate: nn.Module) -> Numbers:
        pairs = []
        for frames in self._footage.samples[source_domain(direction)]:
            real = frames.to(self._footage.device)
            seen = self._footage.seen(source_domain(direction), real)
            pairs.append(pair_of(to_images(seen)[0], to_images(translate(real))[0]))
        if self._footage.palettes:
            return numbers_of(pairs, labels=True)
        return numbers_of(pairs, self._target(target_domain(direction)))

    def _target(self, domain: Domain) -> list[Look]:
        if domain not in self._looks:
            self._looks[domain] = [look_of(image) for image in spread_frames(self._footage.cached[domain])]
        return self._looks[domain]


def spread_frames(footage: CachedDomain, count: int = NUM_TARGET_FRAMES) -> list[Image]:
    """Return about ``count`` frames, spread evenly over the clips and within each."""
    clips = [footage.clips[i] for i in _spread(len(footage.clips), count)]
    each = -(-count // len(clips))
    return [clip[place : place + 1][0] for clip in clips for place in _spread(len(clip), each)]


def _spread(length: int, count: int) -> list[int]:
    """Return the numbers of at most ``count`` of ``length`` things: the middle of each of as many equal parts."""
    count = min(count, length)
    return [int((2 * part + 1) * length / (2 * count)) for part in range(count)]


def verdict_lines(entries: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what there is to say of a run at its end, from the lines of ``stats.jsonl``.

    A line for each direction, one for each thing that is wrong in it, with what to do, and one for each discriminator
    that has won.
    """
    lines: list[str] = []
    for direction in DIRECTIONS:
        measured = [entry for entry in entries if f"{direction}/change" in entry]
        lines += _lines(measured[-1], direction) if measured else []
    won = on_discriminators(series(entries))
    return (*lines, *(f"{finding.sentence}; {finding.remedy}" for finding in won))


def _lines(entry: Mapping[str, Any], direction: Direction) -> list[str]:
    """Return the verdict on a direction; in the first steps it says no more than what is wrong."""
    verdict = verdict_in(entry, direction)
    if verdict.word == "usable" and entry["step"] < FEWEST_STEPS:
        return [f"{direction} not judged: {entry['step']} steps are too few to tell; {FEWEST_STEPS} at least"]
    return verdict.lines(f"{direction} ")
