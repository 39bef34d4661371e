"""Half precision on a CPU is measured, in a moment, and emulation is told from instructions."""

import os
import platform
import subprocess
import sys
import time

import pytest
import torch

from recyclegan.networks.half_precision import AT_MOST, SLOWER, slowness_of

MEASURED = (
    "import torch; from recyclegan.networks.half_precision import slowness_of; print(slowness_of(torch.bfloat16))"
)
EMULATED = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
"""Keeps the libraries from instructions for bf16, be there some."""


def test_it_takes_a_moment() -> None:
    start = time.monotonic()
    assert slowness_of.__wrapped__(torch.bfloat16) > 0
    assert time.monotonic() - start < 5 * AT_MOST


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have no such switch")
def test_emulation_is_found_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], env={**os.environ, **EMULATED}, capture_output=True, text=True, timeout=60
    )
    assert float(done.stdout) > SLOWER, done.stderr
