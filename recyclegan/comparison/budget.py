"""Equal minutes: how many steps each contender takes in the time that all are given."""

import json
import math
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from recyclegan.comparison.running import threads_of
from recyclegan.errors import InputError
from recyclegan.files import read_json, write_text
from recyclegan.settings.training import TrainConfig
from recyclegan.training import step_seconds

ROUNDS = 3
"""How often each contender is timed, in turn, so that what else the machine does falls on all of them."""


def equal_minutes(
    contenders: Mapping[str, TrainConfig],
    minutes: float,
    jobs: int,
    record: Path,
    show: Callable[[int, int | None, str], None],
    measure: Callable[[TrainConfig], float] = step_seconds,
) -> dict[str, int]:
    """Return the training steps of each contender that take ``minutes`` on this machine, with ``jobs`` runs at a time.

    The fastest of three timings counts. They are kept in ``record``, and a contender found there is not timed again, so
    that a comparison that goes on keeps its budget.

    Raises:
        InputError: ``record`` is damaged or cannot be written.
    """
    seconds = _recorded(record) if record.is_file() else {}
    new = [name for name in contenders if name not in seconds]
    turns = new * ROUNDS
    timed: dict[str, list[float]] = {name: [] for name in new}
    timings = _timings([contenders[name] for name in turns], jobs, measure)
    for done, name in enumerate(turns):
        show(done, len(turns), "timing")
        timed[name].append(next(timings))
    show(len(turns), len(turns), "timing")
    seconds |= {name: min(values) for name, values in timed.items()}
    write_text(record, json.dumps(seconds, indent=1) + "\n")
    return {name: max(1, round(minutes * 60 / seconds[name])) for name in contenders}


def _recorded(record: Path) -> dict[str, float]:
    """Return the seconds that a step of each contender was found to take."""
    seconds = read_json(record)
    if not isinstance(seconds, dict) or not all(map(_is_time, seconds.values())):
        raise InputError(f"{record}: expected the seconds of each contender's step; delete it to have them timed again")
    return seconds


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < math.inf


def _timings(configs: Sequence[TrainConfig], jobs: int, measure: Callable[[TrainConfig], float]) -> Iterator[float]:
    """Yield how long a step of each takes while ``jobs`` of them share the machine, as its runs will."""
    if jobs == 1 or not configs:
        yield from map(measure, configs)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (threads_of(jobs),)) as pool:
        yield from pool.map(measure, configs)
