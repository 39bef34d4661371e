"""How a command ends under attack: in time, and never by a fault of the program."""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from types import FrameType

from recyclegan import cli

PROGRESS = r"(?!recyclegan: )(note: |measuring |.+: \d+)"
"""What may be told before a refusal: notes, what is to be measured, and how far it is."""
LONGEST = 10
"""Seconds that a refusal may take."""


@dataclass(frozen=True)
class End:
    """How a command ended."""

    code: int
    output: str
    errors: str


class TooLongError(Exception):
    """A command did not end in time."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TooLongError where the block does not end in time."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError(f"still at it after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(words: Sequence[object], seconds: int = LONGEST) -> End:
    """Run a command in this process and return how it ended."""
    output, errors = StringIO(), StringIO()
    with redirect_stdout(output), redirect_stderr(errors), within(seconds):
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return End(code, output.getvalue(), errors.getvalue())


def check_end(end: End) -> None:
    """Check that a command did its work (a doctor that found something ends with 1), or refused it in one line."""
    assert end.code in (0, 1, 2), end
    assert "Traceback" not in end.errors, end
    if end.code == 2:
        lines = [line for line in end.errors.splitlines() if not re.match(PROGRESS, line)]
        assert len(lines) == 1, end
        assert lines[0].startswith("recyclegan: "), end
