"""Memory that was freed is kept for the next frame, or given back to the system, where the C library is glibc."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from recyclegan import freed_memory

FAULTS = """
import resource, torch
from recyclegan.freed_memory import keep_freed_memory
{first}
for _ in range(3):
    torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
HELD = """
import torch
from pathlib import Path
from recyclegan.freed_memory import give_freed_memory_back
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
torch.ones(1 << 22)
layers = [torch.ones(1 << 21) for _ in range(40)]
before = resident()
del layers[::2]
{first}
print((before - resident()) // 20)
"""
ON_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def printed(script: str, first: str) -> int:
    """Return the number that a script prints in a process of its own."""
    words = [sys.executable, "-c", script.format(first=first)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout)


@ON_GLIBC
def test_what_was_freed_is_kept_for_the_next_frame() -> None:
    assert printed(FAULTS, "keep_freed_memory()") < printed(FAULTS, "") // 10


@ON_GLIBC
def test_layers_that_were_freed_between_others_are_given_back() -> None:
    layer = 1 << 23
    assert printed(HELD, "give_freed_memory_back()") > 0.9 * layer
    assert printed(HELD, "") < 0.5 * layer


def test_memory_is_given_back_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = [100.0], list[float]()
    library = SimpleNamespace(malloc_trim=lambda _: given.append(now[0]))
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda _: library)
    monkeypatch.setattr(freed_memory.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(freed_memory, "_given_back", [0.0])
    for now[0] in (100.0, 100.5, 101.2, 101.9, 300.0):
        freed_memory.give_freed_memory_back()
    assert given == [100.0, 101.2, 300.0]
