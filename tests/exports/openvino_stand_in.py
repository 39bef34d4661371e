"""A stand-in for the package openvino, where it is not installed: it keeps ONNX in the .bin file, and runs that."""

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from onnxruntime import InferenceSession


class Model:
    """A network of OpenVINO, with the part of its interface that is used."""

    def __init__(self, onnx: bytes, notes: dict[str, str]) -> None:
        self.onnx, self.notes = onnx, notes
        self.session = InferenceSession(onnx)
        name = self.session.get_inputs()[0].name
        self.inputs = [SimpleNamespace(get_any_name=lambda: name)]

    def set_rt_info(self, note: str, path: list[str]) -> None:
        self.notes["/".join(path)] = note

    def get_rt_info(self, path: list[str]) -> Any:
        return SimpleNamespace(value=self.notes["/".join(path)])


class Core:
    """Reads networks, and compiles them."""

    def read_model(self, model: bytes, weights: bytes) -> Model:
        return Model(weights, json.loads(model)) if weights else Model(model, {})

    def compile_model(self, model: Model, device: str, options: dict[str, Any]) -> Any:
        assert device == "CPU"
        assert options["INFERENCE_PRECISION_HINT"] == "f32"
        name = model.inputs[0].get_any_name()
        return lambda given: [np.asarray(model.session.run(None, {name: given})[0])]


def save_model(model: Model, path: Path, compress_to_fp16: bool) -> None:
    """Write both files of a network."""
    assert not compress_to_fp16
    path.write_text(json.dumps(model.notes))
    path.with_suffix(".bin").write_bytes(model.onnx)


def stand_in() -> ModuleType:
    """Return the module."""
    module = ModuleType("openvino")
    module.Core, module.save_model = Core, save_model  # type: ignore[attr-defined]
    return module
