"""What the C library does with memory that this process frees, where it is glibc: kept, or given back at once."""

import ctypes
import os
from contextlib import suppress

_TRIM, _MAPPED_FROM, _MAPS = -1, -3, -4
"""Names in glibc of how many free bytes are given back, of the size from which blocks are mapped by themselves, and of
how many may be."""
_LARGE = 1 << 22
"""Bytes of a tensor whose pages cost little beside what is computed in it."""


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, for work that needs as much again at once, as frame after frame does.

    Else each large tensor is asked of the system and given back, page by page. Large tensors lie in large pages, where
    torch has not asked for any yet.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    _set(_MAPS, 0)
    _set(_TRIM, 2**31 - 1)


def give_freed_memory_back() -> None:
    """Let this process give large tensors back once they are freed, for work that frees others than it takes next.

    Else what lies free between others in use is lost: two fifths more than is in use, in a step of training.
    """
    _set(_MAPPED_FROM, _LARGE)


def _set(name: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(name, value)
