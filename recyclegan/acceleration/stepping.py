"""How steps are run: as they are written, replayed as CUDA graphs, or compiled and replayed, whatever is fastest."""

import time
import warnings
from dataclasses import dataclass
from weakref import ref

import torch
from torch import nn

from recyclegan.acceleration.capture import own_stream, recorded, renew_generators
from recyclegan.acceleration.rehearsal import rehearse, taken_back
from recyclegan.errors import InputError, first_line
from recyclegan.networks.fused import Swap, fuse, has_kernels, unfuse
from recyclegan.pace import duration
from recyclegan.steps.halves import Batch, Halves
from recyclegan.steps.step import halves_of
from recyclegan.steps.train_state import TrainState

MOST_SHAPES = 4
"""Shapes of batches that graphs are kept for; steps on others are run as they are written."""
MOST_VARIANTS = 64
"""Programs that the compiler may keep of one class of networks: for inputs with and without gradients, by instance."""
WARM_UPS = 3
"""Steps before kernels are recorded: libraries choose algorithms in them, and optimizers make their moments."""
TIMED = 5
"""Steps of which the fastest is taken for the time of a step."""


@dataclass(frozen=True)
class Execution:
    """One way to run a step."""

    kernels: bool = False
    """Whether norms, activations and borders are kernels of our own."""
    compiled: bool = False

    def on(self, device: str) -> str:
        """Return in words how a step is run on a kind of device."""
        what = "with fused norms and borders" if self.kernels else "with compiled networks" if self.compiled else ""
        how = "replayed as CUDA graphs" if device == "cuda" else "run" if what else "run as it is written"
        return f"{how} {what}".strip()


@dataclass(frozen=True)
class Readied:
    """Halves of a step that are ready."""

    halves: Halves
    rng: torch.Generator
    """The generator that they draw from: where the run got another one, they are good no more."""
    seconds: float
    """What a step takes."""
    execution: Execution


