"""Perceptual distances between frames: LPIPS where its weights are installed, or any network of a file."""

from pathlib import Path
from typing import Any

import torch

from recyclegan.errors import InputError
from recyclegan.metrics.network_file import load_network
from recyclegan.metrics.temporal import Distance, PerPair
from recyclegan.tensors import Frames

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
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"perceptual lpips: not to be had ({reason}); pip install 'recyclegan[metrics,vision]',"
            " or name a TorchScript or .pt2 file of a perceptual distance"
        ) from error
