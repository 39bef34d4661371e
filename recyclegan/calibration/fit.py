"""The setting of the synthetic flow whose parts reach as far as those of given motion.

What a flow is made of: a shift, a zoom and a rotation of the whole frame, and a smooth rest.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.flow import REFERENCE_SIDE, pixel_grid, sample_motion
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Flow, Mask

GRID_SIDE = 32
"""Points along the shorter side at which a flow is looked at."""

PerFlow = Float[Tensor, " flows"]
Weights = Float[Tensor, "flows 1 height width"]


@dataclass(frozen=True)
class Parts:
    """The parts of each of many flows; lengths are in pixels at a shorter side of 256."""

    length: PerFlow
    """Mean length of the flow."""
    across: PerFlow
    """Motion at the frame's centre to the right, without the rest."""
    down: PerFlow
    """Motion at the frame's centre downwards, without the rest."""
    zoom: PerFlow
    """Pixels of motion away from a fixed point for each 100 pixels of distance."""
    rotation: PerFlow
    """Degrees."""
    rest: PerFlow
    """Root mean square of what shift, zoom and rotation leave, a component."""
    correlation: PerFlow
    """Distance at which the correlation of the rest with itself has fallen to a half."""

    def __len__(self) -> int:
        return len(self.length)

    @property
    def shift(self) -> Float[Tensor, " both"]:
        """Return the shifts along both axes, one after the other."""
        return torch.cat([self.across, self.down])


def joined(parts: list[Parts]) -> Parts:
    """Return the parts of all flows as one."""
    return Parts(**{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Parts)})


