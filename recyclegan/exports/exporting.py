"""``export``: a translator as one ONNX file for frames of any size, which is written once it makes torch's picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from recyclegan.checkpoint import CARD_KEY, Card, find_translator, load_translator, write_card
from recyclegan.domains import Direction
from recyclegan.engines.engines import reason_of
from recyclegan.engines.exported import check_installed
from recyclegan.engines.on_device import snapped, to_levels, to_signed
from recyclegan.engines.onnx_reading import SUFFIX
from recyclegan.engines.onnx_writing import INPUTS, OPSET, onnx_of, with_notes
from recyclegan.errors import InputError
from recyclegan.exports.parity import SIZES, example_of, worst_distance
from recyclegan.files import check_writable, write_bytes
from recyclegan.hub import locate
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.translating import ExportPrecision
from recyclegan.tensors import Frames, Translated
from recyclegan.version import __version__

EXAMPLE = (64, 80)
"""Height and width of what a network is traced with."""
FREE_FRAMES, FREE_IMAGES = {0: "batch", 2: "height", 3: "width"}, {0: "batch", 1: "height", 2: "width"}


class HalfGenerator(nn.Module):
    """A generator that computes in half precision; frames stay floats of 32 bits on both sides."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = deepcopy(generator).half()

    def forward(self, frames: Frames) -> Translated:
        """Return the translated frames."""
        return self.generator(frames.half()).float()


class ImageGenerator(nn.Module):
    """A generator of 8-bit images: their scaling, the rounding and the palette are a part of it."""

    def __init__(self, generator: nn.Module, card: Card) -> None:
        super().__init__()
        self.generator, self._palette = generator, card.palette

    def forward(
        self, images: UInt8[Tensor, "batch height width channels"]
    ) -> UInt8[Tensor, "batch height width channels_out"]:
        """Return the translated images."""
        levels = to_levels(self.generator(to_signed(images.permute(0, 3, 1, 2))))
        return (snapped(levels, self._palette) if self._palette else levels).permute(0, 2, 3, 1)


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how far from torch it is."""

    path: Path
    card: Card
    size: int
    """Bytes."""
    distance: str
    """In words, the worst of the sizes that were compared."""

    @property
    def sizes(self) -> str:
        """Return those sizes in words."""
        return ", ".join(f"{width}x{height}" for height, width in SIZES)


def export(
    place: AnyPath,
    out: AnyPath,
    direction: Direction | None = None,
    precision: ExportPrecision = "32",
    opset: int = OPSET,
    images: bool = False,
) -> Exported:
    """Write a translator as ONNX for any number of frames of any size, with its card, and return what was written.

    ``place`` is a run folder, a .safetensors file or a repository of the hub. With ``images`` the file takes and gives
    8-bit images (NHWC, RGB) instead of frames in [-1, 1] (NCHW). The file is compared with torch at three sizes.

    Raises:
        InputError: there is no such translator, a package is missing, the file cannot be written, or it makes another
            picture than torch; no file appears then.
    """
    check_installed("export", "onnx", "onnxruntime")
    if (out := as_path(out)).suffix.lower() != SUFFIX:
        raise InputError(f"{out}: is no name for ONNX; expected one that ends in {SUFFIX}")
    if precision not in get_args(ExportPrecision):
        raise InputError(f"precision {precision}: expected {' or '.join(get_args(ExportPrecision))}")
    check_writable(out)
    generator, card = load_translator(find_translator(locate(place, direction), direction))
    name = INPUTS[images]
    with _failures_told(out):
        model = with_notes(_written(generator, card, precision, opset, name), notes_of(card, precision))
        wanted = ImageGenerator(generator, card) if images else generator
        distance = worst_distance(model, wanted, card, precision, str(out))
    write_bytes(out, model)
    return Exported(out, card, len(model), distance)


def notes_of(card: Card, precision: ExportPrecision) -> dict[str, str]:
    """Return what a file says of itself: the card under the key that translators have it under, and more."""
    return {CARD_KEY: write_card(card), "precision": precision, "version": __version__}


def _written(generator: nn.Module, card: Card, precision: ExportPrecision, opset: int, name: str) -> bytes:
    network = HalfGenerator(generator) if precision == "16" else generator
    example = example_of(name, card, *EXAMPLE)
    if name == INPUTS[0]:
        return onnx_of(network, example, name, FREE_FRAMES, opset)
    return onnx_of(ImageGenerator(network, card), example, name, FREE_IMAGES, opset)


@contextmanager
def _failures_told(out: Path) -> Iterator[None]:
    """Turn what torch or ONNX Runtime says where it cannot write or run a network into one line."""
    try:
        yield
    except (InputError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise InputError(f"{out}: is not written, as it cannot be run as ONNX ({reason_of(error)})") from error
