"""The device that translates, and what it says when it has no memory left."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import torch
from torch import Tensor, nn

from recyclegan.engines.batches import MOST_PIXELS, GrowingBatch
from recyclegan.errors import InputError
from recyclegan.networks.half_precision import SLOWER, slowness_of
from recyclegan.notes import notify


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


def seconds_of(work: Callable[[], object], device: torch.device, repeats: int = 1) -> float:
    """Return the seconds that work takes on a device once it is warm: the least of ``repeats``, after one more."""
    times = []
    for _ in range(repeats + 1):
        synchronize(device)
        start = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@lru_cache(maxsize=8)
def halves_of(device: torch.device) -> tuple[torch.dtype, ...]:
    """Return the half precisions that a device computes faster than 32 bits, the more exact one first.

    A GPU is known by its kind. On a CPU a small convolution tells: without the instructions it takes far longer.
    """
    if device.type == "cuda":
        has_fp16, has_bf16 = torch.cuda.get_device_capability(device) >= (7, 0), torch.cuda.is_bf16_supported(False)
        return (*([torch.float16] if has_fp16 else []), *([torch.bfloat16] if has_bf16 else []))
    return (torch.bfloat16,) if device.type == "cpu" and slowness_of(torch.bfloat16) < _PAYS else ()


def tell_of_slow_half(device: torch.device, half: torch.dtype | None) -> None:
    """Tell where a half precision is asked for that this CPU has no instructions for, and what to give instead."""
    if half and device.type == "cpu" and (times := slowness_of(half)) > SLOWER:
        name = "bf16-mixed" if half == torch.bfloat16 else "16-mixed"
        notify(f"precision {name}: takes this processor {times:.1f} times as long as 32; give --precision 32 or auto")


def measured_together(device: torch.device, frames: Tensor) -> int:
    """Return how many frames engines are compared on at once: so many that a GPU has work to do."""
    pixels = frames.shape[-2] * frames.shape[-1]
    return max(1, min(_FIRST_ON_GPU, MOST_PIXELS // pixels)) if device.type == "cuda" else 1


def growing_batch(device: torch.device) -> GrowingBatch:
    """Return a batch size that grows as the device allows."""
    if device.type != "cuda":
        return GrowingBatch(1, _MOST_ON_CPU)
    return GrowingBatch(_FIRST_ON_GPU, _MOST_ON_GPU, lambda: _holds_twice(device))


def _holds_twice(device: torch.device) -> bool:
    """Return whether a GPU's memory holds twice what was needed at most so far."""
    free, _ = torch.cuda.mem_get_info(device)
    return 2 * torch.cuda.max_memory_allocated(device) < _SHARE * (free + torch.cuda.memory_reserved(device))


_MOST_ON_CPU, _FIRST_ON_GPU, _MOST_ON_GPU = 8, 8, 32
_SHARE = 0.8
"""Of the memory that is left, that translating may take."""
_PAYS = 0.9
"""Share of the time of 32 bits below which a half precision is worth its rounding."""


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
            remedy = "give a smaller --batch-size, --max-memory GB, or --device cpu, or leave --scale native out"
            raise InputError(f"{what}: there is not enough memory for it; {remedy}") from error
        raise
