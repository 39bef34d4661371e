"""Networks that come trained: features of VGG-19, and FCN-8s."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.files import natural_key
from recyclegan.networks.layers import ReflectionPad
from recyclegan.networks.weights import read_weights
from recyclegan.tensors import Frames

WIDTHS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

Weights = Mapping[str, Any]


class VGGFeatures(nn.Module):
    """A colour transform (1x1 convolution), then VGG-19's sixteen convolutions; returns relu5_4.

    Convolutions reflect the border and max-pooling rounds sizes up, so that any frame of at least 17 pixels a side
    passes. Source: Simonyan and Zisserman 2015, with the borders of Huang and Belongie 2017.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
        channels = 3
        for block, widths in enumerate(WIDTHS):
            if block:
                layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
            for width in widths:
                layers += [ReflectionPad(1), nn.Conv2d(channels, width, 3), nn.ReLU(inplace=True)]
                channels = width
        self.model = nn.Sequential(*layers)
        self.requires_grad_(False)

    def forward(self, frames: Frames) -> Float[Tensor, "batch 512 rows columns"]:
        """Return the features; rows and columns are a sixteenth of height and width, rounded up."""
        return self.model(frames)


def load_content_features(path: Path | None = None) -> VGGFeatures:
    """Return frozen VGG-19 features for frames in [-1, 1], from a weights file or from torchvision.

    The file may hold torchvision's ``vgg19`` weights, or the normalised VGG-19 that style transfer code uses (it starts
    with a 1x1 convolution); it is read without executing code.

    Raises:
        InputError: no file given and torchvision or its weights are not there, or the file is not VGG-19.

    Differs from the published code, which feeds [-1, 1] to weights that expect [0, 1].
    """
    weights = read_weights(path, "VGG-19 weights") if path else _from_torchvision()
    convolutions = _convolutions(weights, str(path or "torchvision's vgg19"))
    if convolutions[0][0].shape[-1] == 3:
        convolutions.insert(0, _imagenet_normalization())
    features = VGGFeatures()
    layers = [module for module in features.model if isinstance(module, nn.Conv2d)]
    for layer, (weight, bias) in zip(layers, convolutions, strict=True):
        layer.weight.data.copy_(weight)
        layer.bias.data.copy_(bias)  # type: ignore[union-attr]
    _accept_signed_range(layers[0])
    return features.eval()


def _from_torchvision() -> Weights:
    remedy = "name a VGG-19 file with --vgg FILE, or pip install 'recyclegan[vision]', or set the content weights to 0"
    try:
        from torchvision.models import VGG19_Weights, vgg19
    except (ImportError, RuntimeError, OSError) as error:
        raise InputError(f"content term: torchvision is not usable here ({type(error).__name__}); {remedy}") from error
    try:
        return vgg19(weights=VGG19_Weights.IMAGENET1K_V1).features.state_dict()
    except OSError as error:
        raise InputError(f"content term: torchvision's vgg19 weights could not be downloaded; {remedy}") from error


def _convolutions(weights: Weights, name: str) -> list[tuple[Tensor, Tensor]]:
    """Return (weight, bias) of the convolutions in order, after checking that they are VGG-19's."""
    names = sorted(weights, key=lambda name: natural_key(Path(name)))  # safetensors hands them out as 0, 10, 2
    tensors = [(name, weights[name]) for name in names if isinstance(weights[name], Tensor)]
    pairs = [
        (value, weights[key.removesuffix("weight") + "bias"])
        for key, value in tensors
        if value.ndim == 4 and key.removesuffix("weight") + "bias" in weights
    ]
    outputs = [channels for widths in WIDTHS for channels in widths]
    inputs = [3, *outputs[:-1]]
    expected = [(out, inp, 3, 3) for out, inp in zip(outputs, inputs, strict=True)]
    found = [tuple(weight.shape) for weight, _ in pairs]
    if found not in (expected, [(3, 3, 1, 1), *expected]):
        raise InputError(f"{name}: holds {len(found)} convolutions that are not VGG-19's sixteen; name a VGG-19 file")
    return pairs


def _imagenet_normalization() -> tuple[Tensor, Tensor]:
    """Return ``(x - mean) / deviation`` of frames in [0, 1] as a 1x1 convolution."""
    mean, deviation = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_DEVIATION)
    return torch.diag(1 / deviation)[:, :, None, None], -mean / deviation


