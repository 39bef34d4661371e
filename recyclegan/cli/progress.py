"""Progress of all that takes long: bars with time left on a terminal and in a notebook, lines elsewhere."""

import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from recyclegan.pace import Pace, Show

LONG = 2.0
"""Seconds after which work takes long: its first line is due."""
SOON = 5.0
"""Seconds between two lines at least; a line that could not tell the time left is followed by one that does."""
LINE_EVERY = 30.0
"""Seconds between further lines."""
TICK = 0.5
"""Seconds between looks at whether a line is due while there are no news."""
MOST_BARS = 10
"""Bars that are drawn at a time: of more, those of finished work go, so that what goes on fits on the screen."""
SPEED_OVER = 6 * 3600.0
"""Seconds over which the speed of bars is taken: work whose parts take many minutes has a time left, too."""
console = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class News:
    """What there is to say of a piece of work."""

    work: str
    text: str
    """How far it is."""
    left: str = ""
    """The time left, where it is known."""
    more: str = ""
    is_done: bool = False

    def __str__(self) -> str:
        """Return all of it in a line."""
        return f"{self.text}{self.left}{self.more}"


@dataclass
class Told:
    """What was printed of a piece of work since it began."""

    start: float
    """Seconds on the clock, as are all times here."""
    last: float = -math.inf
    """When the last line was printed."""
    is_left_told: bool = False


class Lines:
    """Prints a line as soon as work turns out to take long, one when the time left is known, then every half minute.

    Pieces of work that go on side by side each have their lines. News make a line due; a thread looks after the newest
    piece where it gives none.
    """

    def __init__(self) -> None:
        self._news = News("", "")
        self._told: dict[str, Told] = {}
        self._last = -math.inf
        self._lock, self._end = threading.Lock(), threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def take(self, news: News, at_once: bool = False) -> None:
        """Take the newest of a piece of work, and print it if it is due, or at once."""
        with self._lock:
            self._news = news
            told = self._told.setdefault(news.work, Told(time.monotonic()))
            if at_once or self._is_due(news, told):
                self._print(news, told)
            if news.is_done:
                del self._told[news.work]

    def stop(self) -> None:
        """Print no more."""
        self._end.set()

    def _watch(self) -> None:
        while not self._end.wait(TICK):
            with self._lock:
                told = self._told.get(self._news.work)
                if told and self._is_due(self._news, told):
                    self._print(self._news, told)

    def _is_due(self, news: News, told: Told) -> bool:
        now = time.monotonic()
        if told.last == -math.inf:
            return now - told.start >= LONG and now - self._last >= SOON
        return now - told.last >= (SOON if news.left and not told.is_left_told else LINE_EVERY)

    def _print(self, news: News, told: Told) -> None:
        print(news, file=sys.stderr, flush=True)
        self._last = told.last = time.monotonic()
        told.is_left_told = bool(news.left)


class Bars(Progress):
    """Bars, or lines where none can be drawn."""

    lines: Lines | None = None


@contextmanager
def progress_bars(*columns: TextColumn) -> Iterator[Bars]:
    """Show bars with time left on a terminal and in a notebook; elsewhere print lines."""
    shown: tuple[ProgressColumn, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        *columns,
    )
    are_drawn = console.is_terminal or console.is_jupyter
    with Bars(*shown, console=console, disable=not are_drawn, speed_estimate_period=SPEED_OVER) as bars:
        bars.lines = None if are_drawn else Lines()
        try:
            yield bars
        finally:
            if bars.lines:
                bars.lines.stop()


class Course(Pace):
    """The course of one piece of work since the first news of it: how fast it goes, and what is left."""

    def left(self, done: int, total: int | None) -> str:
        """Return the time left in words; nothing where it is not known."""
        speed = self.speed(done)
        return f"  {timedelta(seconds=round((total - done) / speed))} left" if total and speed > 0 else ""


def say(line: str) -> None:
    """Print what will be done, before it is."""
    print(line, file=sys.stderr, flush=True)


def say_note(note: str) -> None:
    """Print what a user should know, to standard error."""
    say(f"note: {note}")


def say_notes(notes: Iterable[str]) -> None:
    """Print several of these, a line each."""
    for note in notes:
        say_note(note)


def counter(bars: Bars) -> Show:
    """Return a function that shows (done, in all, what) as one bar for each ``what``, or in lines.

    Work that begins anew under the same name is timed anew.
    """
    tasks: dict[str, Any] = {}
    courses: dict[str, Course] = {}

    def show(done: int, total: int | None, what: str) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
            hide_finished(bars)
        if what not in courses or done == 0:
            courses[what] = Course(done)
        bars.update(tasks[what], completed=done, total=total)
        if bars.lines:
            text = what if done == 0 and not total else f"{what}: {done}{f'/{total}' if total else ''}"
            bars.lines.take(News(what, text, courses[what].left(done, total), is_done=done == total))

    return show


def hide_finished(bars: Bars) -> None:
    """Hide the oldest bars of finished work, where there are too many."""
    drawn = [task for task in bars.tasks if task.visible]
    for task in [task for task in drawn if task.finished][: max(0, len(drawn) - MOST_BARS)]:
        bars.update(task.id, visible=False)


@contextmanager
def training_bars() -> Iterator[tuple[Bars, Callable[[int, int, dict[str, float]], None], Callable[[float], None]]]:
    """Show bars for a training; yield them, what to tell of steps, and what to tell of the share of time waited."""
    waited = deque([0.0], maxlen=1)
    with progress_bars(TextColumn("{task.fields[speed]}")) as bars:
        yield bars, training_bar(bars, lambda: waited[-1]), waited.append


def training_bar(bars: Bars, waited: Callable[[], float] | None = None) -> Callable[[int, int, dict[str, float]], None]:
    """Return a function that shows the steps done, their speed, the time left and the loss terms.

    ``waited`` gives the share of the time in which steps waited for data, which is shown where it is there. Where no
    bars are drawn, there is a line at the end, too.
    """
    task = bars.add_task("training", total=None, speed="", start=False)
    courses: list[Course] = []

    def show(done: int, total: int, terms: dict[str, float]) -> None:
        if not courses:
            courses.append(Course(done))
            bars.start_task(task)
        speed = f"{courses[0].speed(done):.2f} steps/s"
        if waited is not None:
            speed += f", {waited():.1%} waiting for data"
        losses = "  ".join(f"{name} {value:.2f}" for name, value in terms.items())
        bars.update(task, completed=done, total=total, speed=f"{speed}  {losses}")
        if bars.lines:
            left = courses[0].left(done, total)
            news = News("training", f"step {done}/{total}  {speed}", left, f"  {losses}", is_done=done == total)
            bars.lines.take(news, at_once=done == total)

    return show
