"""How steady a video is over time, how much of its flicker the translation added, and whether blur bought it.

Frames come in [-1, 1]; every difference is in units of the full intensity range (black to white = 1), so numbers
compare with those printed for frames in [0, 1]. A batch holds pairs of frames, and each function returns one number
a pair: ``previous`` and ``current`` are neighbours, ``flow`` is the backward flow from one to the other in pixels.

How far translating and moving are from commuting: the property that the unsupervised terms train for.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.flow import Motion, warp
from recyclegan.tensors import Flow, Frames, Mask, Translate

PerPair = Float[Tensor, " batch"]
Distance = Callable[[Frames, Frames], PerPair]
"""A perceptual distance such as LPIPS, with its own weights, between frames in [-1, 1]."""
PixelMap = Float[Tensor, "batch 1 height width"]

SOFT_MASK_SHARPNESS = 50.0


def change(previous: Frames, current: Frames, flow: Flow) -> Frames:
    """Return the difference between a frame and the one before, warped to it; black to white is 1.

    Every measure of flicker follows from it, as ``changed`` of a translation and as ``source_changed`` of its source.
    """
    return (current - warp(previous, flow)) / 2


def warping_error(changed: Frames, visible: Mask) -> PerPair:
    """Return the mean squared difference between a frame and the one before, warped to it, over visible pixels.

    The mean runs over channels too (three times this is the sum over channels that some papers print). NaN where no
    pixel is visible.

    Source: Lai et al. 2018, "Learning Blind Video Temporal Consistency", section 4 (warping error).
    """
    return mean_over(changed.square().mean(dim=1, keepdim=True), visible)


def soft_warping_error(changed: Frames, source_changed: Frames) -> PerPair:
    """Return the mean absolute difference to the warped frame before, weighted by how well the source itself warps.

    The weight of a pixel is ``exp(-50 d^2)``, d^2 being the squared difference of the source's warped frame summed over
    channels. The mean runs over all pixels: those of weight 0 count as steady.

    Source: Lai et al. 2018, equations 2 and 3 (the temporal loss, taken as a measure).
    """
    weight = torch.exp(-SOFT_MASK_SHARPNESS * source_changed.square().sum(dim=1, keepdim=True))
    return (weight * flicker_map(changed)).mean(dim=(1, 2, 3))


def flicker_map(changed: Frames) -> PixelMap:
    """Return the absolute difference between a frame and the one before, warped to it; the mean over channels."""
    return changed.abs().mean(dim=1, keepdim=True)


def excess_flicker_map(changed: Frames, source_changed: Frames) -> PixelMap:
    """Return how far each pixel flickers beyond its source; 0 where the source flickers as much or more."""
    return (flicker_map(changed) - flicker_map(source_changed)).clamp(min=0)


def excess_flicker(changed: Frames, source_changed: Frames, visible: Mask) -> PerPair:
    """Return the mean flicker that the translation added: per pixel, the output's beyond the source's.

    A pixel that is steadier than its source counts 0, so calm here never pays for flicker there. The source itself
    scores 0. NaN where no pixel is visible.
    """
    return mean_over(excess_flicker_map(changed, source_changed), visible)


def flicker_measures(changed: Frames, source_changed: Frames, visible: Mask) -> dict[str, PerPair]:
    """Return all measures of flicker by name, the source's own among them."""
    return {
        "warping_error": warping_error(changed, visible),
        "source_warping_error": warping_error(source_changed, visible),
        "soft_warping_error": soft_warping_error(changed, source_changed),
        "source_soft_warping_error": soft_warping_error(source_changed, source_changed),
        "added_flicker": excess_flicker(changed, source_changed, visible),
    }


def flow_difference(output: Flow, source: Flow) -> PerPair:
    """Return the mean distance in pixels between the motion seen in the output and in its source (tOF).

    Both flows come from one estimator.

    Source: Chu et al. 2020, "Learning Temporal Coherence via Self-Supervision for GAN-based Video Generation" (tOF).
    """
    return (output - source).square().sum(dim=1).sqrt().mean(dim=(1, 2))


def perceptual_change_difference(
    previous: Frames,
    current: Frames,
    source_previous: Frames,
    source_current: Frames,
    distance: Distance,
) -> PerPair:
    """Return by how much the perceptual distance of neighbours differs between the output and its source (tLP).

    Source: Chu et al. 2020 (tLP).
    """
    return (distance(previous, current) - distance(source_previous, source_current)).abs()


def sharpness(frames: Frames) -> PerPair:
    """Return the mean length of the brightness gradient of each frame, in intensity a pixel.

    Blur lowers it: a steadier video that is less sharp than its target footage bought calm with detail.
    """
    grey = frames.mean(dim=1, keepdim=True) / 2
    padded = F.pad(grey, (0, 1, 0, 1), mode="replicate")
    across, down = padded[..., :-1, 1:] - grey, padded[..., 1:, :-1] - grey
    return (across.square() + down.square()).sqrt().mean(dim=(1, 2, 3))


def mean_over(values: PixelMap, mask: Mask) -> PerPair:
    """Return the mean of each map over the pixels of its mask; NaN where there are none."""
    return (values * mask).sum(dim=(1, 2, 3)) / mask.sum(dim=(1, 2, 3))


@torch.inference_mode()
def equivariance_error(translate: Translate, frames: Frames, motion: Motion) -> PerPair:
    """Return for each frame the mean of ``|G(W(x)) - W(G(x))|`` over visible pixels, G translating and W moving.

    0 means that it does not matter whether a frame is moved before or after its translation: a moving scene then keeps
    its look, without any footage of motion. In units of the full intensity range (black to white = 1); NaN where no
    pixel is visible. ``translate`` should be in evaluation mode and free of randomness.

    Source: Wang, Akash and Misu 2022, equation of the unsupervised spatial term, taken as a measure (no noise).
    """
    moved_first, moved_last = translate(motion(frames)), motion(translate(frames))
    difference = (moved_first - moved_last).abs().mean(dim=1, keepdim=True) / 2
    return mean_over(difference, motion.visible)
