"""The signals that end a run in good order."""

import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

KINDS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, the request to end, and the terminal that goes away."""
_SAME_REQUEST = 0.2
"""Seconds in which further signals count as one: ``timeout``, for one, sends each of them twice."""


class Interruption:
    """Whether one of the signals asked for a clean end."""

    def __init__(self) -> None:
        self.asked = False
        self._at = 0.0
        self._before: dict[int, Any] = {}

    @contextmanager
    def listening(self) -> Iterator["Interruption"]:
        """Take the signals while the block runs; a second one does what it did before, and so ends the process at once.

        A SIGHUP that whoever started the process ignores, as ``nohup`` does, stays ignored. Outside the main thread,
        where Python hands out no signals, the block just runs.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {kind: signal.getsignal(kind) for kind in KINDS}
        self._before = {kind: old for kind, old in before.items() if kind == signal.SIGINT or old is not signal.SIG_IGN}
        try:
            for kind in self._before:
                signal.signal(kind, self._take)
            yield self
        finally:
            self._put_back()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        leave_lost_terminal()
        if not self.asked:
            self.asked, self._at = True, time.monotonic()
        elif time.monotonic() - self._at > _SAME_REQUEST:
            self._put_back()
            signal.raise_signal(number)

    def _put_back(self) -> None:
        for kind, handler in self._before.items():
            signal.signal(kind, handler)


def leave_lost_terminal() -> None:
    """Send what is printed from now on nowhere, where it went to a terminal that is gone."""
    for stream in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream)
                os.close(nowhere)
