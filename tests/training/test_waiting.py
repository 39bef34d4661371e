"""A step tells the device what to do, and asks it nothing: counted by what a step calls, on a CPU."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from recyclegan.domains import DOMAINS
from recyclegan.settings.methods import METHODS
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.steps import TrainState, train_step
from tests.small import random_clips, small_config, small_state
from tests.steps.test_step import NOWHERE

READS = (
    "_local_scalar_dense",
    "is_nonzero",
    "nonzero",
    "equal",
    "masked_select",
    "_unique2",
    "unique_dim",
    "lift_fresh",
)
"""Operators for which a GPU makes the host wait: their result is a number, or has a size that depends on numbers."""
TALKS = {Tensor.item, Tensor.tolist, Tensor.cpu, Tensor.numpy, Tensor.__bool__, Tensor.__float__, Tensor.__int__}
MAKES = {torch.arange, torch.linspace, torch.zeros, torch.ones, torch.full, torch.empty, torch.eye, torch.tensor}
MAKES |= {torch.rand, torch.randn, torch.randint, torch.randperm, torch.as_tensor, torch.from_numpy}
"""Functions that make tensors on the host, unless they are given a device."""


class Operators(TorchDispatchMode):
    """Notes operators that wait for the device, those of backward passes, too."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        if name in READS or (name.startswith("index") and _has_mask(args)):
            self.seen.append(name)
        return function(*args, **(kwargs or {}))


def _has_mask(arguments: Any) -> bool:
    """Return whether a place is named by a mask: how many there are is known to the device alone."""
    indices = [index for argument in arguments if isinstance(argument, list | tuple) for index in argument]
    return any(isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8) for index in indices)


class Calls(TorchFunctionMode):
    """Notes calls that wait for the device, or bring it a tensor from the host."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        is_from_host = function in MAKES and kwargs.get("device") is None
        if (function in TALKS or is_from_host) and not _is_of_optimizer():
            self.seen.append(function.__name__)
        return function(*args, **kwargs)


def _is_of_optimizer() -> bool:
    """Return whether Adam makes its moments, once in a run."""
    return any(frame.function == "_init_group" for frame in inspect.stack()[:6])


def waits(run: Callable[[], Any]) -> list[str]:
    seen: list[str] = []
    with Operators(seen), Calls(seen):
        run()
    return seen


def state_of(name: str, **networks: Any) -> TrainState:
    """Return a state with everything on, whose optimizers take their steps as those on CUDA do."""
    motion = FlowSynthesis(zoom=3.0, rotation=3.0, perspective=0.02)
    weight = 1.0 if name == "cut" else (1.0, 1.0)
    method = METHODS[name].Config(
        identity=weight, **({"flow": motion} if "flow" in METHODS[name].Config().__dict__ else {})
    )
    sizes = NetworkConfig(width=4, discriminator_width=4, dropout=True, **networks)
    options = {"history": 2, "ramp_up": 0.5, "clip_gradients": 1.0, "decay": 0.5}
    state = small_state(small_config(NOWHERE, NOWHERE, method=method, networks=sizes, **options))
    for optimizer in state.optimizers.values():
        for group in optimizer.param_groups:
            group["fused"] = True
    return state


def batch_of(name: str, step: int) -> dict[str, Tensor]:
    time = METHODS[name].clip_length
    return {domain: random_clips(7 * step + place, time, batch=2) for place, domain in enumerate(DOMAINS)}


@pytest.mark.parametrize("name", METHODS)
def test_no_step_of_any_method_waits_for_the_device(name: str) -> None:
    state, batches = state_of(name), [batch_of(name, step) for step in range(3)]
    assert [waits(lambda step=step: train_step(state, batches[step], step)) for step in range(3)] == [[], [], []]


@pytest.mark.parametrize("generator", ["unet-128", "detail-6", "classes-6"])
def test_no_generator_makes_a_step_wait(generator: str) -> None:
    state = state_of("cycle-gan", generator=generator)
    batch = batch_of("cycle-gan", 0)
    assert waits(lambda: train_step(state, batch, 0)) == []


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.sum() > 0),
        lambda x: x[x > 0],
        lambda x: x + torch.arange(3),
        lambda x: x * torch.tensor([1.0, 2.0, 3.0]),
        lambda x: x.tolist(),
    ],
)
def test_what_waits_is_counted(wait: Callable[[Tensor], Any]) -> None:
    values = torch.ones(3)
    assert waits(lambda: wait(values)) != []
    assert waits(lambda: values * 2 + torch.ones(3, device=values.device)) == []
