"""Resizing inside an exported network: Pillow's picture to a level, at sizes that are not known before it runs."""

from typing import Any

import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from recyclegan.data.resampling import resize_levels
from recyclegan.data.resize import Resize
from recyclegan.engines.onnx_writing import onnx_of
from recyclegan.exports.traced_resize import resized, scaled_size, size_of

pytestmark = pytest.mark.usefixtures("_unchecked")
SIZES = [((9, 9), (9, 9)), ((97, 131), (64, 86)), ((70, 62), (72, 64)), ((64, 86), (97, 131)), ((7, 133), (64, 999))]


def smooth(height: int, width: int) -> Tensor:
    rows, columns = torch.arange(height)[:, None] / 7, torch.arange(width) / 5
    planes = [127 + 120 * torch.sin(rows + number) * torch.cos(columns) for number in range(3)]
    return torch.stack(planes)[None].to(torch.uint8)


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_pictures_are_those_of_pillow_to_a_level(old: Any, new: Any) -> None:
    found = resized(smooth(*old), (torch.tensor(new[0]), torch.tensor(new[1])), is_label=False)
    difference = (found.int() - resize_levels(smooth(*old), new).int()).abs()
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 1e-2


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_labels_are_those_of_pillow_in_every_pixel(old: Any, new: Any) -> None:
    labels = torch.randint(0, 256, (2, 3, *old), dtype=torch.uint8)
    found = resized(labels, (torch.tensor(new[0]), torch.tensor(new[1])), is_label=True)
    assert torch.equal(found, resize_levels(labels, new, is_label=True))


@pytest.mark.parametrize("mode", ["none", "scale_shortest", "rectangle", "square"])
def test_the_scale_is_that_of_the_package(mode: Any) -> None:
    resize = Resize(mode, 64, 64)
    for size in ((64, 64), (97, 131), (1080, 1920), (333, 77), (5, 9)):
        given = size_of(torch.zeros(1, 3, *size))
        assert tuple(map(int, scaled_size(resize, given))) == resize.size(*size)


class ThereAndBack(nn.Module):
    def forward(self, levels: Tensor) -> Tensor:
        size = size_of(levels)
        return resized(resized(levels, scaled_size(Resize("scale_shortest", 40, 40), size), False), size, False)


def test_an_exported_file_resizes_at_any_size() -> None:
    network = ThereAndBack()
    network.register_parameter("unused", nn.Parameter(torch.zeros(1), requires_grad=False))
    free = {0: "batch", 2: "height", 3: "width"}
    session = InferenceSession(onnx_of(network, smooth(64, 80), "images", free, opset=13))
    for size in ((64, 80), (97, 131), (33, 21)):
        (found,) = session.run(None, {"images": smooth(*size).numpy()})
        assert (torch.from_numpy(found).int() - network(smooth(*size)).int()).abs().max() <= 1
