"""Teachers and students that are small enough to train in a test."""

from pathlib import Path
from typing import Any

from recyclegan.checkpoint import save_translator
from recyclegan.distillation import Teacher, distill_config
from recyclegan.networks import make_generator
from recyclegan.settings.distillation import student_networks
from recyclegan.settings.training import TrainConfig
from tests.small import small_card


def save_teacher(path: Path, **changes: Any) -> Path:
    """Write a translator with first weights."""
    card = small_card(**changes)
    save_translator(path, make_generator(card.generator, 3, 3, card.width, palette=card.palette), card)
    return path


def small_student(teacher: Teacher, data: Path, out: Path, **changes: Any) -> TrainConfig:
    """Return how a tiny student is trained in a second."""
    quick = {"steps": 4, "batch_size": 1, "save_every": 2, "log_every": 1, "sample_every": 100, "device": "cpu"}
    return distill_config(teacher, data, out, **{"networks": student_networks("light-unet", 4), **quick, **changes})
