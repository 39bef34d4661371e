"""Progress: bars with time left on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

LINE_EVERY = 30.0
"""Seconds between lines of progress where there is no terminal to draw bars on."""

console = Console(stderr=True, highlight=False)


@contextmanager
def progress_bars(*columns: TextColumn) -> Iterator[Progress]:
    """Show bars with time left on a terminal; elsewhere stay silent."""
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, TimeRemainingColumn(), *columns, console=console, disable=not console.is_terminal) as bars:
        yield bars


def counter(bars: Progress) -> Callable[[int, int | None, str], None]:
    """Return a function that shows (done, in all, what) as one bar for each ``what``."""
    tasks: dict[str, Any] = {}

    def show(done: int, total: int | None, what: str) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)

    return show


def training_bar(bars: Progress) -> Callable[[int, int, dict[str, float]], None]:
    """Return a function that shows the steps done, their speed, the time left and the loss terms.

    Where there is no terminal, it prints a line every half minute.
    """
    started: list[tuple[float, int]] = []
    task = bars.add_task("training", total=None, speed="", start=False)
    told = [0.0]

    def show(done: int, total: int, terms: dict[str, float]) -> None:
        now = time.monotonic()
        if not started:
            started.append((now, done))
            bars.start_task(task)
        seconds, steps = now - started[0][0], done - started[0][1]
        speed = steps / seconds if seconds else 0.0
        losses = "  ".join(f"{name} {value:.2f}" for name, value in terms.items())
        bars.update(task, completed=done, total=total, speed=f"{speed:.2f} steps/s  {losses}")
        if bars.disable and steps and (now - told[0] > LINE_EVERY or done == total):
            left = timedelta(seconds=round((total - done) / speed))
            print(f"step {done}/{total}  {speed:.2f} steps/s  {left} left  {losses}", file=sys.stderr)
            told[0] = now

    return show
