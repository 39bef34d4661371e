"""Batches made ahead in a thread, so that a step finds its own where it needs it, and how long steps had to wait."""

import time
from collections.abc import Callable

from recyclegan.data.staging import Staged
from recyclegan.domains import Domain
from recyclegan.tensors import Clips
from recyclegan.video.reading import made_ahead

DEPTH = 2
"""Batches that wait at most, while one more is made."""


class Prefetched:
    """The batches of consecutive steps, the same whatever the timing: each depends on its step alone.

    What goes wrong while one is made is raised when it is asked for. On leaving the block the thread has ended.
    """

    def __init__(self, stage: Callable[[int], Staged], first: int, num_steps: int) -> None:
        """Make the batches of steps ``first`` to ``num_steps - 1`` by ``stage``, from the first one asked for on."""
        self._batches = made_ahead(((step, stage(step)) for step in range(first, num_steps)), DEPTH)
        self._start: float | None = None
        self._waited = 0.0

    def __enter__(self) -> "Prefetched":
        return self

    def __exit__(self, *_: object) -> None:
        self._batches.close()

    def batch(self, step: int) -> dict[Domain, Clips]:
        """Return the batch of a step, on the device; steps are asked for one after the other.

        Raises:
            InputError: frames are damaged in the cache, and cannot be decoded anew.
        """
        asked = time.perf_counter()
        made, staged = next(self._batches)
        assert made == step
        batch, now = staged.take(), time.perf_counter()
        if self._start is None:  # nothing could be made ahead of the first one
            self._start = now
        else:
            self._waited += now - asked
        return batch

    @property
    def share_waited(self) -> float:
        """Return the share of the time since the first batch in which steps waited for theirs."""
        since = time.perf_counter() - self._start if self._start is not None else 0.0
        return self._waited / since if since else 0.0
