"""The exact optical flow between two views, and which pixels are seen in both."""

import numpy as np
from jaxtyping import Bool, Float32

from recyclegan.arrays import FlowArray, MaskArray
from recyclegan.roadworld.raster import NEAR, View
from recyclegan.roadworld.surfaces import SKY_ROW

ROUNDING = 1e-3
"""How far single precision may put the place of a pixel off, in pixels."""

Buffer = Float32[np.ndarray, "height width"]


def flow_between(here: View, there: View, moving: Bool[np.ndarray, "surfaces"]) -> tuple[FlowArray, MaskArray]:
    """Return the flow of view ``here`` relative to view ``there``, and where its content is seen there.

    The content of pixel ``p`` is at ``p - flow(p)`` in the other view. It is seen there if that place lies within the
    image and the pixel nearest to it shows the same surface.
    """
    right, up, ahead = _relative_to(here, there, moving)
    camera = there.camera
    in_front = ahead > NEAR
    scale = camera.focal / np.maximum(ahead, np.float32(NEAR))
    columns = right * scale + np.float32((camera.width - 1) / 2)
    rows = np.float32(camera.horizon) - up * scale
    flow = np.empty((camera.height, camera.width, 2), np.float32)
    np.subtract(np.arange(camera.width, dtype=np.float32), columns, out=flow[..., 0])
    np.subtract(np.arange(camera.height, dtype=np.float32)[:, None], rows, out=flow[..., 1])
    inside = in_front & _within(columns, camera.width) & _within(rows, camera.height)
    nearest_column = np.clip(columns + 0.5, 0, camera.width - 1).astype(np.int32)
    nearest_row = np.clip(rows + 0.5, 0, camera.height - 1).astype(np.int32)
    same = there.surface.take(nearest_row * camera.width + nearest_column) == here.surface
    return flow, inside & same


def _within(places: Buffer, size: int) -> MaskArray:
    """Return which places lie between the centres of the first and the last of ``size`` pixels, but for rounding."""
    return (places >= -ROUNDING) & (places <= size - 1 + ROUNDING)


def _relative_to(here: View, there: View, moving: Bool[np.ndarray, "surfaces"]) -> tuple[Buffer, Buffer, Buffer]:
    """Return each pixel's content at the time of ``there``: metres to the right of, above and ahead of its camera."""
    pose, other = here.camera.pose, there.camera.pose
    stays = here.surface != SKY_ROW
    depth = np.where(stays, here.depth, np.float32(1))
    x, z = here.camera.turn_back(here.camera.slopes_right * depth, depth)
    y = here.camera.slopes_up[:, None] * depth
    x += stays * np.float32(pose.x - other.x)
    y += stays * np.float32(pose.y - other.y)
    z += stays * np.float32(pose.z - other.z)
    pixels = np.flatnonzero(moving.take(here.surface))
    rows, along = here.surface.ravel()[pixels], here.along.ravel()[pixels]
    for axis, place in enumerate((x, z)):
        start = (there.placed.start[:, axis] - here.placed.start[:, axis]).astype(np.float32)
        direction = (there.placed.direction[:, axis] - here.placed.direction[:, axis]).astype(np.float32)
        place.ravel()[pixels] += start[rows] + along * direction[rows]
    right, ahead = there.camera.turn(x, z)
    return right.astype(np.float32), y, ahead.astype(np.float32)
