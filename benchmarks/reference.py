"""What running a checkout of the published code takes: its own options and modules, and what newer packages lack."""

import sys
import types
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch


@contextmanager
def in_reference(folder: Path, command: str, words: list[str]) -> Iterator[None]:
    """Let the block import the modules of a checkout as its ``train.py`` or ``test.py`` would, called with ``words``.

    What it prints goes to stderr.
    """
    sys.path.insert(0, str(folder))
    sys.argv = [f"{command}.py", *words]
    add_missing_transforms()
    with chdir(folder), redirect_stdout(sys.stderr):
        yield


def add_missing_transforms() -> None:
    """Stand in for the three functions of torchvision that the loader uses, where torchvision is not there."""
    try:
        import torchvision.transforms  # noqa: F401
    except (ImportError, RuntimeError, OSError):
        module: Any = types.ModuleType("torchvision.transforms")
        module.ToTensor = lambda: lambda picture: torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
        module.Normalize = lambda mean, std: lambda t: (t - torch.tensor(mean)[:, None, None]) / std[0]
        module.Compose = lambda steps: lambda value: [value := step(value) for step in steps][-1]
        package: Any = types.ModuleType("torchvision")
        package.transforms = module
        sys.modules |= {"torchvision": package, "torchvision.transforms": module}
