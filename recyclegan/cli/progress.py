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
    """Show bars with time left on a terminal; elsewhere nothing."""
    shown = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, TimeRemainingColumn(), *columns, console=console, disable=not console.is_terminal) as bars:
        yield bars


class Pulse:
    """Tells when the next line of progress is due: every half minute."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def beats(self) -> bool:
        """Return whether a line is due now; the next one then is half a minute later."""
        if time.monotonic() - self._last < LINE_EVERY:
            return False
        self._last = time.monotonic()
        return True


class Course:
    """The course of one piece of work since the first news of it: how fast it goes, and what is left."""

    def __init__(self, done: int) -> None:
        self._start, self._first = time.monotonic(), done

    def speed(self, done: int) -> float:
        """Return how much is done a second; 0 as long as nothing is."""
        seconds = time.monotonic() - self._start
        return (done - self._first) / seconds if seconds else 0.0

    def left(self, done: int, total: int | None) -> str:
        """Return the time left in words; nothing where it is not known."""
        speed = self.speed(done)
        return f"  {timedelta(seconds=round((total - done) / speed))} left" if total and speed else ""


def counter(bars: Progress) -> Callable[[int, int | None, str], None]:
    """Return a function that shows (done, in all, what) as one bar for each ``what``.

    Where there is no terminal, it prints a line every half minute.
    """
    tasks: dict[str, tuple[Any, Course]] = {}
    pulse = Pulse()

    def show(done: int, total: int | None, what: str) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total), Course(done)
        task, course = tasks[what]
        bars.update(task, completed=done, total=total)
        if bars.disable and pulse.beats():
            print(f"{what}: {done}{f'/{total}' if total else ''}{course.left(done, total)}", file=sys.stderr)

    return show


def training_bar(bars: Progress) -> Callable[[int, int, dict[str, float]], None]:
    """Return a function that shows the steps done, their speed, the time left and the loss terms.

    Where there is no terminal, it prints a line every half minute, and one at the end.
    """
    task = bars.add_task("training", total=None, speed="", start=False)
    courses: list[Course] = []
    pulse = Pulse()

    def show(done: int, total: int, terms: dict[str, float]) -> None:
        if not courses:
            courses.append(Course(done))
            bars.start_task(task)
        speed = f"{courses[0].speed(done):.2f} steps/s"
        losses = "  ".join(f"{name} {value:.2f}" for name, value in terms.items())
        bars.update(task, completed=done, total=total, speed=f"{speed}  {losses}")
        if bars.disable and (pulse.beats() or done == total):
            print(f"step {done}/{total}  {speed}{courses[0].left(done, total)}  {losses}", file=sys.stderr)

    return show
