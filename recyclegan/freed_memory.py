"""What the C library does with memory that this process frees, where it is glibc: it is kept, or given back."""

import ctypes
import os
import time
from contextlib import suppress

_TRIM, _MAPS = -1, -4
"""Names in glibc of how many free bytes are given back, and of how many blocks may be mapped by themselves."""
_SECONDS = 1.0
"""Between two times that memory is given back: what that takes is then little beside what is computed."""
_given_back = [0.0]


def keep_freed_memory() -> None:
    """Let this process keep memory that it frees, for work that needs as much again at once, as frame after frame does.

    Else each large tensor is asked of the system and given back, page by page. Large tensors lie in large pages, where
    torch has not asked for any yet.
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MAPS, 0)
        mallopt(_TRIM, 2**31 - 1)


def give_freed_memory_back() -> None:
    """Give memory back that lies free between tensors in use, once a second at most."""
    now = time.monotonic()
    if now - _given_back[0] >= _SECONDS:
        _given_back[0] = now
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
