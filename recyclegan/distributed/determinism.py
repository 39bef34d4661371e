"""Arithmetic that gives the same bits every time, where that is asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recyclegan.errors import InputError

_FILL = "fill_uninitialized_memory"


@contextmanager
def deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Let torch use only deterministic algorithms while the block runs, if wanted; else leave all as it is.

    A GPU adds some gradients in whatever order its threads come: without this, two runs differ in the last bits.

    Raises:
        InputError: an operation of the block has no deterministic algorithm on the device.
    """
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    filled = getattr(torch.utils.deterministic, _FILL)
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark, filled
    _set(True, False, False)
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        reason = str(error).split(". ")[0]
        raise InputError(f"--deterministic: {reason}; train without it, or on another --device") from error
    finally:
        _set(*before)


def _set(are_deterministic: bool, tries: bool, fills: bool) -> None:
    """Set whether algorithms are deterministic, cuDNN picks the fastest by trying, and memory is filled when taken."""
    torch.use_deterministic_algorithms(are_deterministic)
    torch.backends.cudnn.benchmark = tries
    setattr(torch.utils.deterministic, _FILL, fills)
