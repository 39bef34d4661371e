"""Exported files: a translator that ONNX Runtime or OpenVINO runs, with the card that the file holds."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn

from recyclegan.checkpoint import CARD_KEY, Card, check_direction, read_card
from recyclegan.domains import Direction
from recyclegan.engines.engines import Engine, told_as_unusable
from recyclegan.engines.exported import FileRun, check_installed, open_session, run_of_session
from recyclegan.engines.on_device import to_levels
from recyclegan.engines.onnx_writing import INPUTS, OUTPUT
from recyclegan.engines.openvino_files import read_openvino
from recyclegan.errors import InputError
from recyclegan.files import check_is_file
from recyclegan.settings.translating import EXPORT_SUFFIXES, EngineChoice, EngineName, PrecisionChoice
from recyclegan.tensors import Frames, Translated, scaled

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

ENGINES: dict[str, EngineName] = {EXPORT_SUFFIXES["onnx"]: "onnxruntime", EXPORT_SUFFIXES["openvino"]: "openvino"}
"""What runs exported files, by how they end."""


class ExportedGenerator(nn.Module):
    """The generator of an exported file, on a CPU; it takes frames, also where the file takes images."""

    def __init__(self, run: FileRun, name: str, engine: EngineName) -> None:
        """Take what runs the file, the name of its input, and what that is run by."""
        super().__init__()
        self._run, self._name, self.engine = run, name, engine

    def forward(self, frames: Frames) -> Translated:
        """Return the translated frames, in [-1, 1]."""
        if self._name == INPUTS[0]:
            return self._run(frames.contiguous())
        images = self._run(to_levels(frames).permute(0, 2, 3, 1).contiguous())
        return scaled(images.permute(0, 3, 1, 2))


class FileEngine(Engine):
    """A library with a file that was exported and compared with torch then."""

    halves: ClassVar[bool] = False

    def __init__(self, generator: ExportedGenerator) -> None:
        self._generator = generator
        self.name = generator.engine  # type: ignore[misc]

    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return what the file makes of the frames, in its own precision.

        Raises:
            InputError: it cannot be run.
        """
        with told_as_unusable(self.name, "export the run again"):
            return self._generator(frames)


def is_exported(path: Path) -> bool:
    """Return whether a path is that of an exported file which another library runs, by its name."""
    return path.suffix.lower() in ENGINES


def load_exported(path: Path, direction: Direction | None = None) -> tuple[ExportedGenerator, Card]:
    """Return the generator and the card of an exported file.

    Raises:
        InputError: there is no such file, it was not written by ``export``, it is one of the other direction, or
            the library that runs it is missing.
    """
    engine = ENGINES[path.suffix.lower()]
    check_installed(str(path), engine)
    run, name, text = read_openvino(path) if engine == "openvino" else _read_onnx(path)
    card = read_card(text, path)
    check_direction(path, card, direction)
    return ExportedGenerator(run, name, engine), card


def _read_onnx(path: Path) -> tuple[FileRun, str, str]:
    """Return what runs a file, the name of its input, and the text of its card."""
    check_is_file(path, "expected an ONNX file")
    session = open_session(path)
    return run_of_session(session), session.get_inputs()[0].name, _card_of(session, path)


def _card_of(session: "InferenceSession", path: Path) -> str:
    text = session.get_modelmeta().custom_metadata_map.get(CARD_KEY)
    names = [given.name for given in session.get_inputs()], [made.name for made in session.get_outputs()]
    if text is None or names not in [([name], [OUTPUT]) for name in INPUTS]:
        raise InputError(f"{path}: is an ONNX file of something else; expected one that recyclegan export wrote")
    return text


def check_choices(
    path: Path, engine: EngineChoice | None, precision: PrecisionChoice, device: str, max_memory: float | None
) -> None:
    """Refuse what an exported file does not do: it is run by one library, on a CPU, in whole, in its own precision.

    Raises:
        InputError: something else is asked for.
    """
    runner = ENGINES[path.suffix.lower()]
    wrong = {
        f"engine {engine}": engine not in (None, "auto", runner),
        f"precision {precision}": precision not in ("auto", "32"),
        f"device {device}": device not in ("auto", "cpu"),
        "max memory": max_memory is not None,
    }
    if refused := next((option for option, is_wrong in wrong.items() if is_wrong), None):
        raise InputError(
            f"{path}: {refused} is not for exported files, which {runner} runs on a CPU in the precision that they "
            "have; leave it out, or name the run that was exported"
        )
