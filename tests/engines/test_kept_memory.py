"""Memory that was freed is kept for the next frame, where the C library is glibc."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from recyclegan.engines.devices import keep_freed_memory
{keep}
torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.ones(1 << 24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: str) -> int:
    """Return the page faults of a second tensor of 64 MB, in a process of its own."""
    words = [sys.executable, "-c", FAULTS.format(keep=keep)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_what_was_freed_is_kept_for_the_next_frame() -> None:
    assert faults("keep_freed_memory()") < faults("") // 10
