"""The processes that train together: their devices, what they agree on, and one line from all when one fails."""

import logging
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from lightning_fabric.utilities.rank_zero import rank_zero_only
from torch import Tensor, distributed

from recyclegan.distributed.fabric import Fabric
from recyclegan.distributed.watching import WITHOUT_A_WORD, be_first, end_with_children, end_with_parent
from recyclegan.errors import InputError, first_line
from recyclegan.networks.half_precision import SLOWER, slowness_of
from recyclegan.settings.training import TrainConfig

PATIENCE = 1.0
"""Seconds that a process leaves the word to the first one, or to one that knows more."""
_TOLD = "recyclegan/told"


@contextmanager
def one_voice() -> Iterator[None]:
    """Let the error of a block be raised in one of the processes that train together; the others end without a word.

    Raises:
        SystemExit: this is one of the others.
    """
    try:
        yield
    except Exception as error:
        if not _has_the_word(error):
            raise SystemExit(WITHOUT_A_WORD) from error
        raise
    except BaseException as end:
        if not is_first_process():
            raise SystemExit(WITHOUT_A_WORD) from end
        raise


def _has_the_word(error: Exception) -> bool:
    """Return whether this process is the one to tell an error; it asks for the word where there are several."""
    if not distributed.is_available() or not distributed.is_initialized():
        return is_first_process() or "RANK" not in os.environ
    if isinstance(error, LostProcessError) or not is_first_process():
        time.sleep(PATIENCE)
    try:
        return distributed.distributed_c10d._get_default_store().add(_TOLD, 1) == 1
    except RuntimeError:  # the first process keeps the word, and it is gone
        return False


T = TypeVar("T")


class LostProcessError(InputError):
    """One of the processes that train together ended without a word."""


def is_first_process() -> bool:
    """Return whether this process speaks for the run: the first of those that train together, or the only one."""
    return rank_zero_only.rank == 0  # type: ignore[attr-defined]


def make_fabric(config: TrainConfig) -> Fabric:
    """Return Lightning Fabric on the devices that the configuration names; it starts the other processes.

    Raises:
        InputError: they are not there, or cannot do the precision.
    """
    fabric = _fabric(config)
    if fabric.device.type == "cpu":
        _check_cpu(config)
    if is_first_process():
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # others tell in many lines that the first one is gone
        be_first()
    else:
        end_with_parent()
    try:
        fabric.launch()
    except RuntimeError as error:
        raise LostProcessError(f"--devices {config.devices}: the processes did not find each other") from error
    _watch_started(fabric)
    return fabric


def _watch_started(fabric: Fabric) -> None:
    """See that processes which were started end together; Fabric's own watch, which kills without a word, is ended."""
    started: list[subprocess.Popen[bytes]] = getattr(fabric.strategy.launcher, "procs", [])
    if started:
        end_with_children(tuple(started))
        started.clear()


def _fabric(config: TrainConfig) -> Fabric:
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it tells of every process that it starts
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*AMP with fp16 is not supported on CPU")
            return Fabric(accelerator=config.device, devices=config.devices, precision=config.precision)
    except (RuntimeError, ValueError, MisconfigurationException) as error:
        asked = f"--device {config.device} --devices {config.devices} --precision {config.precision}"
        raise InputError(f"{asked}: {first_line(error)}; try --device auto") from error


def _check_cpu(config: TrainConfig) -> None:
    cores = os.cpu_count() or 1
    if config.devices > cores:
        raise InputError(f"--devices {config.devices}: found a CPU of {cores} cores, expected at most as many devices")
    if config.precision == "16-mixed":
        raise InputError("--precision 16-mixed: is not to be had on a CPU; give bf16-mixed or 32")
    if config.precision == "bf16-mixed" and (times := slowness_of(torch.bfloat16)) > SLOWER:
        raise InputError(
            f"--precision bf16-mixed: this CPU has no instructions for it (a convolution takes {times:.0f} times as "
            "long as with 32 bits); give --precision 32"
        )


@contextmanager
def _connected() -> Iterator[None]:
    """Tell that another process is gone where a message to all of them fails."""
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(
            "another of the processes that train together ended without a word (was it killed, or out of memory?); "
            "go on with --resume"
        ) from error


def reduced(fabric: Fabric, values: Tensor, how: str) -> Tensor:
    """Return the ``"sum"`` or the ``"mean"`` of what every process brings.

    Raises:
        LostProcessError: one of them is gone.
    """
    with _connected():
        result = fabric.all_reduce(values, reduce_op=how)
    assert isinstance(result, Tensor)
    return result


def any_process(fabric: Fabric, *flags: bool) -> list[bool]:
    """Return for each flag whether it is up in any process, so that all of them act alike."""
    if fabric.world_size == 1:
        return list(flags)
    raised = reduced(fabric, torch.tensor(flags, dtype=torch.float32, device=fabric.device), "sum")
    return (raised > 0).tolist()


def mean_over_processes(fabric: Fabric, values: dict[str, float]) -> dict[str, float]:
    """Return each value averaged over all processes, which hold the same names."""
    if fabric.world_size == 1 or not values:
        return values
    means = reduced(fabric, torch.tensor(list(values.values()), device=fabric.device), "mean")
    return dict(zip(values, means.tolist(), strict=True))


def gather(fabric: Fabric, own: T) -> list[T]:
    """Return what every process brings, in their order."""
    if fabric.world_size == 1:
        return [own]
    gathered: list[Any] = [None] * fabric.world_size
    with _connected():
        distributed.all_gather_object(gathered, own)
    return gathered


@contextmanager
def shared_fate(fabric: Fabric) -> Iterator[None]:
    """Let an InputError of any process be raised in all of them, after a block in which they exchange no messages.

    Raises:
        InputError: that of this process, or else that of the first one that has one.
    """
    error: InputError | None = None
    try:
        yield
    except InputError as caught:
        error = caught
    if any_process(fabric, error is not None)[0]:
        messages = [message for message in gather(fabric, str(error or "")) if message]
        raise error or InputError(messages[0])
