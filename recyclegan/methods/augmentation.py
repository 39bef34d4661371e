"""What frames go through before they are judged: changes that can be differentiated, drawn alike for real and fake.

Source: Zhao et al. 2020, Differentiable Augmentation for Data-Efficient GAN Training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from recyclegan.flow import pixel_grid, warp
from recyclegan.settings.networks import AugmentationName
from recyclegan.tensors import Flow, Frames, Scalar

SHIFT = 1 / 8
"""Largest translation along each axis, as a share of that side; the border is repeated."""
CUT = 1 / 2
"""Sides of the region that is cut out, as a share of the frame's; it becomes grey, and may reach over the border."""
Draw = Float[Tensor, "batch 7"]
"""Of each frame: brightness, saturation, contrast, and place (x, y) of translation and of cutout, all from U[0, 1)."""


@dataclass(frozen=True)
class Augmentation:
    """Drawn changes, one for each frame of a batch: call it on frames of any size to change them."""

    kinds: Sequence[AugmentationName]
    draw: Draw
    chosen: Bool[Tensor, " batch"] | None = None
    """The frames that are changed; without it all are."""

    def __call__(self, frames: Frames) -> Frames:
        """Return the frames after their changes; gradients flow to the frames as they were."""
        changed = frames
        for change in (name for name in CHANGES if name in self.kinds):
            changed = CHANGES[change](changed, self.draw.to(frames.dtype))
        return changed if self.chosen is None else changed.where(self.chosen[:, None, None, None], frames)


def sample_augmentation(
    kinds: Sequence[AugmentationName], frames: Frames, rng: torch.Generator, share: Scalar | None = None
) -> Augmentation:
    """Return changes of the named kinds for a batch like ``frames``, drawn from ``rng`` on its device.

    Each frame is changed with a chance of ``share``; without one all are.
    """
    draw = torch.rand(len(frames), 7, generator=rng, device=rng.device).to(frames.device)
    if share is None:
        return Augmentation(kinds, draw)
    luck = torch.rand(len(frames), generator=rng, device=rng.device).to(frames.device)
    return Augmentation(kinds, draw, luck < share)


def recolour(frames: Frames, draw: Draw) -> Frames:
    """Return frames lighter or darker by up to a quarter of the range, with 0 to 2 of their saturation, 0.5 to 1.5 of
    their contrast.
    """
    brightness, saturation, contrast = draw[:, :3, None, None].split(1, dim=1)
    lit = frames + brightness - 0.5
    grey = lit.mean(dim=1, keepdim=True)
    tinted = grey + (lit - grey) * 2 * saturation
    mean = tinted.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (tinted - mean) * (contrast + 0.5)


def translate(frames: Frames, draw: Draw) -> Frames:
    """Return frames moved by whole pixels, up to an eighth of each side."""
    shift = ((2 * draw[:, 3:5] - 1) * SHIFT * _sides(frames)).round()
    return warp(frames, shift[:, :, None, None].expand(-1, -1, *frames.shape[-2:]).float())


def cut_out(frames: Frames, draw: Draw) -> Frames:
    """Return frames with a region of half their height and width in grey."""
    sides = _sides(frames)
    centre = (draw[:, 5:7] * sides)[:, :, None, None]
    grid: Flow = pixel_grid(frames[:, :1].expand(-1, 2, -1, -1))
    inside = ((grid - centre).abs() < (sides * CUT / 2)[:, :, None, None]).all(dim=1, keepdim=True)
    return frames.masked_fill(inside, 0.0)


def _sides(frames: Frames) -> Float[Tensor, "1 2"]:
    """Return width and height in pixels, without a copy from the host."""
    height, width = frames.shape[-2:]
    return torch.stack([frames.new_full((), width), frames.new_full((), height)])[None]


CHANGES = {"colour": recolour, "translation": translate, "cutout": cut_out}
"""The changes by name, in the order in which they are made."""
