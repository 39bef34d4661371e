"""The sizes of both published recipes: how frames are resized once, and cropped anew for every sample.

The one place that knows the scale of training: how whole frames come to it, and the window that is cut from them.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig, ResizeMode

CropMode = Literal["rectangle", "square", "none"]


@dataclass(frozen=True)
class Resize:
    """How a frame is brought to load size.

    ``rectangle`` and ``square`` give height x width (equal for a square), ``scale_shortest`` keeps the proportions and
    makes the shorter side as long as the shorter of height and width, ``none`` keeps the size.
    """

    mode: ResizeMode
    height: int = 0
    width: int = 0

    def __post_init__(self) -> None:
        _check_size("resize", self.mode, self.height, self.width)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) that a frame of this size is brought to."""
        match self.mode:
            case "none":
                return height, width
            case "scale_shortest":
                scale = min(self.height, self.width) / min(height, width)
                return round(height * scale), round(width * scale)
            case _:
                return self.height, self.width

    def __call__(self, image: Image, *, is_label: bool = False) -> UInt8[np.ndarray, "new_height new_width channels"]:
        """Return a resized frame: bicubic with antialiasing, or, for labels, nearest neighbour with no new colour."""
        height, width = self.size(*image.shape[:2])
        if (height, width) == image.shape[:2]:
            return image
        channels = image.shape[2]
        picture = Pillow.fromarray(image[:, :, 0] if channels == 1 else image)
        method = Pillow.Resampling.NEAREST if is_label else Pillow.Resampling.BICUBIC
        return np.asarray(picture.resize((width, height), method)).reshape(height, width, channels)


@dataclass(frozen=True)
class Crop:
    """The window that a sample is cut to: height x width (equal for ``square``), or the whole frame for ``none``."""

    mode: CropMode
    height: int = 0
    width: int = 0

    def __post_init__(self) -> None:
        _check_size("crop", self.mode, self.height, self.width)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the (height, width) that is cut from a frame of this size."""
        return (height, width) if self.mode == "none" else (self.height, self.width)

    def __call__(
        self, frames: UInt8[np.ndarray, "time height width channels"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "time cropped_height cropped_width channels"]:
        """Return one window of all frames; every offset, the last one included, is equally likely."""
        rows, columns = self.place(frames.shape[1], frames.shape[2], rng)
        return frames[:, rows, columns]

    def place(self, height: int, width: int, rng: np.random.Generator) -> tuple[slice, slice]:
        """Return the rows and columns of a window of frames of this size; every offset is equally likely."""
        cut_height, cut_width = self.size(height, width)
        top = int(rng.integers(height - cut_height + 1))
        left = int(rng.integers(width - cut_width + 1))
        return slice(top, top + cut_height), slice(left, left + cut_width)


def _check_size(name: str, mode: str, height: int, width: int) -> None:
    if mode != "none" and min(height, width) < 1:
        raise InputError(f"{name} {mode}: size is {width}x{height}; expected at least 1x1")
    if mode == "square" and height != width:
        raise InputError(f"{name} square: size is {width}x{height}; give equal sides, or use rectangle")


WHOLE_FRAME = Crop("none")


MARGIN = 286 / 256
"""Side of the frames over the side of the window that is cut from them, where no load size is given."""


@dataclass(frozen=True)
class Scale:
    """The scale that a network is trained at: frames are resized to the load size, and SIZE is cut from them.

    Whoever shows the network whole frames (samples, measures, translators) resizes them by ``whole`` and cuts nothing,
    so that things are as large in them as they were in training.
    """

    size: tuple[int, int]
    """Height and width of a window."""
    load_size: tuple[int, int] | None = None
    """Height and width that frames are resized to; None: SIZE where nothing is cut, else SIZE times ``MARGIN``."""
    resize: ResizeMode = "scale_shortest"
    cuts: bool = True
    """Whether windows are cut, or whole frames trained on; these are resized to SIZE itself."""

    @property
    def loaded(self) -> tuple[int, int]:
        """Return the height and width that frames are resized to."""
        if not self.cuts:
            return self.size
        height, width = self.size
        return self.load_size or (round(height * MARGIN), round(width * MARGIN))

    @property
    def whole(self) -> Resize:
        """Return how a whole frame is brought to the scale of training."""
        return Resize(self.resize, *self.loaded)

    @property
    def window(self) -> Crop:
        """Return the window that training cuts from such a frame."""
        return Crop("rectangle", *self.size) if self.cuts else WHOLE_FRAME


def scale_of(frames: DataConfig) -> Scale:
    """Return the scale that networks are trained at, and shown whole frames at ever after."""
    return Scale(frames.size, frames.load_size, frames.resize, cuts=frames.crop != "none")
