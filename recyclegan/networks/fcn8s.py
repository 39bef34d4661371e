"""FCN-8s, the judge of "does the frame made from this label map show what the map says"."""

from pathlib import Path

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.networks.loading import read_weights

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
