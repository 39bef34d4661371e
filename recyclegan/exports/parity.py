"""Whether an exported file makes torch's picture: run by ONNX Runtime at three sizes."""

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from recyclegan.checkpoint import Card
from recyclegan.engines.engines import AGREEMENT, agreement
from recyclegan.engines.exported import session_of
from recyclegan.engines.onnx_writing import INPUTS
from recyclegan.errors import InputError
from recyclegan.settings.translating import ExportPrecision

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SIZES = ((64, 64), (62, 70), (97, 131))
"""Heights and widths that are compared; 4 divides not all of them."""
MOST_ERROR = 1e-4
"""Largest difference between frames in [-1, 1], in 32 bits."""
MOST_STRANGE: dict[ExportPrecision, float] = {"32": 1e-3, "16": 1e-2}
"""Share of the pixels of label maps whose colour may be another."""


class Distance(NamedTuple):
    """How far a picture is from torch's: over 1 where it is farther than it may be, and in words."""

    ratio: float
    words: str


def worst_distance(model: bytes, wanted: nn.Module, card: Card, precision: ExportPrecision, name: str) -> str:
    """Return in words how far an ONNX model is from a network at most, at ``SIZES``.

    Raises:
        InputError: it is farther than its precision allows, so that the file called ``name`` is not to be written.
    """
    session, found = session_of(model), dict[tuple[int, int], Distance]()
    for size in SIZES:
        found[size] = _distance_at(session, wanted, card, precision, size)
        if not found[size].ratio <= 1:
            height, width = size
            raise InputError(
                f"{name}: is not written; at {width}x{height} it makes another picture than torch: {found[size].words}"
            )
    return max(found.values()).words


def example_of(name: str, card: Card, height: int, width: int) -> Tensor:
    """Return two frames or images of noise, always the same for a size."""
    rng = torch.Generator().manual_seed(height * width)
    if name == INPUTS[0]:
        return torch.rand(2, card.channels_in, height, width, generator=rng) * 2 - 1
    return torch.randint(0, 256, (2, height, width, card.channels_in), dtype=torch.uint8, generator=rng)


@torch.inference_mode()
def _distance_at(
    session: "InferenceSession", wanted: nn.Module, card: Card, precision: ExportPrecision, size: tuple[int, int]
) -> Distance:
    name = session.get_inputs()[0].name
    example = example_of(name, card, *size)
    made = torch.from_numpy(session.run(None, {name: example.numpy()})[0])
    return distance(made, wanted(example), is_label=bool(card.palette) and name != INPUTS[0], precision=precision)


def distance(made: Tensor, expected: Tensor, is_label: bool, precision: ExportPrecision) -> Distance:
    """Return how far frames, or images (8 bits, NHWC), are from those expected."""
    if made.shape != expected.shape:
        return Distance(float("inf"), f"of {tuple(made.shape)}, expected {tuple(expected.shape)}")
    if is_label:
        share = float((made != expected).any(dim=-1).float().mean())
        most = MOST_STRANGE[precision]
        return Distance(share / most, f"{share:.3%} of the pixels have another colour, at most {most:.1%} may")
    error = float((made.float() - expected.float()).abs().max())
    is_image = made.dtype == torch.uint8
    if precision == "32":
        most = 1.0 if is_image else MOST_ERROR
        unit = "of 255 levels" if is_image else "in [-1, 1]"
        return Distance(error / most, f"the largest difference is {error:.2g}, at most {most:g} {unit}")
    decibels = min(agreement(made, expected, 255 if is_image else 2), 99.0)
    ratio = AGREEMENT / decibels if decibels > 0 else float("inf")
    return Distance(ratio, f"{decibels:.0f} dB to 32 bits, at least {AGREEMENT:.0f}")
