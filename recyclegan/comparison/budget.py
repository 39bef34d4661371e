"""Equal minutes: how many steps each contender takes in the time that all are given."""

import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from recyclegan.comparison.running import threads_of
from recyclegan.files import whole_file
from recyclegan.training import TrainConfig, step_seconds

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
    """
    seconds: dict[str, float] = json.loads(record.read_text()) if record.is_file() else {}
    new = [name for name in contenders if name not in seconds]
    turns = new * ROUNDS
    timed: dict[str, list[float]] = {name: [] for name in new}
    timings = _timings([contenders[name] for name in turns], jobs, measure)
    for done, name in enumerate(turns):
        show(done, len(turns), "timing")
        timed[name].append(next(timings))
    seconds |= {name: min(values) for name, values in timed.items()}
    with whole_file(record) as scratch:
        scratch.write_text(json.dumps(seconds, indent=1) + "\n")
    return {name: max(1, round(minutes * 60 / seconds[name])) for name in contenders}


def _timings(configs: Sequence[TrainConfig], jobs: int, measure: Callable[[TrainConfig], float]) -> Iterator[float]:
    """Yield how long a step of each takes while ``jobs`` of them share the machine, as its runs will."""
    if jobs == 1 or not configs:
        yield from map(measure, configs)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, torch.set_num_threads, (threads_of(jobs),)) as pool:
        yield from pool.map(measure, configs)
