"""Any image-to-image ONNX file teaches, whatever its layout and levels; what cannot be told is asked for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.data import find_clips
from recyclegan.distillation import open_teacher
from recyclegan.distillation.foreign_networks import ForeignTeacher
from recyclegan.engines.onnx_writing import onnx_of
from recyclegan.errors import InputError
from recyclegan.exports import export
from recyclegan.settings.distillation import LevelsChoice
from tests.distillation.small_students import save_teacher
from tests.small import make_frames, picture


class Blue(nn.Module):
    """Turns frames blue, at the levels that it is made for; in and out."""

    def __init__(self, inside: Callable[[Tensor], Tensor], nhwc: bool = False, stride: int = 1) -> None:
        super().__init__()
        self.mix = nn.Conv2d(3, 3, 1)
        self.mix.weight.data = torch.tensor([[0.3, 0.1, 0.0], [0.0, 0.6, 0.1], [0.1, 0.1, 0.8]])[..., None, None]
        self.mix.bias.data.zero_()
        self.inside, self.nhwc, self.stride = inside, nhwc, stride

    def forward(self, frames: Tensor) -> Tensor:
        x = frames.permute(0, 3, 1, 2) if self.nhwc else frames
        y = self.inside(self.mix(x))
        if self.stride > 1:
            y = nn.functional.interpolate(nn.functional.avg_pool2d(y, self.stride), scale_factor=self.stride)
        return y.permute(0, 2, 3, 1) if self.nhwc else y


INSIDE: dict[LevelsChoice, Callable[[Tensor], Tensor]] = {
    "signed": lambda x: torch.tanh(1.2 * x - 0.3),
    "unit": lambda x: torch.sigmoid(4 * x - 2),
    "byte": lambda x: 255 * torch.sigmoid(4 * x / 255 - 2),
}


def saved(path: Path, network: nn.Module, nhwc: bool = False, size: tuple[int, int] = (36, 54)) -> Path:
    example = torch.rand(1, *size, 3) if nhwc else torch.rand(1, 3, *size)
    axes = {0: "batch", 1: "height", 2: "width"} if nhwc else {0: "batch", 2: "height", 3: "width"}
    path.write_bytes(onnx_of(network.eval(), example, "input", axes))
    return path


def opened(path: Path, folder: Path, levels: LevelsChoice = "auto") -> ForeignTeacher:
    teacher = open_teacher(path, levels=levels)
    assert isinstance(teacher, ForeignTeacher)
    make_frames(folder / "drive", 3)
    teacher.frames(find_clips(folder)[0])
    return teacher


@pytest.mark.parametrize("nhwc", [False, True])
@pytest.mark.parametrize("levels", ["signed", "unit", "byte"])
def test_levels_and_layout_are_found_by_trying(levels: LevelsChoice, nhwc: bool, tmp_path: Path) -> None:
    network = Blue(INSIDE[levels], nhwc)
    teacher = opened(saved(tmp_path / "blue.onnx", network, nhwc), tmp_path / "clips")
    image = picture(5)
    x = torch.from_numpy(image).float().permute(2, 0, 1)[None]
    low, high = {"signed": (-1.0, 1.0), "unit": (0.0, 1.0), "byte": (0.0, 255.0)}[levels]
    given = x / 255 * (high - low) + low
    with torch.no_grad():
        wanted = INSIDE[levels](network.mix(given))
    expected = ((wanted - low) / (high - low) * 255).round().clamp(0, 255).byte()[0].permute(1, 2, 0).numpy()
    made = teacher.translate(image[None], (36, 54))[0]
    assert np.abs(made.astype(int) - expected).max() <= 1
    assert f"levels {levels} to {levels}" in teacher.name


def test_what_cannot_be_told_is_asked_for_and_an_answer_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "same.onnx", Blue(lambda x: x))
    with pytest.raises(InputError, match=r"cannot tell which levels.*give --levels"):
        opened(path, tmp_path / "clips")
    teacher = opened(path, tmp_path / "others", "unit")
    assert np.abs(teacher.translate(picture(1)[None], (36, 54))[0].astype(int)[..., 2] - picture(1)[..., 2]).max() < 60


def test_sizes_that_a_network_rounds_are_padded(tmp_path: Path) -> None:
    teacher = opened(
        saved(tmp_path / "coarse.onnx", Blue(INSIDE["signed"], stride=8), size=(64, 64)), tmp_path / "clips"
    )
    assert teacher.translate(picture(1)[None], (36, 54)).shape == (1, 36, 54, 3)


def test_a_network_of_one_size_is_given_that_size(tmp_path: Path) -> None:
    path = tmp_path / "fixed.onnx"
    path.write_bytes(onnx_of(Blue(INSIDE["signed"]).eval(), torch.rand(1, 3, 48, 64), "input"))
    teacher = opened(path, tmp_path / "clips")
    assert teacher.frames(find_clips(tmp_path / "clips")[0]).load_size == (48, 64)
    assert teacher.translate(picture(1)[None], (36, 54)).shape == (1, 36, 54, 3)


def test_a_file_that_we_exported_carries_its_card(tmp_path: Path) -> None:
    exported = tmp_path / "ours.onnx"
    export(save_teacher(tmp_path / "ab.safetensors"), exported)
    assert "resnet-6 of width 4" in open_teacher(exported).name


def test_what_takes_no_images_is_refused_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "numbers.onnx"
    path.write_bytes(onnx_of(nn.Linear(4, 4), torch.rand(1, 4), "input", {0: "batch"}))
    with pytest.raises(InputError, match="expected one batch of images"):
        open_teacher(path)
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    with pytest.raises(InputError, match="holds no network"):
        open_teacher(tmp_path / "broken.onnx")
