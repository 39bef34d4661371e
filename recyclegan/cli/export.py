"""``recyclegan export RUN_OR_MODEL OUT.onnx``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from recyclegan.cli.parsing import parse
from recyclegan.config import Within
from recyclegan.domains import Direction
from recyclegan.settings.translating import ExportPrecision


@dataclass(frozen=True)
class TranslatorExportOptions:
    """What ``export`` takes. The file is compared with torch at three sizes, and written only if it agrees."""

    model: tyro.conf.Positional[str]
    """Run folder, .safetensors file, or hf://owner/name on the Hugging Face hub."""
    out: tyro.conf.Positional[Path]
    """File to write: ONNX, for any number of frames of any size."""
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    precision: ExportPrecision = "32"
    """Bits of the floating point that the network computes in; 16 halves the file. What goes in and comes out is the
    same."""
    opset: Annotated[int, Within(13, 20)] = 17
    """Version of ONNX's operators; older programs read older ones."""
    images: bool = False
    """Take and give 8-bit images (batch, height, width, RGB) instead of frames in [-1, 1] (batch, channels, height,
    width): scaling, rounding and the colours of label maps are inside."""


def export(words: list[str]) -> None:
    """Write a trained model as ONNX, which runs without this program, and see that it agrees."""
    options = parse(TranslatorExportOptions, words, "export")
    from recyclegan.exports import export as run_export

    written = run_export(
        options.model, options.out, options.direction, options.precision, options.opset, options.images
    )
    print(f"{written.path}: written ({written.card.direction}, {written.size / 1e6:.1f} MB)")
    print(f"onnxruntime against torch at {written.sizes}: {written.distance}")
