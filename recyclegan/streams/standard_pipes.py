"""Standard input and output as pipes of bytes: left at once when they are no longer wanted, and free of any text."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

from recyclegan.errors import InputError

_WAIT = 0.1
"""Seconds after which a read looks whether it is still wanted."""
_HAS_SELECT = sys.platform != "win32"


class InputPipe:
    """Bytes that come in, by default through standard input."""

    def __init__(self, number: int = 0) -> None:
        """``number`` is that of the open file.

        Raises:
            InputError: it is a terminal.
        """
        if os.isatty(number):
            raise InputError("-: standard input is a terminal; send frames into it: ffmpeg ... -f yuv4mpegpipe - | ...")
        self._number, self._unwanted = number, Event()
        _take_bytes(number)

    def read(self, size: int) -> bytearray:
        """Return so many bytes; fewer at the end, or once it is closed."""
        data = bytearray()
        while len(data) < size and (piece := self._piece(size - len(data))):
            data += piece
        return data

    def line(self, most: int) -> bytearray:
        """Return the bytes up to the end of a line, that included; at most so many."""
        data = bytearray()
        while len(data) < most and not data.endswith(b"\n") and (piece := self._piece(1)):
            data += piece
        return data

    def close(self) -> None:
        """Let a thread that reads go on with what it has, and read no more."""
        self._unwanted.set()

    def _piece(self, most: int) -> bytes:
        """Return some bytes as soon as there are any; none at the end."""
        while not self._unwanted.is_set():
            if not _HAS_SELECT or select.select([self._number], [], [], _WAIT)[0]:
                return os.read(self._number, most)
        return b""


class OutputPipe:
    """Bytes that go out through an open file."""

    def __init__(self, number: int) -> None:
        self._number = number
        _take_bytes(number)

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._number, rest) :]


@contextmanager
def standard_output(number: int = 1) -> Iterator[OutputPipe]:
    """Yield standard output for frames alone: whatever is printed inside the block goes to standard error.

    Raises:
        InputError: it is a terminal.
    """
    if os.isatty(number):
        raise InputError("-: standard output is a terminal; send frames on: ... | ffplay -")
    _flush()
    kept = os.dup(number)
    os.dup2(2, number)
    try:
        yield OutputPipe(kept)
    finally:
        _flush()
        os.dup2(kept, number)
        os.close(kept)


def _flush() -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()


def _take_bytes(number: int) -> None:
    """Let Windows leave bytes as they are."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(number, os.O_BINARY)
