"""Segmenters from files: what tells the classes of translated frames that are no label maps.

A network takes one frame, ``(1, 3, height, width)``, RGB, and gives scores ``(1, classes, h, w)``, channel ``i`` for
class id ``i``, or the class ids themselves, ``(1, h, w)``. It may give them in a dictionary under ``out``, or first in
a tuple. What is smaller or larger than the frame is brought to its size.
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from recyclegan.arrays import ClassMap, Image
from recyclegan.data.archives import open_archive
from recyclegan.engines.exported import open_session
from recyclegan.errors import InputError
from recyclegan.evaluation.truth import Size
from recyclegan.features.pretrained import load_fcn8s
from recyclegan.files import kind_of
from recyclegan.labels import LabelSet
from recyclegan.metrics.perceptual import load_network
from recyclegan.settings.evaluation import Levels
from recyclegan.tensors import Frames

LEVELS: tuple[Levels, ...] = get_args(Levels)

FCN8S_MEAN_BGR = (104.007, 116.669, 122.679)
_IMAGENET_MEAN, _IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Network = Callable[[Frames], Any]


@dataclass(frozen=True)
class Segmenter:
    """A network that tells the class of every pixel of a picture."""

    network: Network
    prepare: Callable[[Image], Frames]
    about: str
    """Its file and what it reads, in words."""
    size: Size | None = None
    """Height and width that it reads, where it reads but one size."""

    def __call__(self, image: Image) -> ClassMap:
        """Return the class of every pixel."""
        scores = self.scores(image)
        size = image.shape[:2]
        if scores.ndim == 3:
            scores = F.interpolate(scores[:, None].float(), size=size, mode="nearest-exact")
            return scores[0, 0].to(torch.uint8).numpy()
        scores = F.interpolate(scores.float(), size=size, mode="bilinear", align_corners=False)
        return scores.argmax(dim=1)[0].to(torch.uint8).numpy()

    @torch.inference_mode()
    def scores(self, image: Image) -> Tensor:
        """Return what the network gives for a picture: scores of each class, or, in three dimensions, class ids."""
        frames = self.prepare(image)
        if self.size is not None:
            frames = F.interpolate(frames, size=self.size, mode="bilinear", antialias=True)
        scores = self.network(frames)
        if isinstance(scores, dict):
            scores = scores["out"]
        elif isinstance(scores, tuple | list):
            scores = scores[0]
        scores = torch.as_tensor(scores)
        return scores[:, 0] if scores.ndim == 4 and scores.shape[1] == 1 else scores


def load_segmenter(path: Path, labels: LabelSet, size: Size, levels: Levels = "signed") -> Segmenter:
    """Return the segmenter of a file: ``.onnx``, ``.pt2`` of torch.export, TorchScript, or weights of an FCN-8s.

    It is tried on a black frame of ``size`` (height, width). An FCN-8s reads BGR levels of 0 to 255 less their mean,
    whatever ``levels`` says.

    Raises:
        InputError: the file holds none of these, it does not run on such frames, or tells other classes than
            ``labels`` has.
    """
    segmenter = _load(path, levels)
    try:
        scores = segmenter.scores(np.zeros((*size, 3), np.uint8))
    except Exception as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"{path}: fails on a frame of {size[1]}x{size[0]} ({reason}); expected a network of (1, 3, height, width)"
        ) from error
    expected = labels.num_ids
    if scores.ndim not in (3, 4) or (scores.ndim == 4 and scores.shape[1] != expected):
        found = ", ".join(map(str, scores.shape))
        raise InputError(
            f"{path}: gives ({found}), expected scores (1, {expected}, height, width) of the classes of"
            f" {labels.name}, or ids (1, height, width)"
        )
    return segmenter


def _load(path: Path, levels: Levels) -> Segmenter:
    if kind_of(path) != "file":
        raise InputError(f"{path}: no such file; expected a segmenter (.onnx, .pt2, TorchScript, or FCN-8s weights)")
    if path.suffix == ".onnx":
        network, size = _load_onnx(path)
        return Segmenter(network, _reader(levels), f"{path} (ONNX, {levels})", size)
    if path.suffix == ".pt2" or _is_script(path):
        return Segmenter(load_network(path), _reader(levels), f"{path} ({levels})")
    return Segmenter(load_fcn8s(path), _bgr, f"{path} (FCN-8s, BGR levels less their mean)")


def _is_script(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with open_archive(path) as file:
        return any("/code/" in name for name in file.namelist())


def _load_onnx(path: Path) -> tuple[Network, Size | None]:
    session = open_session(path)
    (taken, *others) = session.get_inputs()
    if others:
        raise InputError(f"{path}: takes {1 + len(others)} inputs; expected one, (1, 3, height, width)")
    size = tuple(taken.shape[2:])
    fixed = (size[0], size[1]) if len(size) == 2 and all(isinstance(side, int) for side in size) else None
    return lambda frames: session.run(None, {taken.name: frames.numpy()})[0], fixed


def _reader(levels: Levels) -> Callable[[Image], Frames]:
    """Return how a picture becomes what the network reads."""
    mean, deviation = {
        "signed": ((0.5,) * 3, (0.5,) * 3),
        "unit": ((0.0,) * 3, (1.0,) * 3),
        "imagenet": (_IMAGENET_MEAN, _IMAGENET_DEVIATION),
    }[levels]
    return lambda image: (_levels(image) / 255 - _column(mean)) / _column(deviation)


def _bgr(image: Image) -> Frames:
    return _levels(image).flip(1) - _column(FCN8S_MEAN_BGR)


def _levels(image: Image) -> Frames:
    return torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()


def _column(values: Sequence[float]) -> Tensor:
    return torch.tensor(values).view(1, 3, 1, 1)