def decompose(flow: Flow, trusted: Mask) -> Parts:
    """Return the parts of each flow of a batch, judged by the trusted pixels alone; every flow needs some.

    Shift, zoom and rotation are those of the similarity that fits the flow best (least squares).
    """
    scale = min(flow.shape[-2:]) / REFERENCE_SIDE
    stride = max(1, min(flow.shape[-2:]) // GRID_SIDE)
    similarities = _similarity_fields(flow)[..., ::stride, ::stride]
    flow, mask = flow[..., ::stride, ::stride], trusted[..., ::stride, ::stride].to(flow)
    amounts = _fit(flow, mask, similarities)
    across, down, stretch, turn = amounts.unbind(1)
    rest = (flow - torch.einsum("bk,kchw->bchw", amounts, similarities)) * mask
    num_pixels = mask.sum((1, 2, 3))
    return Parts(
        length=(torch.hypot(*flow.unbind(1)) * mask[:, 0]).sum((1, 2)) / num_pixels / scale,
        across=across / scale,
        down=down / scale,
        zoom=100 * (1 - torch.hypot(1 - stretch, turn)),
        rotation=torch.atan2(turn, 1 - stretch).rad2deg(),
        rest=(rest.square().sum((1, 2, 3)) / (2 * num_pixels)).sqrt() / scale,
        correlation=_half_width(rest, mask) * stride / scale,
    )


def _similarity_fields(flow: Flow) -> Float[Tensor, "4 2 height width"]:
    """Return the flows of a unit of shift along each axis, of zoom and of rotation about the frame's centre."""
    x, y = pixel_grid(flow[:1])[0]
    x, y = x - x.mean(), y - y.mean()
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return torch.stack([torch.stack(pair) for pair in ((one, zero), (zero, one), (x, y), (y, -x))])


def _fit(flow: Flow, mask: Weights, similarities: Float[Tensor, "4 2 height width"]) -> Float[Tensor, "batch 4"]:
    """Return how much of each similarity the flow holds, by least squares over the mask."""
    masked = similarities * mask[:, None]
    squares = torch.einsum("bkchw,lchw->bkl", masked, similarities)
    held = torch.einsum("bkchw,bchw->bk", masked, flow)
    return torch.linalg.lstsq(squares.double(), held[..., None].double()).solution[..., 0].to(flow)


def _half_width(rest: Flow, mask: Weights) -> PerFlow:
    """Return the distance in grid points at which the correlation of each field with itself falls to a half."""
    lags = range(min(rest.shape[-2:]) // 2)
    curve = torch.stack([_covariance(rest, mask, lag) for lag in lags])
    curve = curve / curve[0].clamp(min=1e-12)
    below = curve < 0.5
    lag = torch.where(below.any(0), below.int().argmax(0), len(curve) - 1)
    before, after = (curve.gather(0, at[None])[0] for at in ((lag - 1).clamp(min=0), lag))
    return lag - ((0.5 - after) / (before - after).clamp(min=1e-12)).clamp(0, 1)


def _covariance(rest: Flow, mask: Weights, lag: int) -> PerFlow:
    """Return the mean product of vectors of the rest that lie ``lag`` points apart along either axis."""
    height, width = rest.shape[-2:]

    def both_axes(field: Tensor) -> PerFlow:
        across = torch.einsum("bchw,bchw->b", field[..., lag:], field[..., : width - lag])
        return across + torch.einsum("bchw,bchw->b", field[..., lag:, :], field[..., : height - lag, :])

    return both_axes(rest) / both_axes(mask).clamp(min=1)


REACH = 0.95
"""Quantile at which shift, zoom and rotation, which are drawn up to a largest size, are as large as found."""
SIMULATED_SIDE = 64
"""Longest shorter side at which synthetic flow is drawn to be measured; being relative, it hardly depends on it."""
NUM_SIMULATED = 256
NUM_FOR_MEDIAN = 64
"""Flows that are enough for a median; the far end needs NUM_SIMULATED."""
SMOOTHNESSES = (12, 16, 24, 32, 48, 64, 84, 100)
"""Settings for which the correlation is measured; a field that is smoother still is hardly more than a similarity."""
SMALLEST_REST = 0.05
"""Pixels; a smaller rest is the estimator's error."""


def fit_flow(found: Parts, size: tuple[int, int], headroom: float = 1.0, seed: int = 0) -> FlowSynthesis:
    """Return the setting whose parts are ``headroom`` times as large as those of ``found``.

    The smooth field comes first: its smoothness from the correlation of the rest, its size from the rest, which it
    gives anew in every draw, so that medians agree. A smooth field also shifts, zooms and turns the frame, and zoom
    about any centre shifts it, so the others add what is lacking at the far end (:data:`REACH`). What a setting gives
    is measured on flow drawn for frames shaped like ``size`` (height, width).
    """
    size = _simulated_size(size)
    smooth = _fit_smooth_field(found, size, headroom, seed)
    parts = simulate(smooth, size, NUM_SIMULATED, seed)
    rng = torch.Generator().manual_seed(seed)
    zooms, turns = _spread(rng), _spread(rng)

    zoom = _lacking(parts.zoom, zooms, headroom * reach(found.zoom))
    rotation = _lacking(parts.rotation, turns, headroom * reach(found.rotation))
    half = [side * REFERENCE_SIDE / min(size) / 2 for side in size]
    across = parts.across + zoom / 100 * zooms * half[1] * _spread(rng)
    down = parts.down + zoom / 100 * zooms * half[0] * _spread(rng)
    moved, shifts = torch.cat([across, down]), torch.cat([_spread(rng), _spread(rng)])
    target = headroom * reach(found.shift)
    shift = _closest(range(math.ceil(target) + 2), lambda most: moved + (shifts * (most + 0.5)).round(), target)
    return FlowSynthesis(
        motion=smooth.motion,
        shift=round(shift),
        smoothness=smooth.smoothness,
        zoom=round(zoom, 2),
        rotation=round(rotation, 2),
    )


def simulate(flow: FlowSynthesis, size: tuple[int, int], count: int, seed: int) -> Parts:
    """Return the parts of synthetic flows for frames shaped like ``size`` (height, width)."""
    frames = torch.zeros(count, 1, *_simulated_size(size))
    motion = sample_motion(flow, frames, torch.Generator().manual_seed(seed))
    return decompose(motion.flow, torch.ones_like(frames, dtype=torch.bool))


def reach(part: Tensor) -> float:
    """Return the size that a part stays below in nearly all flows."""
    return float(part.abs().quantile(REACH))


def _simulated_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, SIMULATED_SIDE / min(size))
    return round(size[0] * scale), round(size[1] * scale)


def _fit_smooth_field(found: Parts, size: tuple[int, int], headroom: float, seed: int) -> FlowSynthesis:
    """Return a setting of the smooth field alone."""
    rest = float(found.rest.median())
    if rest < SMALLEST_REST:
        return FlowSynthesis(motion=0.0, shift=0)
    smoothness = round(np.interp(float(found.correlation.median()), _correlations(size, seed), SMOOTHNESSES))
    unit = FlowSynthesis(motion=1.0, shift=0, smoothness=smoothness)
    motion = headroom * rest / float(simulate(unit, size, NUM_FOR_MEDIAN, seed).rest.median())
    return FlowSynthesis(motion=round(motion, 2), shift=0, smoothness=smoothness)


@lru_cache(maxsize=4)
def _correlations(size: tuple[int, int], seed: int) -> tuple[float, ...]:
    """Return the correlation that each of SMOOTHNESSES gives; it rises, up to the chance of the draws."""
    units = [FlowSynthesis(motion=1.0, shift=0, smoothness=smoothness) for smoothness in SMOOTHNESSES]
    medians = [float(simulate(unit, size, NUM_FOR_MEDIAN, seed).correlation.median()) for unit in units]
    return tuple(accumulate(medians, max))


def _spread(rng: torch.Generator) -> Tensor:
    """Return evenly spread numbers between -1 and 1 in an order of chance."""
    numbers = (torch.arange(NUM_SIMULATED) + 0.5) / NUM_SIMULATED * 2 - 1
    return numbers[torch.randperm(NUM_SIMULATED, generator=rng)]


def _lacking(part: Tensor, draws: Tensor, target: float) -> float:
    """Return the largest value of a uniform draw that brings a part of the smooth field to ``target``."""
    candidates = np.linspace(0, target / REACH, 101).tolist()
    return _closest(candidates, lambda most: part + most * draws, target)


def _closest(candidates: Iterable[float], drawn: Callable[[float], Tensor], target: float) -> float:
    """Return the first candidate whose draws reach closest to ``target``."""
    return min(candidates, key=lambda candidate: abs(reach(drawn(candidate)) - target))
