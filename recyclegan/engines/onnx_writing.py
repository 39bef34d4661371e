"""Networks as ONNX: of frames of one size, as engines take them, or of any size, as files are exported."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor, nn

OPSET = 17
INPUTS, OUTPUT = ("frames", "images"), "translated"
"""Names of what goes in, by its kind, and of what comes out."""
BATCH = {0: "batch"}
"""The only axis that is free where the size of frames is not."""


def onnx_of(
    network: nn.Module, example: Tensor, name: str = INPUTS[0], free: dict[int, str] = BATCH, opset: int = OPSET
) -> bytes:
    """Return a network as ONNX; ``free`` names the axes of its input and output that keep no size of the example."""
    import onnx

    model = io.BytesIO()
    with _quiet():
        torch.onnx.export(
            _with_stated_channels(network),
            (example,),
            model,  # type: ignore[arg-type]
            input_names=[name],
            output_names=[OUTPUT],
            dynamic_axes={name: free, OUTPUT: free},
            opset_version=opset,
            dynamo=False,
        )
    onnx.checker.check_model(model.getvalue())
    return model.getvalue()


def with_notes(model: bytes, notes: dict[str, str]) -> bytes:
    """Return an ONNX model with notes among its metadata."""
    import onnx

    parsed = onnx.load_from_string(model)
    onnx.helper.set_model_props(parsed, notes)
    return parsed.SerializeToString()


def _with_stated_channels(network: nn.Module) -> nn.Module:
    """Return a copy whose instance norms hold weights of 1: of others ONNX must know the channels by itself."""
    copied = deepcopy(network)
    kind = next(copied.parameters()).dtype
    for parent in list(copied.modules()):
        for name, norm in parent.named_children():
            if isinstance(norm, nn.InstanceNorm2d) and not norm.affine:
                stated = nn.InstanceNorm2d(norm.num_features, norm.eps, affine=True, dtype=kind)
                setattr(parent, name, stated.requires_grad_(False).eval())
    return copied


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from telling how it traces: what it takes for constants is meant to be some."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
