"""Steps that are taken back: what gets a step ready, and measures it, leaves no trace in what is trained."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from recyclegan.engines.devices import synchronize
from recyclegan.steps.halves import Batch, Halves
from recyclegan.steps.train_state import TrainState, parameters_of, trained_weights


@contextmanager
def taken_back(state: TrainState) -> Iterator[None]:
    """Put all that steps of the block have changed back to what it was, be it that the block fails."""
    before = {name: value.to("cpu", copy=True) for name, value in changing(state).items()}
    try:
        yield
    finally:
        with torch.no_grad():
            for name, value in changing(state).items():  # moments that came since are those of a first step
                value.copy_(before[name]) if name in before else value.zero_()
        state.method.zero_grad(set_to_none=True)
        state.method.discriminators.requires_grad_(True)


def changing(state: TrainState) -> dict[str, Tensor]:
    """Return all tensors that a step changes where they are, by name; fakes of earlier steps are not among them."""
    average = state.average.average if state.average else {}
    tensors = {f"networks.{name}": value for name, value in trained_weights(state.method).items()}
    tensors |= {f"average.{name}": value for name, value in average.items()}
    for kind, optimizer in state.optimizers.items():
        for number, parameter in enumerate(parameters_of(optimizer)):
            moments = optimizer.state.get(parameter, {})
            tensors |= {f"{kind}.{number}.{name}": value for name, value in moments.items()}
    return tensors


def rehearse(state: TrainState, halves: Halves, batch: Batch, step: int, times: int) -> float:
    """Take a step so many times, without the fakes of earlier ones; return the seconds of the fastest."""
    seconds = []
    for _ in range(times):
        state.seed_step(step)
        state.set_pace(step)
        synchronize(state.fabric.device)
        start = time.perf_counter()
        first = halves.generators(batch)
        halves.discriminators(batch, first.fakes)
        synchronize(state.fabric.device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
