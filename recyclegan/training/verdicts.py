"""The verdict on the held-out frames that a run shows: their numbers as it goes, the sentences when it ends."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from recyclegan.arrays import Image
from recyclegan.data import CachedDomain
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain, target_domain
from recyclegan.logs import series
from recyclegan.metrics.frame_numbers import Look, Numbers, look_of, numbers_of, pair_of
from recyclegan.tensors import to_images
from recyclegan.training.footage import Footage
from recyclegan.verdict import on_discriminators, verdict_in

NUM_TARGET_FRAMES = 8
"""Frames to train on that tell what the target looks like."""


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
        for way in DIRECTIONS:
            if way in generators:
                own = self._of_direction(way, generators[way])
                found |= {f"{way}/{name}": value for name, value in own.items()}
        return found

    def _of_direction(self, way: Direction, translate: nn.Module) -> Numbers:
        pairs = []
        for frames in self._footage.samples[source_domain(way)]:
            real = frames.to(self._footage.device)
            pairs.append(pair_of(to_images(real)[0], to_images(translate(real))[0]))
        if self._footage.palettes:
            return numbers_of(pairs, labels=True)
        return numbers_of(pairs, self._target(target_domain(way)))

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
    judged = [(way, verdict_in(entry, way)) for way in DIRECTIONS for entry in _last(entries, way)]
    lines = [line for way, verdict in judged for line in verdict.lines(f"{way} ")]
    won = on_discriminators(series(entries))
    return (*lines, *(f"{finding.sentence}; {finding.remedy}" for finding in won))


def _last(entries: Sequence[Mapping[str, Any]], way: Direction) -> list[Mapping[str, Any]]:
    """Return the last line that numbers of a direction stand in, where there is one."""
    return [entry for entry in entries if f"{way}/change" in entry][-1:]
