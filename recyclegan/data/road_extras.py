"""What the embedded world knows of each frame beside its look, as further inputs: its depth and its classes."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.extra_clips import EXTRA_FOLDER
from recyclegan.errors import InputError, nearest
from recyclegan.labels import VIPER, colourize
from recyclegan.roadworld import Drive
from recyclegan.roadworld.drive import RoadFrame
from recyclegan.video import write_image

HALF_NEAR = 8.0
"""Metres ahead at which a level of depth is half that of the camera's own place."""


def nearness(frame: RoadFrame) -> Image:
    """Return how near each pixel is, in grey: 255 at the camera, half of it 8 m ahead, 0 in the sky."""
    levels = 255 * HALF_NEAR / (HALF_NEAR + frame.drive.depth(frame.index))
    return np.repeat(levels.round().astype(np.uint8)[..., None], 3, axis=2)


ROAD_EXTRAS: dict[str, Callable[[RoadFrame], Image]] = {
    "depth": nearness,
    "labels": lambda frame: colourize(frame.classes, VIPER),
}
"""The picture of a frame for each of them."""


def check_road_extras(names: Iterable[str]) -> None:
    """Refuse what the embedded world does not know.

    Raises:
        InputError: there is such a name.
    """
    for name in names:
        if name not in ROAD_EXTRAS:
            raise InputError(f"extra: found {name!r}, expected {', '.join(ROAD_EXTRAS)}{nearest(name, ROAD_EXTRAS)}")


def write_road_extras(drive: Drive, names: Iterable[str], split: Path, clip: str) -> None:
    """Write further inputs of a drive into ``split/A_extra/NAME/CLIP``, as PNG."""
    for name in names:
        for number, frame in enumerate(drive):
            write_image(split / EXTRA_FOLDER / name / clip / f"{number:05d}.png", ROAD_EXTRAS[name](frame))
