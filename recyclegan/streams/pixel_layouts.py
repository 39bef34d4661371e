"""Pixel formats of frames in pipes: the planes of bytes that a frame is made of, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np


@dataclass(frozen=True)
class Plane:
    """One plane of a frame."""

    num_bytes: int = 1
    """Of one of its samples."""
    across: int = 1
    """Pixels of the frame that a sample spans along a row."""
    down: int = 1
    """Rows of the frame that a sample spans."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return its rows, and the bytes of each, for a frame of this size; what is cut by the border counts whole."""
        return -(-height // self.down), -(-width // self.across) * self.num_bytes


def _yuv(across: int, down: int, num_bytes: int = 1) -> tuple[Plane, ...]:
    chroma = Plane(num_bytes, across, down)
    return (Plane(num_bytes), chroma, chroma)


LAYOUTS: dict[str, tuple[Plane, ...]] = {
    "rgb24": (Plane(3),),
    "bgr24": (Plane(3),),
    "rgba": (Plane(4),),
    "bgra": (Plane(4),),
    "gray": (Plane(),),
    "nv12": (Plane(), Plane(2, 2, 2)),
    "yuv420p": _yuv(2, 2),
    "yuv422p": _yuv(2, 1),
    "yuv444p": _yuv(1, 1),
    "yuv411p": _yuv(4, 1),
    "yuv420p10le": _yuv(2, 2, 2),
    "yuv422p10le": _yuv(2, 1, 2),
    "yuv444p10le": _yuv(1, 1, 2),
}
"""By FFmpeg's names: the planes of a frame in the order of their bytes."""


def frame_bytes(pixel_format: str, height: int, width: int) -> int:
    """Return how many bytes a frame takes."""
    return sum(rows * row for rows, row in _sizes(pixel_format, height, width))


def unpacked_frame(data: bytes | bytearray, pixel_format: str, height: int, width: int) -> av.VideoFrame:
    """Return the frame that so many bytes hold."""
    frame = av.VideoFrame(width, height, pixel_format)
    begin = 0
    for plane, (rows, row) in zip(frame.planes, _sizes(pixel_format, height, width), strict=True):
        _rows_of(plane)[:rows, :row] = np.frombuffer(data, np.uint8, rows * row, begin).reshape(rows, row)
        begin += rows * row
    return frame


def packed_frame(frame: av.VideoFrame) -> bytes:
    """Return the bytes of a frame, without those that pad its rows."""
    sizes = _sizes(frame.format.name, frame.height, frame.width)
    parts = (_rows_of(plane)[:rows, :row].tobytes() for plane, (rows, row) in zip(frame.planes, sizes, strict=True))
    return b"".join(parts)


def _sizes(pixel_format: str, height: int, width: int) -> Iterator[tuple[int, int]]:
    return (plane.size(height, width) for plane in LAYOUTS[pixel_format])


def _rows_of(plane: Any) -> np.ndarray:
    """Return the memory of a plane, row by row."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
