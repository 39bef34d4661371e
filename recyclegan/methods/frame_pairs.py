"""Pairs of neighbouring frames with the motion between them undone: what differs in a pair is unsteady."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.flow import Motion, visible, warp
from recyclegan.tensors import Flow, Frames

ITERATIONS = 5
"""Steps of the fixed-point iteration that inverts a flow."""

Joined = Float[Tensor, "batch channels_twice height width"]


@dataclass(frozen=True)
class FramePair:
    """A frame, and the next one brought back onto it."""

    first: Frames
    second: Frames

    def joined(self) -> Joined:
        """Return the frame and how the other differs from it, joined by channel: look and steadiness at once."""
        return torch.cat([self.first, self.second - self.first], dim=1)


def aligned(first: Frames, moved: Frames, motion: Motion) -> FramePair:
    """Return the pair of ``first`` and ``moved``, which shows the same scene after ``motion``, with that undone.

    Where the motion brought in what the first frame does not show, both show the first.
    """
    back = inverse(motion.flow)
    seen = warp(motion.visible.to(back.dtype), back) * visible(back) > 1 - 1e-3
    return FramePair(first, torch.where(seen, warp(moved, back), first))


def inverse(flow: Flow) -> Flow:
    """Return the flow that undoes a smooth one: ``warp(warp(x, flow), inverse(flow))`` is ``x`` but for resampling.

    It solves ``g(p) = -flow(p - g(p))`` by iteration.
    """
    back = -flow
    for _ in range(ITERATIONS):
        back = -warp(flow, back)
    return back
