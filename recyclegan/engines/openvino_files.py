"""Files of OpenVINO: a network in an .xml file with its weights in a .bin file beside it, made from ONNX."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from recyclegan.engines.exported import FileRun
from recyclegan.errors import InputError
from recyclegan.files import kind_of, temporary_folder

SUFFIX, WEIGHTS = ".xml", ".bin"
_NOTES = "recyclegan"
"""Under which the network's own notes hold ours."""


def openvino_of(model: bytes, notes: dict[str, str]) -> dict[str, bytes]:
    """Return an ONNX model as files of OpenVINO by their suffix, with notes in the .xml file."""
    import openvino

    converted = openvino.Core().read_model(model, b"")
    for name, note in notes.items():
        converted.set_rt_info(note, [_NOTES, name])
    with temporary_folder() as folder:
        openvino.save_model(converted, folder / f"model{SUFFIX}", compress_to_fp16=False)
        return {suffix: (folder / f"model{suffix}").read_bytes() for suffix in (SUFFIX, WEIGHTS)}


def run_of_openvino(files: dict[str, bytes]) -> FileRun:
    """Return what runs such files on a CPU."""
    return _opened(files)[0]


def read_openvino(path: Path) -> tuple[FileRun, str, str]:
    """Return what runs the files of a network, the name of its input, and the note that is its card.

    Raises:
        InputError: one of the two files is missing, they hold no network, or it has no card.
    """
    for place in (path, path.with_suffix(WEIGHTS)):
        if kind_of(place) != "file":
            raise InputError(f"{place}: no such file; {path.name} and its {WEIGHTS} belong together")
    files = {suffix: path.with_suffix(suffix).read_bytes() for suffix in (SUFFIX, WEIGHTS)}
    try:
        run, model = _opened(files)
        name = model.inputs[0].get_any_name()
        return run, name, str(model.get_rt_info([_NOTES, _NOTES]).value)
    except Exception as error:
        raise InputError(f"{path}: is no network that recyclegan export wrote ({type(error).__name__})") from error


def _opened(files: dict[str, bytes]) -> tuple[FileRun, Any]:
    """Return what runs a network in 32 bits, and the network itself."""
    import openvino

    core = openvino.Core()
    model = core.read_model(files[SUFFIX], files[WEIGHTS])
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = core.compile_model(model, "CPU", {**options, "PERFORMANCE_HINT": "LATENCY"})
    return lambda given: torch.from_numpy(np.array(compiled(given.numpy())[0])), model
