"""Whether a batch is of a size that makes sense for the data and fits the machine, before anything is drawn."""

import math
import os
from collections.abc import Mapping

from recyclegan.domains import Domain
from recyclegan.errors import InputError

MOST_REPEATS = 16
"""Times that a batch may hold each window of the larger domain; crops and motion still differ."""


def check_batch(num_windows: Mapping[Domain, int], batch_size: int) -> None:
    """Refuse a batch, over all processes, that is far larger than an epoch.

    Raises:
        InputError: it would hold every window more than 16 times.
    """
    largest = max(num_windows.values())
    if batch_size > MOST_REPEATS * largest:
        raise InputError(
            f"batch_size: {batch_size} clips of each domain in a step, and an epoch has {largest}; expected at most "
            f"{MOST_REPEATS * largest}; take a smaller batch, or add footage"
        )


def batch_notes(num_windows: Mapping[Domain, int], batch_size: int) -> list[str]:
    """Return a note for each domain of which a batch holds windows several times."""
    return [
        f"domain {domain.upper()}: has {number} clips to draw, and a batch takes {batch_size}: it holds some several "
        "times"
        for domain, number in num_windows.items()
        if batch_size > number
    ]


def check_memory(num_bytes: int) -> None:
    """Refuse a batch of more bytes than the machine has memory.

    Raises:
        InputError: it has.
    """
    memory = _memory()
    if num_bytes > memory:
        raise InputError(
            f"batch_size: a batch takes {num_bytes / 1e9:.1f} GB before any network sees it, and the machine has "
            f"{memory / 1e9:.1f} GB; take a smaller batch or smaller frames"
        )


def _memory() -> float:
    """Return the machine's memory in bytes, infinite where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return math.inf
