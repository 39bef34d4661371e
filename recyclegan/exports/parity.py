"""Whether an exported file makes torch's picture: run at three sizes by the library that it is for."""

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from recyclegan.checkpoint import Card
from recyclegan.engines.engines import AGREEMENT, agreement
from recyclegan.engines.exported import FileRun
from recyclegan.engines.onnx_writing import INPUTS
from recyclegan.errors import InputError
from recyclegan.settings.translating import ExportPrecision

_SMOOTH = 8
"""Pixels from one level to the next in smooth images."""
SIZES = ((64, 64), (62, 70), (97, 131))
"""Heights and widths that are compared; 4 divides not all of them."""
MOST_ERROR = 1e-4
"""Largest difference between frames in [-1, 1], in 32 bits."""
MOST_STRANGE: dict[ExportPrecision, float] = {"32": 1e-3, "16": 1e-2}
"""Share of the pixels of label maps whose colour may be another."""
Tolerance = Literal["32", "16", "resized"]
_MOST_STRANGE: dict[Tolerance, float] = {"32": MOST_STRANGE["32"], "16": MOST_STRANGE["16"], "resized": 3e-2}
"""The same, also of files that resize: a level of rounding moves edges."""


class Distance(NamedTuple):
    """How far a picture is from torch's: over 1 where it is farther than it may be, and in words."""

    ratio: float
    words: str


def worst_distance(run: FileRun, wanted: FileRun, name: str, card: Card, tolerance: Tolerance, file: str) -> str:
    """Return in words how far a file that takes an input of that name is from a network at most, at ``SIZES``.

    Raises:
        InputError: it is farther than it may be, so that the file called ``file`` is not to be
            written.
    """
    found = dict[tuple[int, int], Distance]()
    is_label = bool(card.palette) and name != INPUTS[0]
    for size in SIZES:
        example = example_of(name, card, *size, is_smooth=tolerance == "resized")
        with torch.inference_mode():
            found[size] = distance(run(example), wanted(example), is_label, tolerance)
        if not found[size].ratio <= 1:
            height, width = size
            raise InputError(
                f"{file}: is not written; at {width}x{height} it makes another picture than torch: {found[size].words}"
            )
    return max(found.values()).words


def example_of(name: str, card: Card, height: int, width: int, is_smooth: bool = False) -> Tensor:
    """Return two frames or images of noise, always the same for a size; smooth ones are images like those of cameras.

    Libraries resize noise differently, as the order of rows and columns shows in it.
    """
    rng = torch.Generator().manual_seed(height * width)
    if is_smooth:
        coarse = torch.rand(2, card.channels_in, height // _SMOOTH + 2, width // _SMOOTH + 2, generator=rng)
        return (F.interpolate(coarse, (height, width), mode="bilinear") * 255).byte().permute(0, 2, 3, 1).contiguous()
    if name == INPUTS[0]:
        return torch.rand(2, card.channels_in, height, width, generator=rng) * 2 - 1
    return torch.randint(0, 256, (2, height, width, card.channels_in), dtype=torch.uint8, generator=rng)


def distance(made: Tensor, expected: Tensor, is_label: bool, tolerance: Tolerance) -> Distance:
    """Return how far frames, or images (8 bits, NHWC), are from those expected."""
    if made.shape != expected.shape:
        return Distance(float("inf"), f"of {tuple(made.shape)}, expected {tuple(expected.shape)}")
    if is_label:
        share = float((made != expected).any(dim=-1).float().mean())
        most = _MOST_STRANGE[tolerance]
        return Distance(share / most, f"{share:.3%} of the pixels have another colour, at most {most:.1%} may")
    error = float((made.float() - expected.float()).abs().max())
    is_image = made.dtype == torch.uint8
    if tolerance == "32":
        most = 1.0 if is_image else MOST_ERROR
        unit = "of 255 levels" if is_image else "in [-1, 1]"
        return Distance(error / most, f"the largest difference is {error:.2g}, at most {most:g} {unit}")
    decibels = min(agreement(made, expected, 255 if is_image else 2), 99.0)
    ratio = AGREEMENT / decibels if decibels > 0 else float("inf")
    return Distance(ratio, f"{decibels:.0f} dB to 32 bits, at least {AGREEMENT:.0f}")