class Stepping:
    """Tells how to run a step on a batch, and gets that ready when it meets the first batch of a shape.

    Steps that this takes are taken back: none is lost, none is taken twice. Where it fails, it is told, and steps are
    run as they are written.
    """

    def __init__(self, state: TrainState) -> None:
        self._of = ref(state)  # the state holds this; memory of a GPU must be free as soon as nobody holds the state
        self._ready: dict[tuple[object, ...], Readied | None] = {}
        self._swaps: list[Swap] = []

    @property
    def _state(self) -> TrainState:
        state = self._of()
        assert state is not None
        return state

    def __call__(self, batch: Batch, step: int) -> Halves:
        """Return both halves of a step for a batch of these shapes, with the gradient penalty or without."""
        kind = self._state.method.adversary.is_penalised, *((name, *clips.shape) for name, clips in batch.items())
        if kind not in self._ready:
            self._ready[kind] = self._readied(batch, step)
        readied = self._ready[kind]
        return readied.halves if readied and readied.rng is self._state.rng else halves_of(self._state)

    def _readied(self, batch: Batch, step: int) -> Readied | None:
        """Return what is fastest; nothing where steps are best run as they are written."""
        state, start = self._state, time.monotonic()
        if obstacle := self._obstacle():
            state.notify(f"--compile {state.config.compile}: {obstacle}; steps are run as they are written")
            return None
        with taken_back(state), warnings.catch_warnings(action="ignore"):
            written = self._warmed_up(batch, step)
            attempts = (self._attempt(execution, batch, step) for execution in self._executions())
            found = next(filter(None, attempts), None)
        if found:
            took, how = duration(time.monotonic() - start), found.execution.on(state.fabric.device.type)
            state.notify(f"a step is {how}: {found.seconds:.3f} s instead of {written:.3f} s; readying it took {took}")
        return found

    def _take(self, execution: Execution) -> None:
        """Make the networks what an execution wants them to be; their weights stay."""
        method = self._state.method
        unfuse(self._swaps)
        are_steep = any(method.networks.adversary.r1)  # whose gradients are propagated back, which kernels are not for
        fused = method.generators if are_steep else method
        self._swaps = fuse(fused, activations=not method.reads_layers) if execution.kernels else []
        compile_networks(method, execution.compiled)

    def _obstacle(self) -> str:
        """Return why steps cannot be recorded; nothing where they can."""
        state, config, device = self._state, self._state.config, self._state.fabric.device.type
        if device not in ("cuda", "cpu"):
            return f"is not to be had on {device}"
        if state.fabric.world_size > 1:
            return "several processes train together, which exchange messages within a step"
        if state.scaler:
            return f"--precision {config.precision} looks at gradients within a step; bf16-mixed does not"
        if config.history and config.frames.crop == "none":
            return "--history keeps frames of several sizes"
        kinds = 2 if state.method.adversary.config.is_lazy else 1
        return f"batches of more than {MOST_SHAPES} shapes" if len(self._ready) >= kinds * MOST_SHAPES else ""

    def _executions(self) -> list[Execution]:
        """Return the ways to run a step, the fastest ones first; the compiler's only where wanted."""
        state = self._state
        compiled, kernels = state.config.compile == "on", state.fabric.device.type == "cuda" and has_kernels()
        return [Execution(compiled=True)] * compiled + [Execution(kernels=True)] * kernels + [Execution()]

    def _attempt(self, execution: Execution, batch: Batch, step: int) -> Readied | None:
        """Return the step recorded in an execution; nothing where that fails, which is told."""
        state = self._state
        try:
            if execution.compiled:
                state.notify("the networks are compiled, which takes a minute or two")
            self._take(execution)
            if execution != Execution():
                self._warmed_up(batch, step)
            return self._recorded(execution, batch, step)
        except InputError:
            raise
        except Exception as error:
            how, mode = f"{execution.on(state.fabric.device.type)} ({in_a_line(error)})", state.config.compile
            state.notify(f"--compile {mode}: a step could not be {how}; it goes on without")
            self._take(Execution())
            return None

    def _recorded(self, execution: Execution, batch: Batch, step: int) -> Readied:
        """Return the step recorded as it is, and timed.

        Raises:
            InputError: that fails, and the device takes no more work.
        """
        state = self._state
        try:
            halves = recorded(state, halves_of(state), batch)
            return Readied(halves, state.rng, rehearse(state, halves, batch, step, self._times(TIMED)), execution)
        except Exception as error:
            try:
                renew_generators(state)
            except RuntimeError as lost:
                mode, reason = state.config.compile, in_a_line(error)
                raise InputError(f"--compile {mode}: {reason}; train with --compile off") from lost
            raise

    def _warmed_up(self, batch: Batch, step: int) -> float:
        """Take steps as they are written; return the seconds of the fastest."""
        with own_stream(self._state.fabric.device):
            return rehearse(self._state, halves_of(self._state), batch, step, self._times(WARM_UPS))

    def _times(self, on_gpu: int) -> int:
        """Return how often to take a step: on a CPU, where it takes long, once."""
        return on_gpu if self._state.fabric.device.type == "cuda" else 1


def choose_halves(state: TrainState) -> None:
    """Let steps be run as the configuration says: what that is turns out at the first of them."""
    if state.config.compile == "on" or (state.config.compile == "auto" and state.fabric.device.type == "cuda"):
        state.halves = Stepping(state)


def compile_networks(method: nn.Module, wanted: bool) -> None:
    """Let all networks of a method be compiled when they are called next, or be run as they are written again."""
    if wanted:
        import torch._dynamo

        torch._dynamo.config.cache_size_limit = max(torch._dynamo.config.cache_size_limit, MOST_VARIANTS)
    for child in method.children():
        for network in child.children() if isinstance(child, nn.ModuleDict | nn.ModuleList) else [child]:
            network._compiled_call_impl = None
            if wanted:
                network.compile(dynamic=False)


def in_a_line(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    return f"{type(error).__name__}: {first_line(error)}"
