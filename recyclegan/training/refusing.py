"""Where training ends because a number is not finite: losses, weights, all that is saved, and measures."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from recyclegan.distributed.processes import any_process
from recyclegan.steps.finite import check_scale, failure, infinite_part
from recyclegan.steps.train_state import TrainState, trained_weights

NOT_CLIPPED: Mapping[str, float] = MappingProxyType({})


def refuse_infinite(
    state: TrainState,
    losses: Mapping[str, float],
    step: int,
    asked_to_stop: bool = False,
    norms: Mapping[str, float] = NOT_CLIPPED,
) -> bool:
    """Return whether any process was asked to stop.

    Raises:
        TrainingFailedError: in any process a loss is not finite, or one of the norms by which gradients were clipped;
            it is raised in all of them.
    """
    infinite = [f"gradients of {name} are not finite" for name, value in norms.items() if not _is_finite(value)]
    infinite += [f"loss {name} is {value}" for name, value in losses.items() if not _is_finite(value)]
    asked_to_stop, failed = any_process(state.fabric, asked_to_stop, bool(infinite))
    if failed:
        what = infinite[0] if infinite else "loss of another process is not finite"
        raise failure(state.config, step, what)
    return asked_to_stop


def _is_finite(value: float) -> bool:
    return abs(value) < float("inf")


def refuse_infinite_state(state: TrainState, saved: Mapping[str, Any], done: int) -> None:
    """Refuse to save what is not finite, or no longer trains.

    Raises:
        TrainingFailedError: there is some, the same in all processes.
    """
    check_scale(state.config, done, state.scaler)
    if (part := infinite_part(saved)) is not None:
        raise failure(state.config, done, f"{part} are not finite")


def refuse_infinite_weights(state: TrainState, done: int) -> None:
    """Refuse to show what weights make that are not finite.

    Raises:
        TrainingFailedError: there are some, the same in all processes.
    """
    averages = state.average.average if state.average else {}
    refuse_infinite_state(state, {"networks": trained_weights(state.method), "average": averages}, done)


def refuse_infinite_measures(state: TrainState, measures: Mapping[str, float], done: int) -> None:
    """Refuse translations that are not finite, though the weights are.

    Raises:
        TrainingFailedError: a measure of them is not finite.
    """
    for name, value in measures.items():
        if not _is_finite(value):
            raise failure(state.config, done, f"{name} of held-out frames is {value}")
