"""Where the motion of real footage comes from: given exactly, or estimated by DIS or RAFT, with the pixels to trust.

Every flow is a *backward* flow on the grid of the later frame: ``current(p)`` shows what ``previous(p - flow(p))`` did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from recyclegan.arrays import FlowArray, Image, MaskArray
from recyclegan.errors import InputError, first_line
from recyclegan.flow import visible as inside_frame
from recyclegan.flow import warp
from recyclegan.networks.weights import read_weights
from recyclegan.tensors import Flow, Frames, Mask, to_images

FlowKind = Literal["exact", "dis", "raft"]

EstimateFlow = Callable[[Frames, Frames], Flow]
"""Maps previous and current frames in [-1, 1] to the backward flow from one to the other."""

EXACT_MASK = "visible in the frame before (given with the flow)"
BOTH_WAYS_MASK = "exact forward and backward flow known and in agreement"
BACKWARD_MASK = "exact backward flow known (nothing tells what was hidden)"
FORWARD_MASK = "reached by the exact forward flow, from one place only"
CHECKED_MASK = "forward and backward flow agree, off motion boundaries (Lai et al. 2018)"


@dataclass(frozen=True)
class FrameMotion:
    """The backward flow between frames, the pixels it can be trusted at, and where both come from."""

    flow: Flow
    visible: Mask
    source: FlowKind
    mask: str


def exact_motion(flow: Flow, visible: Mask, mask: str = EXACT_MASK) -> FrameMotion:
    """Return a known backward flow with its known visibility."""
    return FrameMotion(flow, visible, "exact", mask)


def estimated_motion(previous: Frames, current: Frames, source: FlowKind, estimate: EstimateFlow) -> FrameMotion:
    """Return the flow that ``estimate`` finds, trusted where it passes both checks of `trusted`."""
    backward, forward = estimate(previous, current), estimate(current, previous)
    return FrameMotion(backward, trusted(backward, forward), source, CHECKED_MASK)


def trusted(backward: Flow, forward: Flow) -> Mask:
    """Return the pixels of the later frame whose flow stays inside the frame, is consistent and off motion boundaries.

    ``forward`` is the same motion seen from the other side: the backward flow with the frames exchanged.

    Source: Lai et al. 2018 (learning blind video temporal consistency), after Sundaram et al. 2010.
    """
    return inside_frame(backward) & consistent(backward, forward) & ~motion_boundary(backward)


def consistent(backward: Flow, forward: Flow) -> Mask:
    """Return where going back and forth leads home: ``|b + f|^2 <= 0.01 (|b|^2 + |f|^2) + 0.5``, in px^2."""
    returned = warp(forward, backward)
    return _square(backward + returned) <= 0.01 * (_square(backward) + _square(returned)) + 0.5


def turned(forward: FlowArray) -> tuple[FlowArray, MaskArray]:
    """Return the backward flow that a forward flow implies, and where it is known: where one motion alone leads to.

    ``forward`` is on the grid of the earlier frame: ``previous(p)`` shows what ``current(p + forward(p))`` does. It is
    not finite where it is unknown. Each pixel is carried to the nearest one of the later frame. Where several arrive,
    their mean counts if they agree within a pixel; else one hides the other, and which is not known.
    """
    height, width = forward.shape[:2]
    known = np.isfinite(forward).all(axis=2)
    rows, columns = np.nonzero(known)
    moved = forward[known].astype(np.float64)
    rows, columns = (np.rint(at + moved[:, axis]).astype(np.int64) for at, axis in ((rows, 1), (columns, 0)))
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    place, moved = (rows * width + columns)[inside], moved[inside]

    def total(values: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(place, values, height * width)

    count = np.maximum(total(), 1)
    mean = np.stack([total(moved[:, axis]) / count for axis in (0, 1)], axis=1)
    spread = total(np.square(moved).sum(axis=1)) / count - np.square(mean).sum(axis=1)
    seen = (total() > 0) & (spread <= 1)
    return mean.reshape(height, width, 2).astype(np.float32), seen.reshape(height, width)


def motion_boundary(flow: Flow) -> Mask:
    """Return where the flow breaks: ``|grad dx|^2 + |grad dy|^2 > 0.01 |flow|^2 + 0.002``."""
    padded = F.pad(flow, (0, 1, 0, 1), mode="replicate")
    right = padded[..., :-1, 1:] - flow
    down = padded[..., 1:, :-1] - flow
    return _square(right) + _square(down) > 0.01 * _square(flow) + 0.002


def _square(flow: Flow) -> Tensor:
    return flow.square().sum(dim=1, keepdim=True)


def flow_estimator(source: FlowKind, weights: Path | None = None) -> EstimateFlow:
    """Return the estimator of a name; ``weights`` is a file for RAFT (its published weights where left out).

    Raises:
        InputError: the name is no estimator, or what it needs is not installed.
    """
    if source == "dis":
        _opencv()
        return dis_flows
    if source == "raft":
        return raft_estimator(weights)
    raise InputError(f"flow {source!r}: is not estimated; choose dis or raft, or give the exact flow with the truth")


def dis_flows(previous: Frames, current: Frames) -> Flow:
    """Return the DIS flow of every pair of a batch."""
    pairs = zip(to_images(previous), to_images(current), strict=True)
    flows = np.stack([dis_flow(*pair) for pair in pairs])
    return torch.from_numpy(flows).permute(0, 3, 1, 2).to(previous)


def dis_flow(prev: Image, next: Image) -> FlowArray:
    """Return the backward flow from ``prev`` to ``next`` in pixels, by dense inverse search on the grey images.

    Raises:
        InputError: OpenCV is not installed, or the images are smaller than 16 px.
    """
    cv2 = _opencv()
    if min(prev.shape[:2]) < 16:
        raise InputError(
            f"DIS flow: frames of {prev.shape[1]}x{prev.shape[0]}, expected at least 16x16; use larger frames"
        )
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey_prev, grey_next = (_grey(image) for image in (prev, next))
    return -dis.calc(grey_next, grey_prev, None)


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise InputError("DIS flow: OpenCV is not installed; pip install 'recyclegan[metrics]'") from error
    return cv2


def _grey(image: Image) -> np.ndarray:
    weights = np.array([0.299, 0.587, 0.114]) if image.shape[2] == 3 else np.full(image.shape[2], 1 / image.shape[2])
    return np.rint(image @ weights).astype(np.uint8)


def raft_estimator(weights: Path | None = None) -> EstimateFlow:
    """Return RAFT (large) as an estimator, with torchvision's published weights or those of a file.

    Raises:
        InputError: torchvision is not installed or does not import, or the weights cannot be had.
    """
    try:
        from torchvision.models import optical_flow
    except (ImportError, RuntimeError, OSError) as error:
        raise InputError(
            f"RAFT flow: torchvision does not import ({error}); pip install 'recyclegan[vision]'"
        ) from error
    try:
        network = optical_flow.raft_large(weights=None if weights else "DEFAULT", progress=False)
        if weights:
            network.load_state_dict(read_weights(weights))
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"RAFT flow: no usable weights ({first_line(error)}); name a file of raft_large weights"
        ) from error
    network.eval()

    @torch.inference_mode()
    def estimate(previous: Frames, current: Frames) -> Flow:
        height, width = current.shape[-2:]
        pad = (0, -width % 8, 0, -height % 8)
        later, earlier = (F.pad(frames, pad, mode="replicate") for frames in (current, previous))
        return -network(later, earlier)[-1][..., :height, :width]

    return estimate
