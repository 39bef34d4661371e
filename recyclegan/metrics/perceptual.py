"""Perceptual distances between frames: LPIPS where its weights are installed, or any network of a file.

Networks that others trained, read from files that need none of their code.
"""

import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

from recyclegan.errors import InputError, first_line
from recyclegan.files import kind_of
from recyclegan.metrics.temporal import Distance, PerPair
from recyclegan.tensors import Frames


def load_network(path: Path) -> nn.Module:
    """Return the network of a file on the CPU: a ``.pt2`` file of torch.export, or any other of TorchScript.

    Raises:
        InputError: the file is neither.
    """
    problem = f"{path}: holds no network, expected a file of torch.export (.pt2) or TorchScript; save one so"
    if kind_of(path) != "file" or not zipfile.is_zipfile(path):
        raise InputError(problem)
    try:
        if path.suffix == ".pt2":
            return torch.export.load(path).module()
        return torch.jit.load(path, map_location="cpu").eval()
    except Exception as error:
        raise InputError(problem) from error


LPIPS = "lpips"


def load_distance(name: str) -> Distance:
    """Return the distance that is called ``lpips`` (AlexNet), or that the network of a file tells.

    A file (see `load_network`) holds a network that takes two batches of frames in [-1, 1] and gives one number a pair.

    Raises:
        InputError: LPIPS is not installed or its weights cannot be had, or the file holds no network.
    """
    network = _lpips() if name == LPIPS else load_network(Path(name))

    @torch.inference_mode()
    def distance(left: Frames, right: Frames) -> PerPair:
        return network(left, right).flatten()

    return distance


def _lpips() -> Any:
    try:
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        return LearnedPerceptualImagePatchSimilarity(net_type="alex").net
    except (ImportError, RuntimeError, OSError) as error:
        raise InputError(
            f"perceptual lpips: not to be had ({first_line(error)}); pip install 'recyclegan[metrics,vision]',"
            " or name a TorchScript or .pt2 file of a perceptual distance"
        ) from error
