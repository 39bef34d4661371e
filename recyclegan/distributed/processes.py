"""The processes that train together: their devices, and what they agree on.

Processes that train together end together: none hangs in a message to one that is gone, and none is left behind.

One line for all processes that train together, whichever of them fails.

Arithmetic that gives the same bits every time, where that is asked for.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from lightning_fabric.utilities.rank_zero import rank_zero_only
from torch import Tensor, distributed

from recyclegan.distributed.fabric import Fabric
from recyclegan.errors import InputError
from recyclegan.networks.half_precision import SLOWER, bf16_slowdown
from recyclegan.settings.training import TrainConfig

WITHOUT_A_WORD = 2
"""Exit code of a process that leaves it to another to tell why."""
LAST_RESORT = 20.0
"""Seconds after which a process that has not noticed the end of another is ended."""
_PAUSE = 0.5
_FIRST = "RECYCLEGAN_FIRST_PROCESS"
"""Environment variable that tells the processes that are started which one started them."""


def be_first() -> None:
    """Tell the processes that this one is about to start where they come from."""
    os.environ[_FIRST] = str(os.getpid())


def end_with_parent() -> None:
    """End this process, without a word, when the one that started it is gone, be it already."""
    parent = int(os.environ.get(_FIRST, os.getppid()))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PAUSE)
        _say_nothing_more()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_RESORT)
        os._exit(WITHOUT_A_WORD)

    _in_background(watch)


def end_with_children(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End this process and its children when one of them has failed, and no message to it has told so."""

    def watch() -> None:
        while not any(child.poll() for child in children):
            if all(child.poll() == 0 for child in children):
                return
            time.sleep(_PAUSE)
        time.sleep(LAST_RESORT)
        for child in children:
            child.kill()
            child.wait()
        with suppress(OSError):
            print("recyclegan: one of the processes that train together failed; go on with --resume", file=sys.stderr)
        os._exit(WITHOUT_A_WORD)

    _in_background(watch)


def _say_nothing_more() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _in_background(watch: Callable[[], None]) -> None:
    threading.Thread(target=watch, daemon=True, name="recyclegan-watch").start()


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
    before = _settings()
    _set((True, False, False))
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        reason = str(error).split(". ")[0]
        raise InputError(f"--deterministic: {reason}; train without it, or on another --device") from error
    finally:
        _set(before)


def _settings() -> tuple[bool, bool, bool]:
    filled = getattr(torch.utils.deterministic, _FILL)
    return torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark, filled


def _set(values: tuple[bool, bool, bool]) -> None:
    """Set whether algorithms are deterministic, cuDNN picks the fastest by trying, and memory is filled when taken."""
    torch.use_deterministic_algorithms(values[0])
    torch.backends.cudnn.benchmark = values[1]
    setattr(torch.utils.deterministic, _FILL, values[2])


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
        reason = str(error).splitlines()[0]
        asked = f"--device {config.device} --devices {config.devices} --precision {config.precision}"
        raise InputError(f"{asked}: {reason}; try --device auto") from error


def _check_cpu(config: TrainConfig) -> None:
    cores = os.cpu_count() or 1
    if config.devices > cores:
        raise InputError(f"--devices {config.devices}: found a CPU of {cores} cores, expected at most as many devices")
    if config.precision == "16-mixed":
        raise InputError("--precision 16-mixed: is not to be had on a CPU; give bf16-mixed or 32")
    if config.precision == "bf16-mixed" and (times := bf16_slowdown()) > SLOWER:
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
