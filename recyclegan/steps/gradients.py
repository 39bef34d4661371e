"""What becomes of gradients that have gathered: averaged, clipped, applied."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from recyclegan.distributed import Fabric
from recyclegan.distributed.processes import reduced
from recyclegan.steps.train_state import TrainState, parameters_of

ALL_NETWORKS = "all networks together"
"""What the norm of all gradients of an optimizer is called."""


def update(state: TrainState, name: str) -> dict[str, Tensor]:
    """Apply the gradients that have gathered for an optimizer, averaged and clipped where asked for, and clear them.

    Return the norm of each network's gradients where they are clipped; it is for others to refuse what is not finite.
    """
    optimizer = state.optimizers[name]
    average_gradients(state.fabric, optimizer)
    norms = clip_gradients(state, optimizer) if state.config.clip_gradients else {}
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return norms


def clip_gradients(state: TrainState, optimizer: Any) -> dict[str, Tensor]:
    """Scale gradients down to the norm that the configuration allows; return their norms before, by network.

    In 16-mixed a step that overflows is left out, and there is nothing to tell of it.
    """
    norms = gradient_norms(state.method, optimizer) if state.scaler is None else {}
    limit = state.config.clip_gradients
    total = state.fabric.clip_gradients(state.method, optimizer, max_norm=limit, error_if_nonfinite=False)
    assert total is not None
    return {**norms, ALL_NETWORKS: total} if norms else {}


def joined(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the norms of both halves, each network's before the sum of those of all."""
    networks = {name: value for name, value in {**first, **second}.items() if name != ALL_NETWORKS}
    return {**networks, ALL_NETWORKS: first[ALL_NETWORKS] + second[ALL_NETWORKS]} if networks else networks


def gradient_norms(method: nn.Module, optimizer: Any) -> dict[str, Tensor]:
    """Return the norm of the gradients of each network that an optimizer trains, such as ``generators.ab``."""
    trained = set(parameters_of(optimizer))
    gradients: dict[str, list[Tensor]] = defaultdict(list)
    for name, parameter in method.named_parameters():
        if parameter.grad is not None and parameter in trained:
            gradients[".".join(name.split(".")[:2])].append(parameter.grad)
    return {name: torch.stack(torch._foreach_norm(own)).norm() for name, own in gradients.items()}


def average_gradients(fabric: Fabric, optimizer: Any) -> None:
    """Average gradients over all processes, in one message."""
    if fabric.world_size == 1:
        return
    gradients = [parameter.grad for parameter in parameters_of(optimizer) if parameter.grad is not None]
    flat = reduced(fabric, torch.cat([gradient.flatten() for gradient in gradients]), "mean")
    for gradient, averaged in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(averaged.view_as(gradient))
