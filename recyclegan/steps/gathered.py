"""Losses gathered on the device, and read in the order of their steps when they are due."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from recyclegan.distributed import Fabric
from recyclegan.steps.train_state import TrainState

LOOK_EVERY = 0.25
"""Seconds between looks at losses that nobody waits for."""
MOST_AHEAD = 2
"""Steps that are handed to a device before it has done the first of them."""


@dataclass(frozen=True)
class StepNumbers:
    """What is known of a step once its numbers have been read."""

    step: int
    """Counted from 0."""
    losses: dict[str, float]
    norms: dict[str, float] = field(default_factory=dict)
    """Norms of gradients by network, before they were clipped; none where they are not."""


@dataclass(frozen=True)
class _Row:
    step: int
    names: tuple[str, ...]
    num_losses: int
    values: Tensor

    def numbers(self, values: list[float]) -> StepNumbers:
        named = list(zip(self.names, values, strict=True))
        return StepNumbers(self.step, dict(named[: self.num_losses]), dict(named[self.num_losses :]))


class Gathered:
    """The numbers of steps that have not been read yet.

    Where the host would have to wait for a GPU, they are read a few times a second, on their way one look long, and at
    once where they are due. A CPU, and processes that act alike in every step, read them after each.
    """

    def __init__(self, state: TrainState) -> None:
        self._waits = reads_each_step(state.fabric)
        self._rows: list[_Row] = []
        self._on_their_way: tuple[list[_Row], Tensor, torch.cuda.Event] | None = None
        self._events: list[torch.cuda.Event] = []
        self._last = time.monotonic()

    def add(self, step: int, losses: Mapping[str, Tensor], norms: Mapping[str, Tensor]) -> None:
        """Take the numbers of a step; the host goes on, ``MOST_AHEAD`` steps ahead of the device at most."""
        values = torch.stack([*losses.values(), *norms.values()])
        self._rows.append(_Row(step, (*losses, *norms), len(losses), values))
        if not self._waits:
            self._events.append(_event())
        if len(self._events) > MOST_AHEAD:
            self._events.pop(0).synchronize()

    def read(self, due: bool) -> list[StepNumbers]:
        """Return what is known of steps that were not returned yet: of all of them where they are ``due``."""
        if due or self._waits:
            return [*self._arrived(wait=True), *self._all()]
        found = self._arrived(wait=False)
        if self._rows and not self._on_their_way and time.monotonic() - self._last > LOOK_EVERY:
            self._send()
        return found

    def _all(self) -> list[StepNumbers]:
        rows, self._rows = self._rows, []
        return _numbers(rows, torch.stack([row.values for row in rows])) if rows else []

    def _send(self) -> None:
        rows, self._rows, self._last = self._rows, [], time.monotonic()
        values = torch.stack([row.values for row in rows]).to("cpu", non_blocking=True)
        self._on_their_way = rows, values, _event()

    def _arrived(self, wait: bool) -> list[StepNumbers]:
        if self._on_their_way is None:
            return []
        rows, values, event = self._on_their_way
        if wait:
            event.synchronize()
        elif not event.query():
            return []
        self._on_their_way = None
        return _numbers(rows, values)


def reads_each_step(fabric: Fabric) -> bool:
    """Return whether numbers are read after each step: that costs nothing, or processes must agree on it anyway."""
    return fabric.device.type != "cuda" or fabric.world_size > 1


def _numbers(rows: list[_Row], values: Tensor) -> list[StepNumbers]:
    return [row.numbers(line) for row, line in zip(rows, values.tolist(), strict=True)]


def _event() -> torch.cuda.Event:
    event = torch.cuda.Event(blocking=True)
    event.record()
    return event
