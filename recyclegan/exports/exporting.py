"""``export``: a translator as a file for frames of any size, which is written once it makes torch's picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from recyclegan.checkpoint import CARD_KEY, Card, find_translator, load_translator, write_card
from recyclegan.data.resize import Resize
from recyclegan.domains import Direction
from recyclegan.engines.exported import FileRun, run_of_session, session_of
from recyclegan.engines.on_device import DevicePath, shown_levels, to_signed, with_detail
from recyclegan.engines.onnx_writing import INPUTS, OPSET, onnx_of, with_notes
from recyclegan.engines.openvino_files import openvino_of, run_of_openvino
from recyclegan.errors import InputError, first_line
from recyclegan.exports.calibration_frames import CalibrationFrames, calibration_frames
from recyclegan.exports.export_form import ExportForm, format_of
from recyclegan.exports.int8 import Fidelity, fidelity, quantized
from recyclegan.exports.parity import SIZES, Tolerance, example_of, worst_distance
from recyclegan.exports.torch_program import program_of, run_of_program
from recyclegan.exports.traced_resize import resized, scaled_size, size_of
from recyclegan.files import check_writable, write_together
from recyclegan.hub import locate
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.translating import EXPORT_SUFFIXES, ExportFormat, ExportPrecision
from recyclegan.tensors import Frames, Translated
from recyclegan.version import __version__

EXAMPLE = (64, 80)
"""Height and width of what a network is traced with."""
FREE_FRAMES, FREE_IMAGES = {0: "batch", 2: "height", 3: "width"}, {0: "batch", 1: "height", 2: "width"}
_RUNNERS: dict[ExportFormat, str] = {"onnx": "onnxruntime", "torch": "torch.export", "openvino": "openvino"}
"""What the files of a format are compared with torch in."""


class HalfGenerator(nn.Module):
    """A generator that computes in half precision; frames stay floats of 32 bits on both sides."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = deepcopy(generator).half()

    def forward(self, frames: Frames) -> Translated:
        """Return the translated frames."""
        return self.generator(frames.half()).float()


class ImageGenerator(nn.Module):
    """A generator of 8-bit images: their scaling, the rounding and the palette are a part of it.

    With a scale, bringing them to it and back is so too.
    """

    def __init__(self, generator: nn.Module, card: Card, to_scale: Resize | None = None) -> None:
        super().__init__()
        self.generator, self._card, self._to_scale = generator, card, to_scale

    def forward(
        self, images: UInt8[Tensor, "batch height width channels"]
    ) -> UInt8[Tensor, "batch height width channels_out"]:
        """Return the translated images."""
        levels = images.permute(0, 3, 1, 2)
        made = self._at_scale(levels, self._to_scale) if self._to_scale else self._translated(levels)
        return made.permute(0, 2, 3, 1)

    def _at_scale(self, levels: Tensor, to_scale: Resize) -> Tensor:
        size = size_of(levels)
        scaled = resized(levels, scaled_size(to_scale, size), self._card.labels_in)
        made = resized(self._translated(scaled), size, bool(self._card.palette))
        detail = self._card.detail
        return with_detail(made, levels, resized(scaled, size, False), detail) if detail else made

    def _translated(self, levels: Tensor) -> Tensor:
        return shown_levels(self.generator(to_signed(levels)), self._card)


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how far from torch it is."""

    path: Path
    card: Card
    size: int
    """Bytes, of all that was written."""
    distance: str
    """In words, the worst of the sizes that were compared."""
    runner: str = "onnxruntime"
    """What it was compared in."""
    int8: str = ""
    """In words, how far int8 is from 32 bits on the user's frames, and how fast; empty where it was not asked for."""

    @property
    def sizes(self) -> str:
        """Return the sizes that were compared in words."""
        return ", ".join(f"{width}x{height}" for height, width in SIZES)


class Made(NamedTuple):
    """What is to be written, by its suffix, and what runs it."""

    files: dict[str, bytes]
    run: FileRun


