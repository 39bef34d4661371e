"""The processes that train together: their devices, what they agree on, and the signals that end them."""

import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from torch import Tensor, distributed

from recyclegan.errors import InputError
from recyclegan.training.config import TrainConfig

T = TypeVar("T")


def make_fabric(config: TrainConfig) -> Fabric:
    """Return Lightning Fabric on the devices that the configuration names.

    Raises:
        InputError: they are not there, or cannot do the precision.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*AMP with fp16 is not supported on CPU")
            fabric = Fabric(accelerator=config.device, devices=config.devices, precision=config.precision)
        fabric.launch()
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"--device {config.device} --precision {config.precision}: {reason}; try --device auto"
        ) from error
    if config.precision == "16-mixed" and fabric.device.type == "cpu":
        raise InputError("--precision 16-mixed: is not to be had on a CPU; give bf16-mixed or 32")
    return fabric


def any_process(fabric: Fabric, *flags: bool) -> list[bool]:
    """Return for each flag whether it is up in any process, so that all of them act alike."""
    if fabric.world_size == 1:
        return list(flags)
    raised = fabric.all_reduce(torch.tensor(flags, dtype=torch.float32, device=fabric.device), reduce_op="sum")
    assert isinstance(raised, Tensor)
    return (raised > 0).tolist()


def mean_over_processes(fabric: Fabric, values: dict[str, float]) -> dict[str, float]:
    """Return each value averaged over all processes, which hold the same names."""
    if fabric.world_size == 1 or not values:
        return values
    means = fabric.all_reduce(torch.tensor(list(values.values()), device=fabric.device), reduce_op="mean")
    assert isinstance(means, Tensor)
    return dict(zip(values, means.tolist(), strict=True))


def gather(fabric: Fabric, own: T) -> list[T]:
    """Return what every process brings, in their order."""
    if fabric.world_size == 1:
        return [own]
    gathered: list[Any] = [None] * fabric.world_size
    distributed.all_gather_object(gathered, own)
    return gathered


@dataclass
class Interruption:
    """Whether SIGINT or SIGTERM asked for a clean end."""

    asked: bool = False
    before: dict[int, Any] = field(default_factory=dict)

    @contextmanager
    def listening(self) -> Iterator["Interruption"]:
        """Take both signals while the block runs; a second one of the same kind ends the process at once.

        Outside the main thread, where Python hands out no signals, the block just runs.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        self.before = {kind: signal.signal(kind, self._take) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for kind, handler in self.before.items():
                signal.signal(kind, handler)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, self.before[number])
