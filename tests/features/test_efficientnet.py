"""EfficientNet-Lite0: the shapes of its weights, borders as it was trained with, frozen, and refused in one line."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from recyclegan.features import efficientnet
from recyclegan.features.efficientnet import (
    EMBEDDING,
    FEATURE_CHANNELS,
    FEATURE_STRIDES,
    PACKAGE,
    EfficientNetLite0,
    SameConv2d,
    load_efficientnet,
)
from tests.refusals import message_of


@pytest.fixture(scope="module")
def network() -> EfficientNetLite0:
    torch.manual_seed(0)
    return EfficientNetLite0()


def frames(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_it_has_as_many_numbers_as_the_paper_says(network: EfficientNetLite0) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008
    assert len(network.state_dict()) == 296


@pytest.mark.parametrize("size", [(64, 96), (33, 50)])
def test_features_have_the_stated_strides_and_channels(network: EfficientNetLite0, size: tuple[int, int]) -> None:
    features = network(frames(2, 3, *size))
    for found, channels, stride in zip(features, FEATURE_CHANNELS, FEATURE_STRIDES, strict=True):
        assert found.shape == (2, channels, -(-size[0] // stride), -(-size[1] // stride))
    assert network.embed(frames(2, 3, *size)).shape == (2, EMBEDDING)


def test_grey_frames_pass_as_colour_ones_without_colour(network: EfficientNetLite0) -> None:
    grey = frames(1, 1, 32, 32)
    assert torch.equal(network.embed(grey), network.embed(grey.expand(-1, 3, -1, -1)))


def test_it_is_frozen_stays_in_evaluation_mode_and_hands_gradients_to_the_frames(network: EfficientNetLite0) -> None:
    nn.ModuleDict({"features": network}).train()
    assert not any(module.training for module in network.modules())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = frames(1, 3, 32, 32).requires_grad_()
    sum(feature.sum() for feature in network(seen)).backward()
    assert float(seen.grad.abs().sum()) > 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize(
    ("length", "side", "stride", "first"), [(8, 3, 2, 0), (8, 5, 2, -1), (7, 3, 2, -1), (8, 3, 1, -1)]
)
def test_borders_are_those_of_tensorflow(length: int, side: int, stride: int, first: int) -> None:
    layer = SameConv2d(1, 1, side, stride)
    nn.init.ones_(layer.weight)
    ramp = torch.arange(1.0, length + 1).expand(1, 1, length, length)
    found = layer(ramp)[0, 0, length // stride // 2] / side
    starts = range(first, length, stride)
    wanted = [sum(range(max(1, s + 1), min(length, s + side) + 1)) for s in starts][: len(found)]
    assert found.tolist() == pytest.approx(wanted)


def test_weights_of_a_file_are_taken_exactly(network: EfficientNetLite0, tmp_path: Path) -> None:
    weights = {name: value + 1 if value.ndim == 1 else value for name, value in network.state_dict().items()}
    torch.save(weights, tmp_path / "lite0.pth")
    loaded = load_efficientnet(tmp_path / "lite0.pth").state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in loaded.items())


def test_another_network_is_refused(network: EfficientNetLite0, tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pth")
    assert "holds no EfficientNet-Lite0 (has layer.weight besides)" in message_of(
        load_efficientnet, tmp_path / "other.pth"
    )


def test_without_the_package_both_remedies_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "find_spec", lambda _: None)
    message = message_of(load_efficientnet, None)
    assert "recyclegan[features]" in message
    assert "name their file" in message


def test_other_weights_than_those_of_the_package_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / PACKAGE
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('code was run')")
    (folder / efficientnet.PACKAGED_FILE).write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    assert "holds other weights than version 0.1.0" in message_of(load_efficientnet, None)
    assert not isinstance(sys.modules.get(PACKAGE), ModuleType)


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason="needs recyclegan[features]")
def test_the_packaged_weights_know_a_plain_frame_from_a_chequered_one() -> None:
    network = load_efficientnet()
    chequered = (torch.arange(64)[:, None] // 8 + torch.arange(64) // 8).remainder(2).mul(2.0).sub(1)
    plain = torch.zeros(1, 3, 64, 64)
    scores = network.scores(torch.cat([plain, chequered.expand(1, 3, -1, -1)])).softmax(1)
    assert int(scores[1].argmax()) != int(scores[0].argmax())
