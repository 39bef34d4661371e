"""What is kept of a clip: frames at load size, in three channels or in one, and the key that names them."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.version import __version__

_LAYOUT_VERSION = 2


@dataclass(frozen=True)
class LoadSpec:
    """What is kept of a clip's frames."""

    resize: Resize
    is_label: bool = False
    """Labels are resized by nearest neighbour, so that no colour appears that was not there."""
    channels: int = 3
    """3 for RGB, 1 for grey."""

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise InputError(f"channels: is {self.channels}; expected 1 (grey) or 3 (RGB)")

    def __call__(self, image: Image) -> UInt8[np.ndarray, "new_height new_width new_channels"]:
        """Return a frame as it is kept: grey first where wanted, then resized.

        Raises:
            InputError: a label map in colour is to be kept in grey, where classes would become one.
        """
        if self.channels == 1 and self.is_label:
            _check_grey(image)
        return self.resize(_grey(image) if self.channels == 1 else image, is_label=self.is_label)


@dataclass(frozen=True)
class Source:
    """A clip, and what is kept of it."""

    clip: Clip
    spec: LoadSpec

    @property
    def num_bytes(self) -> int:
        """Return the bytes of the kept frames, as far as they are known before they are decoded."""
        height, width = self.spec.resize.size(*self.clip.size)
        return self.clip.num_frames * height * width * self.spec.channels

    def key(self) -> str:
        """Return a name that changes with the files, with what is kept of them, with this program and the layout.

        Raises:
            InputError: a file is gone, or may not be looked at.
        """
        states = [_state(file) for file in self.clip.files]
        kept = [asdict(self.spec), asdict(self.clip.reading)]
        text = json.dumps([_LAYOUT_VERSION, __version__, self.clip.kind, states, *kept])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def frames(self) -> Iterator[Image]:
        """Yield the kept frames, all of one shape.

        Raises:
            InputError: a frame cannot be read, frames end up in different sizes, or there is none.
        """
        shape = None
        for image in self.clip.images(self.spec.is_label):
            kept = self.spec(image)
            shape = shape or kept.shape
            if kept.shape != shape:
                raise InputError(
                    f"{self.clip.name}: one frame is {_size(kept)}, the first is {shape[1]}x{shape[0]}; resize all to "
                    "one size (rectangle or square), or split the clip"
                )
            yield kept
        if shape is None:
            raise InputError(f"{self.clip.files[0]}: holds no frame; replace or remove the file")


def _state(file: Path) -> tuple[str, int, int]:
    try:
        status = file.stat()
        return str(file.resolve()), status.st_size, status.st_mtime_ns
    except (OSError, RuntimeError) as error:  # Python reports links that go round in circles in either class
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{file}: cannot be read ({reason}); put it back, or remove the link to it") from error


def _grey(image: Image) -> UInt8[np.ndarray, "height width 1"]:
    return np.asarray(Pillow.fromarray(image).convert("L"))[:, :, None]


def _check_grey(image: Image) -> None:
    if (image != image[:, :, :1]).any():
        raise InputError("label map in colour: cannot be kept in 1 channel, where classes fall together; take 3")


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
