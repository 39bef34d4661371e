"""A step's kernels recorded at once as CUDA graphs, and replayed without Python; elsewhere nothing is recorded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recyclegan.domains import Domain
from recyclegan.steps.halves import Half, Halves
from recyclegan.steps.train_state import TrainState

Tensors = Mapping[Domain, Tensor]


class Recorded:
    """A half of a step as one CUDA graph: it computes the same from other inputs of the same shapes.

    What comes out stays in place, and is written over by the next replay. Random numbers are those of the generators'
    seeds at each replay, as if it were run for the first time.
    """

    def __init__(self, half: Callable[..., Half], examples: Sequence[Tensors], recorder: "Recorder") -> None:
        """Record ``half`` of copies of the examples; no kernel is run, and it must have been run before."""
        self._inputs = [{name: value.clone() for name, value in tensors.items()} for tensors in examples]
        self._graph = torch.cuda.CUDAGraph()
        for generator in recorder.generators:
            self._graph.register_generator_state(generator)
        with torch.cuda.graph(
            self._graph, pool=recorder.pool, stream=recorder.stream, capture_error_mode="thread_local"
        ):
            self.result = half(*self._inputs)
            """What a replay leaves, where it leaves it."""

    def __call__(self, *inputs: Tensors) -> Half:
        """Replay the kernels on other inputs."""
        for own, given in zip(self._inputs, inputs, strict=True):
            torch._foreach_copy_(list(own.values()), [given[name] for name in own])
        self._graph.replay()
        return self.result


@dataclass(frozen=True)
class Recorder:
    """What all graphs of a run share: they run one after another, and so may use the same memory."""

    generators: Sequence[torch.Generator]
    """Generators that the step draws from, beside the device's own."""
    pool: Any
    stream: torch.cuda.Stream
    optimizers: Sequence[Any]

    def record(self, halves: Halves, batch: Tensors) -> Halves:
        """Return both halves as graphs for batches of the shapes of this one; a step must have been run before."""
        with self._capturable():
            first = Recorded(halves.generators, [batch], self)
            second = Recorded(halves.discriminators, [batch, first.result.fakes], self)
        return Halves(first, second)

    @contextmanager
    def _capturable(self) -> Iterator[None]:
        """Tell optimizers that their steps are recorded; they hold all that these need on the device."""
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group in groups:
            group["capturable"] = True
        try:
            yield
        finally:
            for group in groups:
                group["capturable"] = False


def recorded(state: TrainState, halves: Halves, batch: Tensors) -> Halves:
    """Return halves of a step that are replayed for batches of the shapes of this one; on a CPU those that came."""
    if state.fabric.device.type != "cuda":
        return halves
    stream, optimizers = torch.cuda.Stream(state.fabric.device), tuple(state.optimizers.values())
    return Recorder((state.rng,), torch.cuda.graph_pool_handle(), stream, optimizers).record(halves, batch)


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Let a GPU take the work of the block on a stream of its own, as what is to be recorded later wants it."""
    if device.type != "cuda":
        yield
        return
    with torch.cuda.device(device):
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            yield
        torch.cuda.current_stream().wait_stream(stream)


def renew_generators(state: TrainState) -> None:
    """Give a run new generators after a recording that failed, which may leave the old ones unusable.

    Raises:
        RuntimeError: the device takes no more work.
    """
    device = state.fabric.device
    state.rng = torch.Generator(device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        fresh = torch.Generator(device).graphsafe_get_state()
        torch.cuda.default_generators[device.index or 0].graphsafe_set_state(fresh)