def export(
    place: AnyPath,
    out: AnyPath,
    direction: Direction | None = None,
    precision: ExportPrecision = "32",
    opset: int = OPSET,
    images: bool = False,
    format: ExportFormat | None = None,
    resize: bool = False,
    int8: AnyPath | None = None,
) -> Exported:
    """Write a translator as a file for any number of frames of any size, with its card; return what was written.

    ``place`` is a run folder, a .safetensors file or a repository of the hub; the format is by default that of the
    ending of ``out``: ONNX (.onnx), OpenVINO (.xml, and .bin beside it) or a program of torch.export (.pt2). With
    ``images`` the file takes and gives 8-bit images (NHWC, RGB) instead of frames in [-1, 1] (NCHW), with ``resize``
    too it brings them to the scale of training and back. ``int8`` is footage, a video or a folder, that convolutions in
    8 bits are calibrated on. The file is compared with torch at three sizes.

    Raises:
        InputError: there is no such translator, what is asked for does not fit together, a package is missing, the
            file cannot be written, or it makes another picture than torch; no file appears then.

    Example:
        >>> export("runs/day2night", "day2night.onnx", images=True).distance.partition("at most")[2]
        ' 1 of 255 levels'
    """
    out = as_path(out)
    form = ExportForm(format_of(out, format), precision, opset, images, resize, int8)
    check_writable(out)
    generator, card = load_translator(find_translator(locate(place, direction), direction))
    card.refuse_extras("export")
    exporter = Exporter(generator, card, form, out)
    frames = None if int8 is None else calibration_frames(int8, card, images, exporter.to_scale)
    with _failures_told(out, form.format):
        made, written = exporter.program() if form.format == "torch" else exporter.network(frames)
    write_together({out.with_suffix(suffix): data for suffix, data in made.files.items()})
    return written


@dataclass(frozen=True)
class Exporter:
    """Makes the files of a translator, and compares them with it."""

    generator: nn.Module
    card: Card
    form: ExportForm
    out: Path

    @property
    def to_scale(self) -> Resize:
        """Return how frames are brought to what the file takes."""
        return Resize("none") if self.form.resize else self.card.scale.whole

    def program(self) -> tuple[Made, Exported]:
        """Return a program of torch.export."""
        program = program_of(self._traced, self._example, self._free, notes_of(self.card, self.form.precision))
        made = Made({EXPORT_SUFFIXES["torch"]: program}, run_of_program(program))
        return made, self._told(made, self.card, self._distance(made))

    def network(self, frames: CalibrationFrames | None) -> tuple[Made, Exported]:
        """Return a network in ONNX, or what is made of it; where there are frames, in int8."""
        model = onnx_of(self._traced, self._example, self._name, self._free, self.form.opset)
        made = self._made(model, self.card, self.form.precision)
        distance = self._distance(made)
        if frames is None:
            return made, self._told(made, self.card, distance)
        small, found = quantized(model, self._name, frames, partial(self._judged, made, frames), str(self.out))
        card = replace(self.card, metrics={**self.card.metrics, **found.metrics})
        made = self._made(small, card, "int8")
        return made, self._told(made, card, distance, found.words(frames.name))

    def _judged(self, before: Made, frames: CalibrationFrames, model: bytes) -> Fidelity:
        run = self._made(model, self.card, "int8").run
        return fidelity(run, before.run, self._wanted, self.card, frames.judging)

    def _made(self, model: bytes, card: Card, precision: str) -> Made:
        notes = notes_of(card, precision)
        if self.form.format == "openvino":
            files = openvino_of(model, notes)
            return Made(files, run_of_openvino(files))
        noted = with_notes(model, notes)
        return Made({EXPORT_SUFFIXES["onnx"]: noted}, run_of_session(session_of(noted)))

    def _told(self, made: Made, card: Card, distance: str, int8: str = "") -> Exported:
        size = sum(map(len, made.files.values()))
        return Exported(self.out, card, size, distance, _RUNNERS[self.form.format], int8)

    def _distance(self, made: Made) -> str:
        tolerance: Tolerance = "resized" if self.form.resize else self.form.precision
        return worst_distance(made.run, self._wanted, self._name, self.card, tolerance, str(self.out))

    @property
    def _name(self) -> str:
        return INPUTS[self.form.images]

    @property
    def _free(self) -> dict[int, str]:
        return FREE_IMAGES if self.form.images else FREE_FRAMES

    @property
    def _example(self) -> Tensor:
        return example_of(self._name, self.card, *EXAMPLE)

    @property
    def _traced(self) -> nn.Module:
        """Return the network that is written."""
        network = HalfGenerator(self.generator) if self.form.precision == "16" else self.generator
        scale = self.card.scale.whole if self.form.resize else None
        return ImageGenerator(network, self.card, scale) if self.form.images else network

    @property
    def _wanted(self) -> FileRun:
        """Return what makes the pictures that the file is to make."""
        if not self.form.resize:
            return ImageGenerator(self.generator, self.card) if self.form.images else self.generator
        path = DevicePath(self.card, self.card.scale.whole, self.generator)
        return lambda images: path(images, (images.shape[1], images.shape[2]))[0]


def notes_of(card: Card, precision: str) -> dict[str, str]:
    """Return what a file says of itself: the card under the key that translators have it under, and more."""
    return {CARD_KEY: write_card(card), "precision": precision, "version": __version__}


@contextmanager
def _failures_told(out: Path, form: ExportFormat) -> Iterator[None]:
    """Turn what torch or another library says where it cannot write or run a network into one line."""
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        what = {"onnx": "ONNX", "torch": "a program", "openvino": "OpenVINO"}[form]
        raise InputError(f"{out}: is not written, as it cannot be run as {what} ({first_line(error)})") from error
