"""How a command ends: what it prints, the exit code, and what is left where it fails."""

import errno
import os
import platform
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from recyclegan.errors import InputError
from recyclegan.version import __version__

MISTAKE, FAULT = 2, 3
"""Exit codes: the user can mend it; the program is at fault."""
SIGNALLED = 128
"""Plus the number of the signal: the exit code of a command that a signal ended."""
_SAME_REQUEST = 1.0
"""Seconds in which further signals count as one: ``timeout``, for one, sends each of them twice."""


_LOST = frozenset({errno.EPIPE, errno.ENOSPC, errno.EIO})
"""What standard output says when it takes nothing more; files say the same, and their doors tell it before."""


class Ended(BaseException):
    """SIGTERM or SIGHUP asked the process to end; what is half written is removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_code(command: Callable[[], int], words: Sequence[str], name: str = "recyclegan", debug: bool = False) -> int:
    """Run a command; return its exit code after saying in one line why it failed, if it did.

    ``name`` begins that line, ``words`` are what the command was given. The code is the command's own, 2 for a user's
    mistake, 3 for a fault of the program (told of in a file), 128 and the signal's number where one ended it.
    """
    try:
        with _standard_streams(), _signals_raised():
            return command()
    except BrokenPipeError:
        return SIGNALLED + signal.SIGPIPE
    except KeyboardInterrupt:
        return _say(name, "interrupted", SIGNALLED + signal.SIGINT)
    except Ended as end:
        return _say(name, f"ended by {end}", SIGNALLED + end.number)
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _failed(name, error, words)


def _failed(name: str, error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, InputError):
        return _say(name, str(error), MISTAKE)
    if _lacks_memory(error):
        return _say(name, f"not enough memory ({error}); lower --size, --batch-size or --width", MISTAKE)
    if isinstance(error, OSError) and error.filename is not None:
        return _say(name, f"{error.filename}: {error.strerror}; check its name, permissions and disk", MISTAKE)
    found = " ".join(f"{type(error).__name__}: {error}".split())
    report = _fault_report(error, words)
    return _say(name, f"a fault of the program, not yours ({found}); please send {report} to its bug tracker", FAULT)


def _say(name: str, line: str, code: int) -> int:
    with suppress(OSError, ValueError):
        print(f"{name}: {' '.join(line.split())}", file=sys.stderr)
    return code


def _lacks_memory(error: Exception) -> bool:
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )


def _fault_report(error: Exception, words: Sequence[str]) -> Path | str:
    """Write what somebody needs to mend a fault into a file, and return its path; or what to do where that fails."""
    trace = "".join(traceback.format_exception(error))
    about = f"recyclegan {__version__}, Python {platform.python_version()}, {platform.platform()}"
    path = Path(tempfile.gettempdir()) / f"recyclegan-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        path.write_text(f"{about}\n{list(words)}\n{trace}", "utf-8", "backslashreplace")
    except OSError:
        return "what --debug prints"
    return path


@contextmanager
def _standard_streams() -> Iterator[None]:
    """Stand in for streams that are closed, print any name, and see that what was printed has been written."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, so that no file of ours does
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in _LOST:
            raise
        _forget_output()
        if isinstance(error, BrokenPipeError):
            raise
        raise InputError(f"standard output: cannot be written ({error.strerror}); send it elsewhere") from error


def _nowhere() -> TextIO:
    """Return a stream that takes everything, instead of one that Python found closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def _forget_output() -> None:
    """Leave standard output alone from now on, so that Python's own end is quiet."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _signals_raised() -> Iterator[None]:
    """Raise ``Ended`` in the main thread for SIGTERM and SIGHUP, unless whoever started the process ignores them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kinds = [kind for kind in (signal.SIGTERM, getattr(signal, "SIGHUP", None)) if kind]
    before = {kind: signal.getsignal(kind) for kind in kinds}
    taken = {kind: handler for kind, handler in before.items() if handler is not signal.SIG_IGN}
    asked = float("-inf")

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        first, asked = asked, time.monotonic()
        if asked - first > _SAME_REQUEST:
            raise Ended(number)

    for kind in taken:
        signal.signal(kind, end)
    try:
        yield
    finally:
        for kind, handler in taken.items():
            signal.signal(kind, handler)
