"""A teacher that is an ONNX file of any image-to-image model: its layout is read off, its levels are tried."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data import Clip, Resize
from recyclegan.distillation.teachers import Images, NetworkTeacher, TranslatedImages, at_size
from recyclegan.errors import InputError, first_line
from recyclegan.settings.distillation import LevelsChoice
from recyclegan.settings.frames import DataConfig

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Levels = Literal["signed", "unit", "byte"]
Layout = Literal["NCHW", "NHWC"]
MULTIPLE = 32
"""What sides are padded to a multiple of where a network refuses a size, or changes it."""
TRIED = 3
"""Frames that levels are tried on."""
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}


class ForeignTeacher(NetworkTeacher):
    """A network of others, run by ONNX Runtime on a CPU."""

    def __init__(self, path: Path, session: "InferenceSession", levels: LevelsChoice) -> None:
        """Read off what it takes.

        Raises:
            InputError: it takes something else than one batch of RGB or grey images.
        """
        self._path, self._session, self._stated = path, session, levels
        self._input = _only_image(session, path)
        self._layout = _layout(self._input.shape, path)
        self._type = TYPES[self._input.type]
        self._in: Levels | None = "byte" if self._type is np.uint8 else None if levels == "auto" else levels
        self._out: Levels | None = None
        self.name = f"{path} (ONNX, {self._layout}, levels {levels})"

    def frames(self, shown: Clip) -> DataConfig:
        """Return the size that it has, or else that of the clip; levels are tried on its first frames.

        Raises:
            InputError: a file cannot be read, or it is not clear which levels it takes.
        """
        size = self._fixed_size or shown.size
        images = [Resize("rectangle", *size)(image) for image in islice(shown.images(), TRIED)]
        self._settle(np.stack(images))
        self.name = f"{self._path} (ONNX, {self._layout}, levels {self._in} to {self._out})"
        return at_size(*size)

    def translate(self, images: Images, size: tuple[int, int]) -> TranslatedImages:
        """Return what it makes of frames."""
        given = self._fixed_size or size
        assert self._in is not None
        made = self._runs([Resize("rectangle", *given)(image) for image in images], self._in)
        levels = _to_bytes(made, self._out or "byte")
        return np.stack([Resize("rectangle", *size)(image) for image in levels])

    @property
    def _fixed_size(self) -> tuple[int, int] | None:
        """Return the only (height, width) that it takes; None where any will do."""
        shape = self._input.shape
        sides = shape[2:] if self._layout == "NCHW" else shape[1:3]
        return (sides[0], sides[1]) if all(isinstance(side, int) and side > 0 for side in sides) else None

    def _settle(self, images: Images) -> None:
        """Find the levels that go in and come out.

        Raises:
            InputError: they cannot be told.
        """
        tried: Sequence[Levels] = [self._in] if self._in else get_args(Levels)
        found = {
            levels: _levels_of(np.concatenate([self._run(image[None], levels) for image in images])) for levels in tried
        }
        fitting = [levels for levels, made in found.items() if made == levels]
        if self._in is None and len(fitting) != 1:
            shown = ", ".join(f"{levels} gives {made}" for levels, made in found.items())
            raise InputError(f"{self._path}: cannot tell which levels it takes ({shown}); give --levels")
        self._in = self._in or fitting[0]
        made = found[self._in]
        self._out = self._in if self._in == "signed" and made == "unit" else made

    def _runs(self, images: Sequence[Image] | Images, levels: Levels) -> np.ndarray:
        """Return what comes out for 8-bit frames, one at a time."""
        return np.concatenate([self._run(image[None], levels) for image in images])

    def _run(self, images: Images, levels: Levels) -> np.ndarray:
        """Return what comes out for 8-bit frames, as floats NHWC, of their size."""
        height, width = images.shape[1:3]
        made = self._tried(images, levels)
        if made is None or made.shape[1:3] != (height, width):
            bottom, right = -height % MULTIPLE, -width % MULTIPLE
            padded = np.pad(images, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="edge")
            with self._told():
                made = self._passed(padded, levels)[:, :height, :width]
        if made.shape[1:3] != (height, width):
            found = f"{made.shape[2]}x{made.shape[1]}"
            raise InputError(f"{self._path}: makes frames of {found} of {width}x{height}; expected the same size")
        return made

    def _tried(self, images: Images, levels: Levels) -> np.ndarray | None:
        """Return what comes out; None where the network refuses."""
        try:
            return self._passed(images, levels)
        except Exception:
            if self._fixed_size:
                with self._told():
                    raise
            return None

    def _passed(self, images: Images, levels: Levels) -> np.ndarray:
        given = _from_bytes(self._with_channels(images), levels).astype(self._type)
        given = given.transpose(0, 3, 1, 2) if self._layout == "NCHW" else given
        outputs = self._session.run(None, {self._input.name: np.ascontiguousarray(given)})
        return _as_images(outputs, self._path).astype(np.float32)

    def _with_channels(self, images: Images) -> Images:
        wanted = self._input.shape[1] if self._layout == "NCHW" else self._input.shape[3]
        return images.mean(axis=3, keepdims=True).round().astype(np.uint8) if wanted == 1 else images

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"{self._path}: cannot be run on these frames ({first_line(error)})") from error


def _only_image(session: "InferenceSession", path: Path) -> Any:
    """Return the input of a session."""
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in TYPES:
        found = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
        raise InputError(f"{path}: takes {found}; expected one batch of images, NCHW or NHWC, floats or uint8")
    return inputs[0]


def _layout(shape: Sequence[Any], path: Path) -> Layout:
    if shape[1] in (1, 3):
        return "NCHW"
    if shape[3] in (1, 3):
        return "NHWC"
    if not isinstance(shape[1], int):
        return "NCHW"
    raise InputError(f"{path}: takes frames of shape {shape}; expected 1 or 3 channels, first or last")


def _as_images(outputs: Sequence[np.ndarray], path: Path) -> np.ndarray:
    """Return the first output that is a batch of RGB or grey images, as RGB, channels last."""
    for made in outputs:
        if made.ndim == 4 and 3 in (made.shape[1], made.shape[3]):
            return made.transpose(0, 2, 3, 1) if made.shape[1] == 3 else made
        if made.ndim == 4 and 1 in (made.shape[1], made.shape[3]):
            last = made.transpose(0, 2, 3, 1) if made.shape[1] == 1 else made
            return last.repeat(3, axis=3)
    shapes = ", ".join(str(list(made.shape)) for made in outputs)
    raise InputError(f"{path}: gives {shapes}; expected a batch of images with 1 or 3 channels")


def _from_bytes(images: Images, levels: Levels) -> np.ndarray:
    if levels == "byte":
        return images
    return images / np.float32(127.5) - 1 if levels == "signed" else images / np.float32(255)


def _to_bytes(values: np.ndarray, levels: Levels) -> Images:
    spread = {"byte": values, "signed": (values + 1) * 127.5, "unit": values * 255}[levels]
    return np.nan_to_num(spread).round().clip(0, 255).astype(np.uint8)


def _levels_of(values: np.ndarray) -> Levels | None:
    """Return the levels that values look like; None where they are no levels, as where all are alike."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all() or high - low < 1e-3:
        return None
    if high > 2.5:
        return "byte" if high - low > 25 and low > -256 and high < 512 else None
    return "signed" if low < -0.1 else "unit"
