"""Backward warping, and the synthetic optical flow that is exact in both domains."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Flow, Frames, Mask

REFERENCE_SIDE = 256
"""Shorter side in pixels at which the relative setting equals the published one (both recipes crop to it)."""


def pixel_grid(like: Flow) -> Flow:
    """Return the coordinates (x, y) of every pixel, in the shape, type and device of a flow."""
    y, x = (torch.arange(side, dtype=like.dtype, device=like.device) for side in like.shape[-2:])
    return torch.stack(torch.meshgrid(x, y, indexing="xy")).expand_as(like)


def warp(frames: Frames, flow: Flow) -> Frames:
    """Return ``frames`` looked up at ``p - flow(p)``, bilinearly.

    The flow is in pixels (dx, dy). Pixels from outside the frame repeat its border. Corners are aligned: a flow of zero
    returns the frames and a whole-pixel flow moves them exactly.

    Source: Wang, Akash and Misu 2022, section 3 (W). Differs from the published code, which scales coordinates for
    aligned corners and then samples as if they were not, so that its zero flow blurs and shifts. Stock grid sampling
    with aligned corners is exact up to rounding only, and rounds coordinates to the frames' precision.
    """
    height, width = frames.shape[-2:]
    x, y = (pixel_grid(flow) - flow).unbind(1)
    x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    left, top = x.detach().floor(), y.detach().floor()
    right, bottom = (left + 1).clamp(max=width - 1), (top + 1).clamp(max=height - 1)
    across, down = (x - left).unsqueeze(1), (y - top).unsqueeze(1)
    above = _look_up(frames, left, top).lerp(_look_up(frames, right, top), across)
    below = _look_up(frames, left, bottom).lerp(_look_up(frames, right, bottom), across)
    return above.lerp(below, down).to(frames.dtype)


def _look_up(frames: Frames, x: Tensor, y: Tensor) -> Frames:
    """Return the pixels at whole coordinates, in the precision of the coordinates."""
    batch, channels, _, width = frames.shape
    index = (y.long() * width + x.long()).flatten(1).unsqueeze(1).expand(batch, channels, -1)
    if frames.is_cuda and torch.are_deterministic_algorithms_enabled():  # the gradient of gather then waits for the GPU
        planes = torch.arange(batch * channels, device=index.device).view(batch, channels, 1)
        return frames.flatten()[index + planes * frames[0, 0].numel()].unflatten(2, x.shape[1:]).to(x.dtype)
    return frames.flatten(2).gather(2, index).unflatten(2, x.shape[1:]).to(x.dtype)


def visible(flow: Flow) -> Mask:
    """Return where ``warp`` reads from inside the frame: the pixels that were really visible before the motion."""
    height, width = flow.shape[-2:]
    x, y = (pixel_grid(flow) - flow).unbind(1)
    return ((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)).unsqueeze(1)


def compose(first: Flow, second: Flow) -> Flow:
    """Return the one flow that warps like ``first`` and then ``second``.

    ``warp(warp(x, first), second)`` equals ``warp(x, compose(first, second))`` up to resampling.
    """
    return second + warp(first, second)


@dataclass(frozen=True)
class Motion:
    """A drawn synthetic motion: call it on frames to warp them; ``visible`` says which pixels it shows truly."""

    flow: Flow

    def __call__(self, frames: Frames) -> Frames:
        """Return the frames as they look after the motion."""
        return warp(frames, self.flow)

    @property
    def visible(self) -> Mask:
        """Return which pixels of the warped frames come from inside the frames."""
        return visible(self.flow)


def sample_motion(settings: FlowSynthesis, frames: Frames, rng: torch.Generator) -> Motion:
    """Return a motion for a batch like ``frames``, drawn from ``rng`` on its device.

    Every sample of the batch gets its own.
    """
    batch, _, height, width = frames.shape
    flow = _smooth_and_shift(settings, batch, height, width, rng)
    if settings.zoom or settings.rotation or settings.perspective:
        flow = compose(projective_flow(_homographies(settings, batch, height, width, rng), height, width), flow)
    return Motion(flow.to(frames.device, torch.promote_types(frames.dtype, torch.float32)))


def sample_noise(settings: FlowSynthesis, frames: Frames, rng: torch.Generator) -> Frames:
    """Return Gaussian noise of standard deviation ``noise * (1 + u)``, u ~ U[0, 1) drawn once a call."""
    deviation = settings.noise * (1 + _uniform((1,), rng, 0.0, 1.0))
    return (torch.randn(frames.shape, generator=rng, device=rng.device) * deviation).to(frames)


def _smooth_and_shift(settings: FlowSynthesis, batch: int, height: int, width: int, rng: torch.Generator) -> Flow:
    scale = min(height, width) / REFERENCE_SIDE if settings.relative else 1.0
    window = max(1, round(settings.smoothness * scale))
    cells = (batch, 2, max(1, height // window), max(1, width // window))
    coarse = torch.randn(cells, generator=rng, device=rng.device) * (settings.motion * scale)
    largest = round(settings.shift * scale)
    shift = torch.randint(-largest, largest + 1, (batch, 2), generator=rng, device=rng.device)
    return smooth_flow(coarse, shift.to(coarse), height, width, window)


def _homographies(
    settings: FlowSynthesis, batch: int, height: int, width: int, rng: torch.Generator
) -> Float[Tensor, "batch 3 3"]:
    x, y = _uniform((batch, 2), rng, 0.0, 1.0).unbind(1)
    centre = torch.stack([x * (width - 1.0), y * (height - 1.0)], dim=1)
    zoom = zoom_homography(_uniform((batch,), rng, -settings.zoom, settings.zoom), centre)
    angle = _uniform((batch,), rng, -math.radians(settings.rotation), math.radians(settings.rotation))
    tilt = _uniform((batch, 2), rng, -settings.perspective, settings.perspective)
    return zoom @ turn_homography(angle, tilt, height, width)


def smooth_flow(
    coarse: Float[Tensor, "batch 2 rows columns"], shift: Float[Tensor, "batch 2"], height: int, width: int, window: int
) -> Flow:
    """Return the coarse field, bilinearly enlarged, plus the shift, box-blurred with a square window.

    Units are pixels. The border is reflected without repeating its last pixel; an even window reaches ``window // 2``
    pixels back and one fewer ahead.
    """
    flow = F.interpolate(coarse, size=(height, width), mode="bilinear", align_corners=False)
    return box_blur(flow + shift[:, :, None, None], window)


def box_blur(flow: Flow, window: int) -> Flow:
    """Return the mean over a square window around every pixel, with the border reflected."""
    reach = [torch.arange(side + window - 1, device=flow.device) - window // 2 for side in flow.shape[-2:]]
    rows, columns = map(_reflect, reach, flow.shape[-2:])
    down = F.avg_pool2d(flow.index_select(2, rows), (window, 1), stride=1)
    return F.avg_pool2d(down.index_select(3, columns), (1, window), stride=1)


def _reflect(index: Tensor, size: int) -> Tensor:
    """Fold any index into ``0 .. size - 1`` by reflection, as often as it takes."""
    if size == 1:
        return torch.zeros_like(index)
    folded = index.remainder(2 * (size - 1))
    return torch.minimum(folded, 2 * (size - 1) - folded)


def projective_flow(homographies: Float[Tensor, "batch 3 3"], height: int, width: int) -> Flow:
    """Return the flow whose source of pixel p is ``homography @ (p, 1)``, in pixels."""
    like = homographies.new_empty(len(homographies), 2, height, width)
    grid = pixel_grid(like)
    points = torch.cat([grid, torch.ones_like(grid[:, :1])], dim=1).flatten(2)
    mapped = homographies @ points
    return grid - (mapped[:, :2] / mapped[:, 2:]).view_as(grid)


def zoom_homography(strength: Float[Tensor, " batch"], centre: Float[Tensor, "batch 2"]) -> Float[Tensor, "batch 3 3"]:
    """Return maps whose flow is ``strength / 100 * (p - centre)``, with the centre in pixels (x, y)."""
    matrix = torch.eye(3, dtype=centre.dtype, device=centre.device).repeat(len(centre), 1, 1)
    factor = (strength / 100)[:, None]
    matrix[:, 0, 0] = matrix[:, 1, 1] = 1 - factor[:, 0]
    matrix[:, :2, 2] = factor * centre
    return matrix


def turn_homography(
    angle: Float[Tensor, " batch"], tilt: Float[Tensor, "batch 2"], height: int, width: int
) -> Float[Tensor, "batch 3 3"]:
    """Return rotations by ``angle`` (radians) with a perspective ``tilt`` (x, y), about the centre of the frame."""
    to_centre = torch.eye(3, dtype=angle.dtype, device=angle.device).repeat(len(angle), 1, 1)
    from_centre, turn = to_centre.clone(), to_centre.clone()
    turn[:, 0, 0] = turn[:, 1, 1] = angle.cos()
    turn[:, 0, 1], turn[:, 1, 0] = -angle.sin(), angle.sin()
    for axis, side in enumerate((width, height)):
        half = max(side - 1, 1) / 2
        to_centre[:, axis, 2].fill_(-half)
        from_centre[:, axis, 2].fill_(half)
        turn[:, 2, axis] = tilt[:, axis] / (2 * half)
    return from_centre @ turn @ to_centre


def _uniform(shape: tuple[int, ...], rng: torch.Generator, low: float, high: float) -> Tensor:
    return torch.rand(shape, generator=rng, device=rng.device) * (high - low) + low
