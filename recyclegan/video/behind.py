"""Work handed on to a thread of its own, which does it in order while the one who hands it on goes ahead."""

from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")

_WAIT = 0.05
"""Seconds after which either side looks whether the other still goes on."""


class Behind(Generic[T]):
    """Does work on items in the order in which they are handed on, up to ``depth`` of them behind.

    Used in a ``with`` statement: its end waits for the last item, and raises what the work raised. Where the block
    fails, what was not begun is left undone. The thread has ended afterwards in any case.
    """

    def __init__(self, work: Callable[[T], None], depth: int = 1) -> None:
        self._work = work
        self._queue: Queue[T | _End] = Queue(depth)
        self._error: BaseException | None = None
        self._unwanted = Event()
        self._thread = Thread(target=self._go, daemon=True)

    def __enter__(self) -> "Behind[T]":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._put(_End())
                while self._thread.is_alive():
                    self._thread.join(_WAIT)
        finally:
            self._unwanted.set()
            self._thread.join()
        if error is None and self._error is not None:
            raise self._error

    def put(self, item: T) -> None:
        """Hand an item on as soon as there is room.

        Raises what the work on an earlier one raised.
        """
        self._put(item)

    def _put(self, item: "T | _End") -> None:
        while self._error is None:
            try:
                self._queue.put(item, timeout=_WAIT)
            except Full:
                continue
            return
        raise self._error

    def _go(self) -> None:
        while not self._unwanted.is_set():
            try:
                item = self._queue.get(timeout=_WAIT)
            except Empty:
                continue
            if isinstance(item, _End) or not self._done(item):
                return

    def _done(self, item: T) -> bool:
        """Do the work on an item, and return whether that went well."""
        try:
            self._work(item)
        except BaseException as error:
            self._error = error
        return self._error is None


class _End:
    """Says that nothing follows."""
