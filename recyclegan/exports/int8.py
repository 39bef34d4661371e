"""int8: an exported network whose convolutions compute with whole numbers of 8 bits, calibrated on the user's frames.

Post-training static quantisation: activations have one range each, which the frames tell, and weights one for each
channel. Norms, and convolutions that widen, stay in floating point.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from recyclegan.checkpoint import Card
from recyclegan.engines.devices import seconds_of
from recyclegan.engines.engines import agreement
from recyclegan.engines.exported import FileRun
from recyclegan.engines.on_device import shown_levels
from recyclegan.errors import InputError
from recyclegan.exports.calibration_frames import CalibrationFrames
from recyclegan.files import temporary_folder

if TYPE_CHECKING:
    from onnx import ModelProto

GOOD_DECIBELS, LEAST_DECIBELS = 40.0, 30.0
"""Peak signal-to-noise ratios to 32 bits on a frame: nobody sees a difference, or everybody begins to."""
GOOD_CLASSES, LEAST_CLASSES = 0.99, 0.95
"""Shares of the pixels of a label map that keep their class, likewise."""
_MOST_DECIBELS = 99.0


@dataclass(frozen=True)
class Fidelity:
    """How far int8 is from torch in 32 bits, on frames that it was not calibrated on, and how fast it is."""

    decibels: float
    """Peak signal-to-noise ratio, of the worst frame."""
    class_agreement: float | None
    """Share of the pixels with the same class, of the worst frame; None where no label maps are made."""
    num_frames: int
    seconds: float
    """For a frame, on this machine."""
    seconds_before: float
    """The same in 32 bits."""

    @property
    def metrics(self) -> dict[str, float]:
        """Return what goes into the card."""
        classes = {} if self.class_agreement is None else {"int8_class_agreement": self.class_agreement}
        return {"int8_psnr": self.decibels, **classes}

    def reaches(self, decibels: float, classes: float) -> bool:
        """Return whether it is as near as that; of label maps the classes alone count."""
        return self.decibels >= decibels if self.class_agreement is None else self.class_agreement >= classes

    def words(self, name: str) -> str:
        """Return in words how far it is from 32 bits on the footage of that name, and how fast."""
        classes = "" if self.class_agreement is None else f", {self.class_agreement:.2%} of the pixels in their class"
        threads = torch.get_num_threads()
        return (
            f"int8 against 32 bits on {self.num_frames} other frames of {name}: at least {self.decibels:.1f} dB"
            f"{classes}; {self.seconds * 1e3:.3g} ms a frame instead of {self.seconds_before * 1e3:.3g}, "
            f"on {threads} thread{'s' if threads > 1 else ''}"
        )


def quantized(
    model: bytes, name: str, frames: CalibrationFrames, judge: Callable[[bytes], Fidelity], file: str
) -> tuple[bytes, Fidelity]:
    """Return an ONNX model, whose input has that name, with its convolutions in int8, and how far that is.

    Where a difference might be seen, the first and the last convolution stay in 32 bits.

    Raises:
        InputError: it is farther than it may be, so that the file called ``file`` is not to be written.
    """
    import onnx

    parsed = _with_plain_weights(onnx.load_from_string(model))
    convolutions = [node.name for node in parsed.graph.node if node.op_type == "Conv"]
    for spared in ([], [convolutions[0], convolutions[-1]]):
        made = _in_int8(parsed, name, frames.calibrating, spared)
        found = judge(made)
        if found.reaches(GOOD_DECIBELS, GOOD_CLASSES):
            return made, found
    _check(found, file, frames.name)
    return made, found


def _in_int8(model: "ModelProto", name: str, frames: Sequence[Tensor], spared: list[str]) -> bytes:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    with temporary_folder() as folder:
        quantize_static(
            deepcopy(model),
            folder / "int8.onnx",
            _Frames(name, frames),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=spared,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return (folder / "int8.onnx").read_bytes()


def _with_plain_weights(model: "ModelProto") -> "ModelProto":
    """Return a model whose nodes name weights themselves: one that two of them share is passed on by identities.

    It counts as prepared for quantisation, which has nothing more to ask for then.
    """
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    weights = {weight.name for weight in model.graph.initializer}
    identities = [node for node in model.graph.node if node.op_type == "Identity"]
    passed = {node.output[0]: node for node in identities if node.input[0] in weights}
    for node in model.graph.node:
        node.input[:] = [passed[name].input[0] if name in passed else name for name in node.input]
    for node in passed.values():
        model.graph.node.remove(node)
    add_pre_process_metadata(model)
    return model


class _Frames:
    """Frames one after the other, as ONNX Runtime asks for them."""

    def __init__(self, name: str, frames: Sequence[Tensor]) -> None:
        self._left: Iterator[dict[str, object]] = iter([{name: frame.numpy()} for frame in frames])

    def get_next(self) -> dict[str, object] | None:
        """Return the next frame under its name, or None behind the last."""
        return next(self._left, None)


@torch.inference_mode()
def fidelity(run: FileRun, before: FileRun, wanted: FileRun, card: Card, frames: Sequence[Tensor]) -> Fidelity:
    """Return how far what ``run`` makes of frames is from what the network makes; ``before`` ran it in 32 bits."""
    pairs = [tuple(_shown(make(frame), card) for make in (run, wanted)) for frame in frames]
    decibels = min(agreement(made, expected, 255) for made, expected in pairs)
    same = [float((made == expected).all(dim=1).float().mean()) for made, expected in pairs] if card.palette else None
    cpu = torch.device("cpu")
    seconds, seconds_before = (seconds_of(partial(make, frames[0]), cpu, 3) for make in (run, before))
    return Fidelity(min(decibels, _MOST_DECIBELS), min(same) if same else None, len(pairs), seconds, seconds_before)


def _shown(made: Tensor, card: Card) -> Tensor:
    """Return the levels, NCHW, that are seen of what a network makes: images (NHWC) or frames in [-1, 1]."""
    return made.permute(0, 3, 1, 2) if made.dtype == torch.uint8 else shown_levels(made, card)


def _check(found: Fidelity, file: str, name: str) -> None:
    if found.reaches(LEAST_DECIBELS, LEAST_CLASSES):
        return
    seen, least = f"{found.decibels:.1f} dB", f"{LEAST_DECIBELS:.0f} dB"
    if found.class_agreement is not None:
        seen, least = f"{found.class_agreement:.1%} of the pixels keep their class", f"{LEAST_CLASSES:.0%}"
    raise InputError(
        f"{file}: is not written; in int8 {seen} on frames of {name}, at least {least} is wanted; give more frames "
        "like those that are to be translated, or leave --int8 out"
    )
