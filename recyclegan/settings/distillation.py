"""What a student is made of, and what is asked of it, beside how it is trained."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.settings.methods import DistillConfig
from recyclegan.settings.networks import GeneratorName, NetworkConfig

StudentName = Literal["light-unet", "separable", "narrow-resnet"]
LevelsChoice = Literal["auto", "signed", "unit", "byte"]
"""The range of what a network of others reads and gives: [-1, 1], [0, 1] or [0, 255]; auto tries."""


@dataclass(frozen=True)
class Student:
    """A generator and the width that makes it a student of about 2 GMACs at 256x256."""

    generator: GeneratorName
    width: int
    narrower: tuple[int, ...] = ()
    """Widths below that, which a budget may ask for."""


STUDENTS: dict[StudentName, Student] = {
    "light-unet": Student("light-unet", 32, (24, 16, 12, 8)),
    "separable": Student("separable-6", 44, (32, 24, 16)),
    "narrow-resnet": Student("resnet-6", 16, (12, 8)),
}
"""Students by name, the best first."""
assert set(STUDENTS) == set(get_args(StudentName))


@dataclass(frozen=True)
class Budget:
    """How fast a student has to be, from file to file."""

    rate: float
    """Frames a second."""
    width: int
    height: int

    @classmethod
    def read(cls, text: str) -> "Budget":
        """Return what a text such as ``25fps@256x128`` (width x height) asks for.

        Raises:
            InputError: it is none.
        """
        found = re.fullmatch(r"(\d+(?:\.\d+)?)fps@(\d+)x(\d+)", text)
        if not found or not float(found[1]) or min(int(found[2]), int(found[3])) < LEAST_SIDE:
            raise InputError(f"budget: found {text!r}, expected frames a second at WIDTHxHEIGHT, as 25fps@256x128")
        return cls(float(found[1]), int(found[2]), int(found[3]))

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.rate:g}fps@{self.width}x{self.height}"


LEAST_SIDE = 32
"""Pixels along a side of frames that a student is timed on, at least."""


@dataclass(frozen=True)
class DistillFlags:
    """What ``distill`` takes beside the configuration of training."""

    student: StudentName = "light-unet"
    """Architecture of the student."""
    budget: str | None = None
    """Frames a second from file to file at a width and height, as 25fps@256x128: the widest student that keeps up on
    this machine is taken, by timing it."""
    target: Path | None = None
    """Footage of the look aimed at, which the student's frames shall be taken for; by default DATA/train/B, where DATA
    has train/A, else none."""
    direction: Direction | None = None
    """Which way, where the teacher is a run; by default ab. With ba, B is what is translated."""
    levels: LevelsChoice = "auto"
    """Levels that an ONNX file of others reads and gives: signed (-1 to 1), unit (0 to 1) or byte (0 to 255); auto
    tries them on frames."""
    resume: bool = False
    """Continue the run in OUT exactly where it stopped; nothing else need be said again."""

    def __post_init__(self) -> None:
        """Refuse what is no budget."""
        if self.budget is not None:
            Budget.read(self.budget)


def student_networks(name: StudentName, width: int | None = None) -> NetworkConfig:
    """Return the networks of a student, at its own width or another."""
    student = STUDENTS[name]
    return NetworkConfig(generator=student.generator, width=width or student.width, discriminator_width=32)


TRAINING: dict[str, Any] = {
    "method": DistillConfig(),
    "steps": 6000,
    "batch_size": 2,
    "lr": 1e-3,
    "decay": 0.5,
    "ema": 0.995,
}
"""How a student is trained, where nothing else is said."""
