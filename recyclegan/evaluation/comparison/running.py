"""Carrying out runs, one after the other or several at a time, each in a process of its own.

Equal minutes: how many steps each contender takes in the time that all are given.
"""

import json
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from recyclegan.errors import InputError
from recyclegan.evaluation.comparison.contender_run import ContenderRun, StoppedError, carry_out
from recyclegan.files import read_json, write_text
from recyclegan.pace import Show
from recyclegan.planning import step_seconds
from recyclegan.settings.training import TrainConfig

ROUNDS = 3
"""How often each contender is timed, in turn, so that what else the machine does falls on all of them."""


def equal_minutes(
    contenders: Mapping[str, TrainConfig],
    minutes: float,
    jobs: int,
    record: Path,
    show: Show,
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


def run_contenders(all_runs: Sequence[ContenderRun], jobs: int, show: Show) -> list[str]:
    """Carry out what is not done yet, ``jobs`` runs at a time; return a line for each run that failed.

    A run that fails does not stop the others.

    Raises:
        KeyboardInterrupt: a signal asked for an end; every run has left a checkpoint.
    """
    if jobs == 1:
        return _in_turn(all_runs, show)
    return _side_by_side(all_runs, jobs, show)


def _in_turn(all_runs: Sequence[ContenderRun], show: Show) -> list[str]:
    failures = []
    for done, run in enumerate(all_runs):
        show(done, len(all_runs), "runs")
        try:
            carry_out(run, lambda done, total, what, name=run.name: show(done, total, f"{name}: {what}"))  # type: ignore[misc]
        except StoppedError as stop:
            raise KeyboardInterrupt from stop
        except InputError as error:
            failures.append(f"{run.name}: {error}")
    show(len(all_runs), len(all_runs), "runs")
    return failures


@dataclass(frozen=True)
class _Worker:
    run: ContenderRun
    process: BaseProcess
    messages: Connection


def _side_by_side(all_runs: Sequence[ContenderRun], jobs: int, show: Show) -> list[str]:
    waiting, workers, failures = list(all_runs), list[_Worker](), list[str]()
    with _all_interrupted(workers):
        while waiting or workers:
            show(len(all_runs) - len(waiting) - len(workers), len(all_runs), "runs")
            while waiting and len(workers) < jobs:
                workers.append(_start(waiting.pop(0), threads_of(jobs)))
            for ready in wait([worker.messages for worker in workers]):
                worker = next(worker for worker in workers if worker.messages is ready)
                try:
                    message = worker.messages.recv()
                except EOFError:
                    message = "its process died; memory may have run out, so try fewer --jobs"
                if isinstance(message, tuple):
                    done, total, what = message
                    show(done, total, f"{worker.run.name}: {what}")
                    continue
                if message:
                    failures.append(f"{worker.run.name}: {message}")
                worker.process.join()
                workers.remove(worker)
    show(len(all_runs), len(all_runs), "runs")
    return failures


def threads_of(jobs: int) -> int:
    """Return the threads of one of ``jobs`` runs that share this machine's cores."""
    return max(1, (os.cpu_count() or 1) // jobs)


def _start(run: ContenderRun, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    messages, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(run, threads, sender), name=run.name)
    process.start()
    sender.close()
    return _Worker(run, process, messages)


def _work(run: ContenderRun, threads: int, sender: Connection) -> None:
    """Carry out a run; send (done, in all, what) as it goes, and in the end what went wrong, or nothing."""
    torch.set_num_threads(threads)
    try:
        carry_out(run, lambda *progress: sender.send(progress))
        sender.send("")
    except InputError as error:
        sender.send(str(error))
    except Exception as error:
        sender.send(" ".join(f"a fault of the program ({type(error).__name__}: {error})".split()))


@contextmanager
def _all_interrupted(workers: list[_Worker]) -> Iterator[None]:
    """Whatever ends this process, hand it on to the workers as SIGTERM, and wait until each has left a checkpoint.

    Signals reach the main thread alone; in another one there is nothing to hand on.

    Raises:
        KeyboardInterrupt: one came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except BaseException:
        for worker in workers:
            if worker.process.pid and worker.process.is_alive():
                os.kill(worker.process.pid, signal.SIGTERM)
        for worker in workers:
            while worker.process.is_alive():
                _drain(worker.messages)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _drain(messages: Connection) -> None:
    """Read what a worker still tells, so that it does not wait for a reader."""
    try:
        if messages.poll(0.1):
            messages.recv()
    except EOFError:
        time.sleep(0.1)
