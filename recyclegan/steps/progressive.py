"""Progressive resolution: the first parts of training see smaller frames, the last part whole ones."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.domains import Domain
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.halves import Batch
from recyclegan.steps.train_state import TrainState
from recyclegan.tensors import Clips


def divisor_of(config: TrainConfig, step: int, num_steps: int) -> int:
    """Return what the sides of frames are divided by in a step (counted from 0)."""
    parts = config.progressive or (1,)
    return parts[min(step * len(parts) // num_steps, len(parts) - 1)]


def frame_words(divisor: int) -> str:
    """Return in words what frames whose sides are divided are."""
    return f"frames of 1/{divisor} of their height and width" if divisor > 1 else "whole frames"


def at_resolution(state: TrainState, batch: Batch, step: int) -> dict[Domain, Tensor]:
    """Return a batch at the resolution of a step; fakes of another resolution are forgotten, and a change is told."""
    config, divisor = state.config, divisor_of(state.config, step, state.num_steps)
    if not config.progressive:
        return batch
    if step and divisor != divisor_of(config, step - 1, state.num_steps):
        state.notify(f"step {step + 1}: {frame_words(divisor)} from here on (--progressive)")
    batch = smaller(batch, divisor, config)
    sizes = {clips.shape[-2:] for clips in batch.values()}
    for buffer in state.buffers.values():
        buffer.kept = [fake for fake in buffer.kept if fake.shape[-2:] in sizes]
    return batch


def sizes_of(config: TrainConfig) -> set[tuple[int, int]]:
    """Return the heights and widths that crops have in the course of training."""
    height, width = config.frames.size
    return {(height // divisor, width // divisor) for divisor in config.progressive or (1,)}


def smaller(batch: Batch, divisor: int, config: TrainConfig) -> dict[Domain, Tensor]:
    """Return clips with sides divided: means of pixels, or, of label maps, the colours of single ones.

    Where a segmenter trains along, so are the classes that clips of a carry behind their colours.
    """
    if divisor == 1:
        return batch
    found = {domain: _smaller(clips, divisor, config.frames.is_label(domain)) for domain, clips in batch.items()}
    if config.faithfulness.labels_weight:
        found["a"][:, :, -1:] = _smaller(batch["a"][:, :, -1:], divisor, is_label=True)
    return found


def _smaller(
    clips: Clips, divisor: int, is_label: bool
) -> Float[Tensor, "batch time channels small_height small_width"]:
    size = [max(1, side // divisor) for side in clips.shape[-2:]]
    frames = F.interpolate(clips.flatten(0, 1), size, mode="nearest-exact" if is_label else "area")
    return frames.unflatten(0, clips.shape[:2])