def _accept_signed_range(colour: nn.Conv2d) -> None:
    """Fold the map from [-1, 1] to [0, 1] into the colour transform."""
    colour.bias.data += colour.weight.data.sum(dim=(1, 2, 3)) / 2  # type: ignore[union-attr]
    colour.weight.data /= 2


STAGES = ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3))
"""Stages of VGG-16 and how many convolutions each has."""
POOL3_SCALE, POOL4_SCALE = 1e-4, 1e-2
"""Training all at once weighs the skips by how large their activations are."""
POOL3_CROP, POOL4_CROP, SCORE_CROP = 9, 5, 31
"""Where each map lies in the one that the 100 pixels of padding made larger."""

Scores = Float[Tensor, "batch classes height width"]
_Map = Float[Tensor, "batch channels rows columns"]


class FCN8s(nn.ModuleDict):
    """Score every pixel for every class: VGG-16 as a fully convolutional network, with skips from two pools.

    It reads BGR levels (0 to 255) minus the mean colour 104.007, 116.669, 122.679. Parameter names are those of
    published weights. Smaller ``width`` and ``hidden`` than VGG's make a network of the same form.

    Source: Long, Shelhamer and Darrell 2015, trained all at once.
    """

    def __init__(self, num_classes: int = 32, width: int = 64, hidden: int = 4096) -> None:
        widths = [width * min(2**stage, 8) for stage in range(len(STAGES))]
        layers: dict[str, nn.Module] = {}
        channels = 3
        for (stage, depth), wide in zip(STAGES, widths, strict=True):
            for number in range(1, depth + 1):
                padding = 100 if channels == 3 else 1
                layers[f"conv{stage}_{number}"] = nn.Conv2d(channels, wide, 3, padding=padding)
                channels = wide
        super().__init__(
            {
                **layers,
                "fc6": nn.Conv2d(channels, hidden, 7),
                "fc7": nn.Conv2d(hidden, hidden, 1),
                "score_fr": nn.Conv2d(hidden, num_classes, 1),
                "score_pool3": nn.Conv2d(widths[2], num_classes, 1),
                "score_pool4": nn.Conv2d(widths[3], num_classes, 1),
                "upscore2": _enlarge(num_classes, 2),
                "upscore8": _enlarge(num_classes, 8),
                "upscore_pool4": _enlarge(num_classes, 2),
            }
        )

    def forward(self, frames: Float[Tensor, "batch 3 height width"]) -> Scores:
        """Return the scores of every pixel, at the frames' size."""
        pools = []
        x = frames
        for stage, depth in STAGES:
            for number in range(1, depth + 1):
                x = F.relu(self[f"conv{stage}_{number}"](x))
            x = F.max_pool2d(x, 2, ceil_mode=True)
            pools.append(x)
        x = self["score_fr"](F.relu(self["fc7"](F.relu(self["fc6"](x)))))
        x = _add_at(self["upscore2"](x), self["score_pool4"](pools[3] * POOL4_SCALE), POOL4_CROP)
        x = _add_at(self["upscore_pool4"](x), self["score_pool3"](pools[2] * POOL3_SCALE), POOL3_CROP)
        return _crop(self["upscore8"](x), SCORE_CROP, frames)


def _enlarge(num_classes: int, factor: int) -> nn.Module:
    return nn.ConvTranspose2d(num_classes, num_classes, 2 * factor, stride=factor, bias=False)


def _crop(x: _Map, offset: int, like: Float[Tensor, "_ _ low wide"]) -> Float[Tensor, "batch channels low wide"]:
    height, width = like.shape[-2:]
    return x[..., offset : offset + height, offset : offset + width]


def _add_at(coarse: _Map, skip: Float[Tensor, "batch channels _ _"], offset: int) -> _Map:
    return coarse + _crop(skip, offset, coarse)


def load_fcn8s(path: Path) -> FCN8s:
    """Return the network of a weights file in evaluation mode; its classes and widths follow from the tensors.

    The file is read without executing code.

    Raises:
        InputError: no such file, not loadable as tensors alone, or not FCN-8s.
    """
    weights = read_weights(path, "the state_dict of an FCN-8s")
    try:
        network = FCN8s(len(weights["score_fr.bias"]), len(weights["conv1_1.bias"]), len(weights["fc6.bias"]))
        network.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"{path}: holds no FCN-8s ({type(error).__name__}); expected its state_dict") from error
    return network.eval().requires_grad_(False)
