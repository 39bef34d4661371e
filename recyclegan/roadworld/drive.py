"""A seeded drive through the town, frame by frame.

The exact optical flow between two views, and which pixels are seen in both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float32

from recyclegan.arrays import ClassMap, FlowArray, Image, MaskArray
from recyclegan.errors import InputError, nearest
from recyclegan.roadworld.camera import Camera, Journey, Route
from recyclegan.roadworld.looks import LOOKS
from recyclegan.roadworld.materials import of_each_part
from recyclegan.roadworld.planner import Town
from recyclegan.roadworld.raster import NEAR, View, look
from recyclegan.roadworld.shading import Painter
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


SMALLEST = 32
_KEPT_VIEWS = 4


@dataclass(frozen=True)
class RoadFrame:
    """One frame of a drive: classes (VIPER's ids), exact flow to its neighbours, and pictures of it.

    Content of pixel ``p`` is at ``p - flow_backward(p)`` in the frame before, and at ``p - flow_forward(p)`` in the
    frame after; ``visible_*`` tells whether it is seen there. The first frame's backward flow and the last one's
    forward flow are zero, and nothing is visible.
    """

    classes: ClassMap
    flow_backward: FlowArray
    visible_backward: MaskArray
    flow_forward: FlowArray
    visible_forward: MaskArray
    drive: "Drive" = field(repr=False, compare=False)
    index: int

    def image(self, look: str) -> Image:
        """Return the picture in one of `LOOKS`."""
        return self.drive.image(self.index, look)


class Drive:
    """A drive through a small town: a sequence of `RoadFrame`s.

    The seed alone decides the town, the light and the journey; a drive of more frames begins like a shorter one, and
    one of another size shows the same. With ``traffic_lights`` some stand beside the road of the same town.

    Raises:
        InputError: the seed is negative, a side is under 32 pixels, or there is no frame.
    """

    def __init__(
        self,
        seed: int,
        height: int = 128,
        width: int = 256,
        num_frames: int = 60,
        fps: float = 15.0,
        traffic_lights: bool = False,
    ) -> None:
        _check(seed, height, width, num_frames, fps)
        self.seed, self.height, self.width, self.num_frames, self.fps = seed, height, width, num_frames, fps
        self._route = Route(np.random.default_rng((seed, 10)))
        self._journey = Journey(np.random.default_rng((seed, 11)), self._route)
        distance = self._journey.distance(num_frames / fps)
        self._town = Town(seed, self._route, self._journey, distance, traffic_lights)
        self._moving = self._town.moving()
        self._view = lru_cache(maxsize=_KEPT_VIEWS)(self._render)
        self._painters: dict[str, Painter] = {}

    def __len__(self) -> int:
        return self.num_frames

    def __getitem__(self, index: int) -> RoadFrame:
        index = self._checked(index)
        backward, seen_before = self._flow(index, index - 1)
        forward, seen_after = self._flow(index, index + 1)
        classes = of_each_part("class_id", np.uint8).take(self._view(index).part)
        return RoadFrame(classes, backward, seen_before, forward, seen_after, self, index)

    def __iter__(self) -> Iterator[RoadFrame]:
        return (self[index] for index in range(self.num_frames))

    def frames(self) -> Iterator[RoadFrame]:
        """Yield all frames in order."""
        return iter(self)

    def image(self, index: int, look: str) -> Image:
        """Return the picture of frame ``index`` in one of `LOOKS`.

        Raises:
            InputError: there is no such look.
        """
        if look not in LOOKS:
            raise InputError(f"look {look!r}: expected one of {', '.join(LOOKS)}{nearest(look, LOOKS)}")
        if look not in self._painters:
            self._painters[look] = Painter(self.seed, look, self._town.surfaces, self._town.placed(0.0))
        return self._painters[look].paint(self._view(self._checked(index)))

    def depth(self, index: int) -> Buffer:
        """Return the metres ahead of the camera at which each pixel's content lies, a very large number in the sky."""
        return self._view(self._checked(index)).depth

    def _checked(self, index: int) -> int:
        if not -self.num_frames <= index < self.num_frames:
            raise IndexError(f"frame {index} of a drive of {self.num_frames} frames")
        return index % self.num_frames

    def _render(self, index: int) -> View:
        time = index / self.fps
        camera = Camera(self._journey.pose(time), self.height, self.width)
        return look(camera, self._town.placed(time), self._town.surfaces, self._route)

    def _flow(self, here: int, there: int) -> tuple[FlowArray, MaskArray]:
        if not 0 <= there < self.num_frames:
            size = (self.height, self.width)
            return np.zeros((*size, 2), np.float32), np.zeros(size, bool)
        return flow_between(self._view(here), self._view(there), self._moving)


def _check(seed: int, height: int, width: int, num_frames: int, fps: float) -> None:
    if seed < 0:
        raise InputError(f"seed {seed}: is negative; expected a number from 0 upwards")
    if min(height, width) < SMALLEST:
        raise InputError(f"size {height}x{width}: expected at least {SMALLEST} pixels a side; name a larger size")
    if num_frames < 1:
        raise InputError(f"num_frames {num_frames}: a drive has at least one frame")
    if not fps > 0:
        raise InputError(f"fps {fps}: expected a number above 0")
