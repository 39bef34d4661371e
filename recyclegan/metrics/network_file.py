"""Networks that others trained, read from files that need none of their code."""

import zipfile
from pathlib import Path

import torch
from torch import nn

from recyclegan.errors import InputError
from recyclegan.files import kind_of


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
