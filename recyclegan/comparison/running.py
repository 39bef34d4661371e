"""Carrying out runs, one after the other or several at a time, each in a process of its own."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from recyclegan.comparison.entry import Entry, StoppedError, carry_out
from recyclegan.errors import InputError

Show = Callable[[int, int | None, str], None]


def run_entries(entries: Sequence[Entry], jobs: int, show: Show) -> list[str]:
    """Carry out what is not done yet, ``jobs`` runs at a time; return a line for each run that failed.

    A run that fails does not stop the others.

    Raises:
        KeyboardInterrupt: a signal asked for an end; every run has left a checkpoint.
    """
    if jobs == 1:
        return _in_turn(entries, show)
    return _side_by_side(entries, jobs, show)


def _in_turn(entries: Sequence[Entry], show: Show) -> list[str]:
    failures = []
    for done, entry in enumerate(entries):
        show(done, len(entries), "runs")
        try:
            carry_out(entry, lambda done, total, what, name=entry.name: show(done, total, f"{name}: {what}"))  # type: ignore[misc]
        except StoppedError as stop:
            raise KeyboardInterrupt from stop
        except InputError as error:
            failures.append(f"{entry.name}: {error}")
    show(len(entries), len(entries), "runs")
    return failures


@dataclass(frozen=True)
class _Worker:
    entry: Entry
    process: BaseProcess
    told: Connection


def _side_by_side(entries: Sequence[Entry], jobs: int, show: Show) -> list[str]:
    waiting, workers, failures = list(entries), list[_Worker](), list[str]()
    with _all_interrupted(workers):
        while waiting or workers:
            show(len(entries) - len(waiting) - len(workers), len(entries), "runs")
            while waiting and len(workers) < jobs:
                workers.append(_start(waiting.pop(0), threads_of(jobs)))
            for ready in wait([worker.told for worker in workers]):
                worker = next(worker for worker in workers if worker.told is ready)
                try:
                    message = worker.told.recv()
                except EOFError:
                    message = "its process died; memory may have run out, so try fewer --jobs"
                if isinstance(message, tuple):
                    done, total, what = message
                    show(done, total, f"{worker.entry.name}: {what}")
                    continue
                if message:
                    failures.append(f"{worker.entry.name}: {message}")
                worker.process.join()
                workers.remove(worker)
    show(len(entries), len(entries), "runs")
    return failures


def threads_of(jobs: int) -> int:
    """Return the threads of one of ``jobs`` runs that share this machine's cores."""
    return max(1, (os.cpu_count() or 1) // jobs)


def _start(entry: Entry, threads: int) -> _Worker:
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(entry, threads, tell), name=entry.name)
    process.start()
    tell.close()
    return _Worker(entry, process, told)


def _work(entry: Entry, threads: int, tell: Connection) -> None:
    """Carry out a run; send (done, in all, what) as it goes, and in the end what went wrong, or nothing."""
    torch.set_num_threads(threads)
    try:
        carry_out(entry, lambda *progress: tell.send(progress))
        tell.send("")
    except InputError as error:
        tell.send(str(error))
    except Exception as error:
        tell.send(" ".join(f"a fault of the program ({type(error).__name__}: {error})".split()))


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
                _drain(worker.told)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _drain(told: Connection) -> None:
    """Read what a worker still tells, so that it does not wait for a reader."""
    try:
        if told.poll(0.1):
            told.recv()
    except EOFError:
        time.sleep(0.1)
