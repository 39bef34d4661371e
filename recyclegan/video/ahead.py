"""Work done ahead in a thread of its own."""

from collections.abc import Generator, Iterable
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

_WAIT = 0.05
"""Seconds after which the thread looks whether it is still wanted."""


def made_ahead(items: Iterable[T], depth: int = 4) -> Generator[T, None, None]:
    """Yield items that a thread makes up to ``depth`` ahead; what making them raises is raised in its turn.

    The thread has ended when the iterator is exhausted or closed.
    """
    queue: Queue[T | _End] = Queue(depth)
    unwanted = Event()
    thread = Thread(target=_make, args=(items, queue, unwanted), daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        thread.join()


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _make(items: Iterable[T], queue: "Queue[T | _End]", unwanted: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(item, queue, unwanted):
                return
    except BaseException as error:
        end = _End(error)
    _put(end, queue, unwanted)


def _put(item: T, queue: "Queue[T]", unwanted: Event) -> bool:
    """Put an item as soon as there is room, and return True; False where nobody wants it any more."""
    while not unwanted.is_set():
        try:
            queue.put(item, timeout=_WAIT)
        except Full:
            continue
        return True
    return False
