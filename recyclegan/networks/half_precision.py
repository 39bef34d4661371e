"""Whether a CPU can do half precision: measured, for a processor may say little of itself, and emulation takes ages."""

import time
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNELS, SIDE = 32, 32
"""Of the convolution that is timed: emulated, it takes a thirtieth of a second."""
AT_MOST = 0.3
"""Seconds after which no further convolution is timed."""
SLOWER = 1.5
"""Times as long as in 32 bits, from which on half precision is emulated: with instructions it takes half as long."""


@cache
def slowness_of(half: torch.dtype) -> float:
    """Return how many times as long as in 32 bits a small convolution takes this CPU in half precision."""
    rng = torch.Generator().manual_seed(0)
    frames = torch.rand(1, CHANNELS, SIDE, SIDE, generator=rng)
    weight = torch.rand(CHANNELS, CHANNELS, 3, 3, generator=rng)
    return _seconds(frames.to(half), weight.to(half)) / _seconds(frames, weight)


@torch.inference_mode()
def _seconds(frames: Tensor, weight: Tensor, most: int = 10) -> float:
    """Return the seconds of the fastest of a few convolutions: the machine may do other things besides."""
    seconds: list[float] = []
    while len(seconds) < most and sum(seconds) < AT_MOST:
        start = time.perf_counter()
        F.conv2d(frames, weight, padding=1)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
