"""How far translating and moving are from commuting: the property that the unsupervised terms train for."""

from typing import Protocol, runtime_checkable

import torch

from recyclegan.metrics.temporal import PerPair, mean_over
from recyclegan.tensors import Frames, Mask, Translate


@runtime_checkable
class Warp(Protocol):
    """A motion: call it on frames to move them; ``visible`` says which pixels it then shows truly."""

    @property
    def visible(self) -> Mask:
        """Return which pixels of the moved frames come from inside the frames."""

    def __call__(self, frames: Frames) -> Frames:
        """Return the moved frames."""


@torch.inference_mode()
def equivariance_error(translate: Translate, frames: Frames, motion: Warp) -> PerPair:
    """Return for each frame the mean of ``|G(W(x)) - W(G(x))|`` over visible pixels, G translating and W moving.

    0 means that it does not matter whether a frame is moved before or after its translation: a moving scene then keeps
    its look, without any footage of motion. In units of the full intensity range (black to white = 1); NaN where no
    pixel is visible. ``translate`` should be in evaluation mode and free of randomness.

    Source: Wang, Akash and Misu 2022, equation of the unsupervised spatial term, taken as a measure (no noise).
    """
    moved_first, moved_last = translate(motion(frames)), motion(translate(frames))
    difference = (moved_first - moved_last).abs().mean(dim=1, keepdim=True) / 2
    return mean_over(difference, motion.visible)
