"""A student is steadier than what it learned from: a network of others that shimmers, or a clip that flickers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.arrays import Image
from recyclegan.distillation import learn_from, open_teacher
from recyclegan.distillation.likeness import Likeness
from recyclegan.engines.onnx_writing import onnx_of
from recyclegan.settings.distillation import student_networks
from recyclegan.video import write_image
from tests.distillation.small_students import small_student
from tests.small import picture

pytestmark = pytest.mark.slow
NUM_FRAMES = 12


def moving(seed: int, number: int) -> Image:
    """Return a frame of a picture that moves to the right, a pixel a frame."""
    return np.ascontiguousarray(picture(seed, 32, 48 + NUM_FRAMES)[:, NUM_FRAMES - number :][:, :48])


def write_clips(root: Path) -> Path:
    for split, seeds in (("train", range(4)), ("val", range(10, 11))):
        for seed in seeds:
            for number in range(NUM_FRAMES):
                write_image(root / split / "A" / f"clip-{seed}" / f"{number:03d}.png", moving(seed, number))
    return root


def student_of(teacher: Path, data: Path, out: Path, steps: int = 250) -> Likeness:
    opened = open_teacher(teacher)
    networks = student_networks("light-unet", 8)
    distilled = learn_from(opened, small_student(opened, data, out, networks=networks, steps=steps, save_every=1000))
    assert distilled.likeness is not None
    print(distilled.likeness)
    return distilled.likeness


class Shimmer(nn.Module):
    """Paints thin bands of brightness, which jump from frame to frame."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1, bias=False)
        self.mix.weight.data = torch.eye(3)[..., None, None] * 0.9

    def forward(self, frames: Tensor) -> Tensor:
        levels = self.mix(frames)
        return torch.tanh(levels - 0.2 + 0.4 * torch.sin(60 * levels))


def test_a_student_of_a_network_of_others_is_steadier(tmp_path: Path) -> None:
    model = tmp_path / "shimmer.onnx"
    axes = {0: "batch", 2: "height", 3: "width"}
    model.write_bytes(onnx_of(Shimmer().eval(), torch.rand(1, 3, 32, 48), "frames", axes))
    found = student_of(model, write_clips(tmp_path / "data"), tmp_path / "student")
    assert found.student["warping_error"] < found.teacher["warping_error"]
    assert found.shared["psnr"] > 15


def test_of_flicker_added_by_hand_at_most_a_third_is_left(tmp_path: Path) -> None:
    data, rng = write_clips(tmp_path / "data"), np.random.default_rng(0)
    for file in sorted(data.rglob("*.png")):
        number, seed = int(file.stem), int(file.parent.name.split("-")[1])
        graded = 255 - moving(seed, number) * 0.7
        flickering = (graded * rng.uniform(0.8, 1.2) + rng.uniform(-12, 12)).round().clip(0, 255).astype(np.uint8)
        write_image(tmp_path / "made" / file.parent.name / file.name, flickering)
    found = student_of(tmp_path / "made", data, tmp_path / "student")
    assert found.student["added_flicker"] <= found.teacher["added_flicker"] / 3
    assert found.student["warping_error"] < found.teacher["warping_error"]
