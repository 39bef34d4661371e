"""Perceptual distances: LPIPS where it is installed, or the network of a file."""

import sys
import types

import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.metrics.perceptual import load_distance


class Difference(torch.nn.Module):
    """Stands for LPIPS: one number a pair, in four dimensions."""

    def forward(self, left, right):
        return (left - right).abs().mean(dim=(1, 2, 3), keepdim=True)


def pairs():
    rng = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 3, 8, 8, generator=rng).unbind(0)


def test_lpips_comes_through_torchmetrics(monkeypatch):
    asked = []

    def measure(net_type):
        asked.append(net_type)
        return types.SimpleNamespace(net=Difference())

    module = types.ModuleType("torchmetrics.image.lpip")
    module.LearnedPerceptualImagePatchSimilarity = measure
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", module)
    left, right = pairs()
    torch.testing.assert_close(load_distance("lpips")(left, right), (left - right).abs().mean(dim=(1, 2, 3)))
    assert asked == ["alex"]


@pytest.mark.parametrize("error", [ImportError, RuntimeError, OSError])
def test_missing_lpips_names_the_remedy(monkeypatch, error):
    def measure(net_type):
        raise error("no weights\nand more words")

    module = types.ModuleType("torchmetrics.image.lpip")
    module.LearnedPerceptualImagePatchSimilarity = measure
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", module)
    with pytest.raises(InputError, match=r"no weights\).*recyclegan\[metrics,vision\]"):
        load_distance("lpips")


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_distance_comes_from_a_file(tmp_path):
    torch.jit.script(Difference()).save(tmp_path / "distance.pt")
    left, right = pairs()
    expected = (left - right).abs().mean(dim=(1, 2, 3))
    torch.testing.assert_close(load_distance(str(tmp_path / "distance.pt"))(left, right), expected)
    with pytest.raises(InputError, match="holds no network"):
        load_distance(str(tmp_path / "absent.pt"))
