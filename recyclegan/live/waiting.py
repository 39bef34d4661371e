"""Frames between the thread that reads them and the one that translates them."""

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Items that wait for their turn, at most ``depth``.

    Where there is no room, whoever puts one waits; or, with ``newest``, the oldest makes way, so that what is taken is
    never older than ``depth`` items. ``num_dropped`` tells how many have made way.
    """

    def __init__(self, depth: int, newest: bool) -> None:
        self._items: deque[T] = deque()
        self._depth, self._newest = depth, newest
        self._changed = Condition()
        self._has_ended = self._is_closed = False
        self._error: BaseException | None = None
        self.num_dropped = 0

    def put(self, item: T) -> bool:
        """Put an item as soon as there is room, and return True; False where nobody wants it any more."""
        with self._changed:
            if not self._newest:
                self._changed.wait_for(lambda: len(self._items) < self._depth or self._is_closed)
            if self._is_closed:
                return False
            if len(self._items) >= self._depth:
                self._items.popleft()
                self.num_dropped += 1
            self._items.append(item)
            self._changed.notify_all()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing follows, or what went wrong."""
        with self._changed:
            self._has_ended, self._error = True, error
            self._changed.notify_all()

    def take(self, timeout: float) -> T | None:
        """Return the item whose turn it is; None where none has come within so many seconds.

        Raises:
            EOFError: nothing follows.

        Raises also what was told to :meth:`end`, behind the last item.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._has_ended, timeout)
            if self._items:
                item = self._items.popleft()
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            if self._has_ended:
                raise EOFError
            return None

    def restart(self, item: T) -> T:
        """Forget all but the newest item that waits, and what was dropped; return it, or ``item`` where none waits."""
        with self._changed:
            newest = self._items.pop() if self._items else item
            self._items.clear()
            self.num_dropped = 0
            self._changed.notify_all()
            return newest

    def close(self) -> None:
        """Want nothing any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
