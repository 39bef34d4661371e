"""Where two frames have light and dark in the same places, whatever their looks."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.tensors import Frames

CELLS = 16
"""Cells along the shorter side of a frame whose brightness is compared."""
TOLERANCE = 1.0
"""Difference of brightness, in standard deviations of the frame's own, at which nothing agrees any more."""

Agreement = Float[Tensor, "batch 1 cells_down cells_across"]
"""How far cells of two frames agree: 0 to 1."""


def agreement(one: Frames, other: Float[Tensor, "batch _ _ _"]) -> Agreement:
    """Return how far each cell of a frame is as light, among the cells of its frame, as the same cell of another.

    Brightness counts in standard deviations from the frame's mean, so that a darker or paler look agrees as well.
    """
    height, width = one.shape[-2:]
    scale = CELLS / min(height, width)
    cells = round(height * scale), round(width * scale)
    gap = standing_out(one, cells) - standing_out(other, cells)
    return (1 - gap.abs() / TOLERANCE).clamp(min=0)


def standing_out(frames: Frames, cells: tuple[int, int]) -> Agreement:
    """Return by how many standard deviations each cell is lighter than the mean of its frame."""
    grey = F.adaptive_avg_pool2d(frames.detach().float().mean(dim=1, keepdim=True), cells)
    centred = grey - grey.mean(dim=(2, 3), keepdim=True)
    return centred / centred.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp(min=1e-3)
