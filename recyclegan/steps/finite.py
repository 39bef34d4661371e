"""Numbers that are not finite: how they are found, and what is said of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from recyclegan.errors import InputError
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints

LEAST_SCALE = 2.0**-30
"""Factor of the loss in 16-mixed below which gradients overflow whatever it is."""
_WORDS = {"networks": "weights of ", "average": "averaged weights of generators.", "scaler": "the loss's factor "}
"""What the parts of a training state are called; the rest go by their names in it."""


class TrainingFailedError(InputError):
    """Training cannot go on: a loss, a gradient or a weight is not finite."""


def failure(config: TrainConfig, step: int, what: str) -> TrainingFailedError:
    """Return the error that says what is not finite in a step, what is left of the run, and what may help."""
    found = checkpoints(config.out)
    left = f"last good checkpoint: {found[-1]}" if found else "no checkpoint yet"
    remedies = ["lower --lr"]
    if not config.clip_gradients:
        remedies.append("give --clip-gradients 1")
    if config.precision != "32":
        remedies.append("give --precision 32")
    return TrainingFailedError(f"step {step}: {what}; {left}; {' or '.join(remedies)}")


def infinite_part(state: Mapping[str, Any]) -> str | None:
    """Return what in a training state is not finite, in words; None where all of it is."""
    for part, value in state.items():
        if (place := next(_infinite_places(value), None)) is not None:
            return f"{_WORDS.get(part, f'values of {part}.')}{place}".rstrip(".")
    return None


def _infinite_places(value: Any, place: str = "") -> Iterator[str]:
    """Yield the places of floating-point values in nested dictionaries and lists that are not finite."""
    if isinstance(value, Tensor):
        if value.is_floating_point() and not value.isfinite().all():
            yield place
    elif isinstance(value, float):
        if not abs(value) < float("inf"):
            yield place
    elif isinstance(value, Mapping | list | tuple):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, item in items:
            yield from _infinite_places(item, f"{place}.{name}" if place else str(name))


def check_scale(config: TrainConfig, step: int, scaler: torch.amp.GradScaler | None) -> None:
    """Refuse to go on where 16-mixed has halved the loss's factor to nothing: every step overflows and is left out.

    Raises:
        TrainingFailedError: it has.
    """
    if scaler and scaler.get_scale() < LEAST_SCALE:
        raise failure(config, step, "gradients overflow in every step, whatever the loss is multiplied by")
