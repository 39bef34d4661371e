"""What a flow is made of: a shift, a zoom and a rotation of the whole frame, and a smooth rest."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.flow import REFERENCE_SIDE, pixel_grid
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
