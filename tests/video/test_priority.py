"""Encoding leaves the rest of the machine its share: SVT-AV1, opened by root, would take first place."""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from recyclegan.video import VideoWriter
from tests.media import bars

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="priorities of threads are Linux's")


def policies() -> set[int]:
    return {os.sched_getscheduler(int(thread.name)) for thread in Path("/proc/self/task").iterdir()}


@pytest.mark.parametrize("codec", ["libsvtav1", "libx264"])
def test_encoding_changes_no_priority(tmp_path: Path, codec: str) -> None:
    before = policies()
    with VideoWriter(tmp_path / "out.mp4", 64, 64, rate=Fraction(25), codec=codec) as writer:
        for number in range(3):
            writer.write(bars(64, 64, number))
            assert policies() == before
    assert policies() == before
