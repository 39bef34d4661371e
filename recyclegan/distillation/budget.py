"""What students cost: the multiplications of a frame, and the widest student that keeps up on this machine."""

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from recyclegan.arrays import Image
from recyclegan.checkpoint import Card
from recyclegan.errors import InputError
from recyclegan.files import temporary_folder
from recyclegan.networks import make_generator
from recyclegan.pace import Progress
from recyclegan.settings.distillation import STUDENTS, Budget, StudentName
from recyclegan.settings.networks import GeneratorName
from recyclegan.translation import Output, Translator
from recyclegan.video import write_video

NUM_FRAMES = 40
"""Frames of the clip that students are timed on, twice; the second time counts."""
SQUARE = 16
"""Pixels along the sides of its moving squares."""


@dataclass(frozen=True)
class Timed:
    """A student that was chosen by timing."""

    width: int
    line: str
    """What was chosen and what was timed, in one line."""


def widest_within(budget: Budget, name: StudentName, device: str = "auto", progress: Progress | None = None) -> Timed:
    """Return the widest student of a kind that translates files as fast as a budget asks for.

    Raises:
        InputError: none of them does.
    """
    student, timed = STUDENTS[name], list[str]()
    widths = (student.width, *student.narrower)
    with temporary_folder() as folder:
        clip = folder / "clip.mp4"
        write_video(clip, moving_squares(budget), Fraction(25))
        for number, width in enumerate(widths):
            if progress:
                progress(number, len(widths), "timing students")
            rate = frames_a_second(student.generator, width, clip, budget, device)
            timed.append(f"width {width}: {rate:.0f} fps")
            if rate >= budget.rate:
                return Timed(width, f"budget {budget}: {name} of width {width} ({', '.join(timed)})")
    raise InputError(f"budget {budget}: no {name} keeps up here ({', '.join(timed)}); ask for less, or a smaller size")


def frames_a_second(generator: GeneratorName, width: int, clip: Path, budget: Budget, device: str = "auto") -> float:
    """Return how many frames of a clip a generator of some width translates a second, from file to file."""
    card = Card(
        method="distill",
        direction="ab",
        generator=generator,
        channels_in=3,
        channels_out=3,
        width=width,
        norm="instance",
        dropout=False,
        size=(budget.height, budget.width),
        resize="rectangle",
        steps=0,
    )
    network = make_generator(generator, width=width).eval().requires_grad_(False)
    translator = Translator(network, card, device)
    for _ in range(2):
        start = time.perf_counter()
        translator.translate_video(clip, clip.with_name("translated.mp4"), Output(existing="replace"))
    return NUM_FRAMES / (time.perf_counter() - start)


def moving_squares(budget: Budget) -> Iterator[Image]:
    """Yield frames of coloured squares that move to the right."""
    rows, columns = -(-budget.height // SQUARE), -(-budget.width // SQUARE)
    colours = np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    picture = colours.repeat(SQUARE, 0).repeat(SQUARE, 1)[: budget.height, : budget.width]
    return (np.roll(picture, number, axis=1) for number in range(NUM_FRAMES))


COUNTED = (torch.ops.aten.convolution, torch.ops.aten.addmm)
"""What convolutions, transposed ones and linear layers compute with."""


def gmacs(network: nn.Module, channels: int, height: int, width: int) -> float:
    """Return the billions of MACs of convolutions and linear layers for one frame of a size.

    Norms, activations and resizing are not counted, as is the custom. Nothing is computed: shapes alone pass through.
    """
    shaped = deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shaped(torch.empty(1, channels, height, width, device="meta"))
    operations = counter.get_flop_counts()["Global"]
    return sum(operations.get(kind, 0) for kind in COUNTED) / 2e9
