"""The device that translates, and what it says when it has no memory left."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from recyclegan.errors import InputError


def pick_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` is CUDA where there is one, else MPS, else the CPU.

    Raises:
        InputError: this machine has no such device.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in found.items() if there))
    kind, colon, number = name.partition(":")
    known = not colon or re.fullmatch(r"[0-9]{1,2}", number)
    if not found.get(kind, False) or not known:
        raise InputError(f"device {name}: is not there; found {', '.join(k for k, v in found.items() if v)}")
    return torch.device(name)


def moved(network: nn.Module, device: torch.device) -> nn.Module:
    """Return the network on a device.

    Raises:
        InputError: the device is not there after all, or has no memory left.
    """
    try:
        return network.to(device)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"device {device}: cannot be used ({reason}); name another, or cpu") from error


@contextmanager
def memory_errors_in_words(what: str) -> Iterator[None]:
    """Turn a device's error that its memory is out into one line.

    Raises:
        InputError: memory ran out for ``what``.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            remedy = "give a smaller --batch-size, leave --scale native out, or give --device cpu"
            raise InputError(f"{what}: there is not enough memory for it; {remedy}") from error
        raise
