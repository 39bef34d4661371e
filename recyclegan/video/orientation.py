"""Frames turned upright, as the file asks."""

import av
import numpy as np
from av.sidedata.sidedata import SideData
from jaxtyping import UInt8

from recyclegan.arrays import Image

Matrix = tuple[int, int, int, int]
"""(a, b, c, d) of the matrix that turns a frame upright: x' = a x + c y, y' = b x + d y."""


def display_matrix(frame: av.VideoFrame) -> Matrix:
    """Return the matrix that turns a frame upright, that of a frame that stands already where none is stated."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if isinstance(matrix, SideData):
        a, b, _, c, d = (int(entry) for entry in np.frombuffer(bytes(matrix), np.int32)[:5])
        return a, b, c, d
    return 1, 0, 0, 1


def swaps_axes(matrix: Matrix) -> bool:
    """Return whether a frame lies on its side."""
    return abs(matrix[2]) > abs(matrix[0])


def upright(image: Image, matrix: Matrix) -> UInt8[np.ndarray, "upright_height upright_width channels"]:
    """Return an image turned by quarter turns and mirrored as the display matrix asks."""
    a, b, c, d = matrix
    if swaps_axes(matrix):
        image, x_sign, y_sign = image.transpose(1, 0, 2), c, b
    else:
        x_sign, y_sign = a, d
    image = image[:: -1 if y_sign < 0 else 1, :: -1 if x_sign < 0 else 1]
    return np.ascontiguousarray(image)
