"""Engines of other libraries, which read the generator as ONNX: ONNX Runtime and OpenVINO, on a CPU."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from recyclegan.engines.engines import Engine, told_as_unusable
from recyclegan.engines.onnx_writing import onnx_of
from recyclegan.errors import InputError
from recyclegan.settings.translating import EngineName
from recyclegan.tensors import Frames, Translated

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_ERRORS = 3
"""What ONNX Runtime tells of: nothing less."""
_MOST_SIZES = 2
"""Sizes of frames whose networks are kept."""
Run = Callable[[np.ndarray], np.ndarray]
FileRun = Callable[[Tensor], Tensor]
"""Runs the network of a file on what it takes: frames in [-1, 1] (NCHW), or 8-bit images (NHWC)."""


class ExportedEngine(Engine):
    """A library that runs the generator from ONNX, which is written anew for each size of frames."""

    def __init__(self, generator: nn.Module) -> None:
        """Look for the library.

        Raises:
            InputError: it is not installed, or what writes ONNX is not.
        """
        self._generator = generator
        self._runs: dict[tuple[Any, ...], Run] = {}
        check_installed(f"engine {self.name}", self.name, "onnx")

    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return what the library makes of the frames.

        Raises:
            InputError: the generator cannot be written as ONNX or not be run from it, or ``half`` is not for it.
        """
        if half and not self.halves:
            raise InputError(f"engine {self.name}: computes in 32 bits only; give --precision 32, or another engine")
        key = (*frames.shape[1:], half)
        if key not in self._runs:
            with told_as_unusable(self.name):
                self._keep(key, self._load(onnx_of(self._generator, frames[:1]), half))
        with told_as_unusable(self.name):
            return torch.from_numpy(self._runs[key](frames.numpy()))

    def _keep(self, key: tuple[Any, ...], run: Run) -> None:
        while len(self._runs) >= _MOST_SIZES:
            del self._runs[next(iter(self._runs))]
        self._runs[key] = run

    def _load(self, model: bytes, half: torch.dtype | None) -> Run:
        """Return what runs a model."""
        raise NotImplementedError


class ONNXRuntimeEngine(ExportedEngine):
    """ONNX Runtime."""

    name: ClassVar[EngineName] = "onnxruntime"
    halves: ClassVar[bool] = False

    def _load(self, model: bytes, half: torch.dtype | None) -> Run:
        session = session_of(model)
        return lambda frames: session.run(None, {"frames": frames})[0]


class OpenVINOEngine(ExportedEngine):
    """OpenVINO, in 32 bits or in bfloat16."""

    name: ClassVar[EngineName] = "openvino"

    def _load(self, model: bytes, half: torch.dtype | None) -> Run:
        import openvino

        if half not in (None, torch.bfloat16):
            raise InputError("engine openvino: computes in 32 bits or bf16-mixed; give another --precision")
        core = openvino.Core()
        compiled = core.compile_model(
            core.read_model(model, b""),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "bf16" if half else "f32",
                "INFERENCE_NUM_THREADS": torch.get_num_threads(),
                "PERFORMANCE_HINT": "LATENCY",
            },
        )
        return lambda frames: np.array(compiled(frames)[0])


EXPORTED: dict[EngineName, Callable[[nn.Module], Engine]] = {
    "onnxruntime": ONNXRuntimeEngine,
    "openvino": OpenVINOEngine,
}


def check_installed(what: str, *packages: str) -> None:
    """Look for packages of the extras.

    Raises:
        InputError: ``what`` needs one that is not installed.
    """
    if missing := next((package for package in packages if find_spec(package) is None), None):
        extra = "openvino" if missing == "openvino" else "onnx"
        raise InputError(f"{what}: needs {missing}; pip install 'recyclegan[{extra}]'")


def session_of(model: bytes | str) -> "InferenceSession":
    """Return what runs an ONNX model, or the file of that path, on as many threads of the CPU as torch takes."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = _ERRORS
    return InferenceSession(model, options, providers=["CPUExecutionProvider"])


def open_session(path: Path) -> "InferenceSession":
    """Return what runs the ONNX file of a path.

    Raises:
        InputError: ONNX Runtime is not installed, or reads no network there.
    """
    check_installed(str(path), "onnxruntime")
    try:
        return session_of(str(path))
    except Exception as error:
        raise InputError(f"{path}: holds no network that onnxruntime reads ({type(error).__name__})") from error


def run_of_session(session: "InferenceSession") -> FileRun:
    """Return what runs the network of a session, which has one input, on tensors."""
    name = session.get_inputs()[0].name
    return lambda given: torch.from_numpy(session.run(None, {name: given.numpy()})[0])
