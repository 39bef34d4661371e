"""Content features: any VGG-19 file, in the range of frames, frozen; anything else is refused in one line."""

import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from recyclegan.features import VGGFeatures, load_content_features
from recyclegan.features.pretrained import IMAGENET_DEVIATION, IMAGENET_MEAN
from tests.refusals import message_of

TORCHVISION_LAYERS = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
WIDTHS = [64, 64, 128, 128, *[256] * 4, *[512] * 8]


def vgg_weights(normalised: bool = False) -> dict[str, Tensor]:
    """Return random weights, named and shaped like torchvision's file or like the normalised one."""
    rng = torch.Generator().manual_seed(0)
    shapes = [(out, inputs, 3, 3) for out, inputs in zip(WIDTHS, [3, *WIDTHS[:-1]], strict=True)]
    names = [f"features.{layer}" for layer in TORCHVISION_LAYERS]
    if normalised:
        shapes.insert(0, (3, 3, 1, 1))
        names = [str(number) for number, layer in enumerate(VGGFeatures().model) if isinstance(layer, nn.Conv2d)]
    weights = {}
    for name, shape in zip(names, shapes, strict=True):
        fan_in = shape[1] * shape[2] * shape[3]
        weights[f"{name}.weight"] = torch.randn(shape, generator=rng) * (2 / fan_in) ** 0.5
        weights[f"{name}.bias"] = torch.randn(shape[0], generator=rng) * 0.1
    if not normalised:
        weights["classifier.0.weight"], weights["classifier.0.bias"] = torch.zeros(8, 8), torch.zeros(8)
    return weights


def raw_features(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return relu5_4 of the network as its own file means it, for frames in [0, 1], with reflected borders."""
    pairs = [(w, weights[n.replace("weight", "bias")]) for n, w in weights.items() if w.ndim == 4]
    if pairs[0][0].shape[-1] == 1:
        x = nn.functional.conv2d(x, *pairs.pop(0))
    else:
        mean, deviation = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        x = (x - mean) / deviation
    for number, (weight, bias) in enumerate(pairs):
        if number in (2, 4, 8, 12):
            x = nn.functional.max_pool2d(x, 2, ceil_mode=True)
        x = nn.functional.conv2d(nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), weight, bias).relu()
    return x


def save(weights: Any, path: Path) -> Path:
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)
    return path


@pytest.mark.parametrize("normalised", [False, True], ids=["torchvision", "normalised"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_features_of_a_file_are_those_of_its_network_on_frames_in_0_to_1(
    tmp_path: Path, normalised: bool, suffix: str
) -> None:
    weights = vgg_weights(normalised)
    features = load_content_features(save(weights, tmp_path / f"vgg{suffix}"))
    frames = torch.rand(1, 3, 35, 50, generator=torch.Generator().manual_seed(1)) * 2 - 1
    found, wanted = features(frames), raw_features(weights, (frames + 1) / 2)
    assert found.shape == (1, 512, 3, 4)
    assert float(wanted.std()) > 0.01
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))
    assert not torch.allclose(found, raw_features(weights, frames), rtol=0.1)


def test_features_are_frozen_but_hand_gradients_to_the_frames(tmp_path: Path) -> None:
    features = load_content_features(save(vgg_weights(), tmp_path / "vgg.pth"))
    assert not features.training
    assert not any(parameter.requires_grad for parameter in features.parameters())
    frames = torch.zeros(1, 3, 32, 32).requires_grad_()
    features(frames).sum().backward()
    assert float(frames.grad.abs().sum()) > 0
    assert all(parameter.grad is None for parameter in features.parameters())


@pytest.mark.parametrize("size", [(17, 17), (32, 48), (33, 31)])
def test_features_pass_any_frame_from_17_pixels_a_side(size: tuple[int, int]) -> None:
    rows, columns = (-(-side // 16) for side in size)
    assert VGGFeatures()(torch.zeros(1, 3, *size)).shape == (1, 512, rows, columns)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    message = message_of(load_content_features, tmp_path / "vgg.pth")
    assert "vgg.pth: no such file" in message
    assert "VGG-19" in message


def test_the_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    weights = vgg_weights()
    del weights["features.16.weight"]
    message = message_of(load_content_features, save(weights, tmp_path / "vgg16.pth"))
    assert "vgg16.pth" in message
    assert "VGG-19" in message


@pytest.mark.parametrize(
    "held", [torch.zeros(3), [torch.zeros(3)], {}, {"epoch": 3}], ids=["tensor", "list", "empty", "number"]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, held: Any) -> None:
    assert "VGG-19" in message_of(load_content_features, save(held, tmp_path / "other.pth"))


@pytest.mark.parametrize("name", ["vgg.pth", "vgg.safetensors"])
def test_a_text_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("404: not found")
    assert "does not load as tensors alone" in message_of(load_content_features, tmp_path / name)


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("write", ["pickle", "torch"])
def test_pickled_code_is_refused_and_not_run(tmp_path: Path, write: str) -> None:
    harm, path = tmp_path / "harm", tmp_path / "vgg.pth"
    if write == "torch":
        torch.save(Malicious(harm), path)
    else:
        path.write_bytes(pickle.dumps(Malicious(harm)))
    assert "does not load as tensors alone" in message_of(load_content_features, path)
    assert not harm.exists()


def names_both_remedies(message: str) -> bool:
    return "--vgg" in message and "recyclegan[vision]" in message and "content weights to 0" in message


@pytest.mark.parametrize("error", [ImportError, RuntimeError, OSError])
def test_without_torchvision_both_remedies_are_named(monkeypatch: pytest.MonkeyPatch, error: type) -> None:
    class Broken(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise error("operator torchvision::nms does not exist")

    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", Broken("torchvision.models"))
    message = message_of(load_content_features, None)
    assert "torchvision is not usable" in message
    assert names_both_remedies(message)


def fake_torchvision(monkeypatch: pytest.MonkeyPatch, vgg19: Any) -> None:
    class Weights:
        IMAGENET1K_V1 = "imagenet"

    models = ModuleType("torchvision.models")
    models.vgg19, models.VGG19_Weights = vgg19, Weights  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)


def test_torchvision_gives_the_weights_where_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    layers: list[nn.Module] = [nn.Identity() for _ in range(37)]
    for place, out, inputs in zip(TORCHVISION_LAYERS, WIDTHS, [3, *WIDTHS[:-1]], strict=True):
        layers[place] = nn.Conv2d(inputs, out, 3)
    network = nn.Module()
    network.features = nn.Sequential(*layers)
    fake_torchvision(monkeypatch, lambda weights: network if weights == "imagenet" else None)
    features = load_content_features()
    convolutions = [layer for layer in features.model if isinstance(layer, nn.Conv2d)]
    assert torch.equal(convolutions[1].weight, layers[0].weight)
    assert torch.equal(convolutions[-1].bias, layers[34].bias)


def test_weights_that_cannot_be_downloaded_name_both_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(weights: Any) -> nn.Module:
        raise OSError("no route to host")

    fake_torchvision(monkeypatch, offline)
    message = message_of(load_content_features, None)
    assert "could not be downloaded" in message
    assert names_both_remedies(message)
