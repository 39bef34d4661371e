"""What all benchmarks share: the machine, medians with their spread, what the machine can do, and a result's line.

Each result is one line of JSON, so that those of several scripts gather in one file::

    {"part": "step", "what": "viper-to-cityscapes, 256x512", "how": "captured, bf16-mixed", "value": 0.03, "unit":
    "s/step", "spread": [0.029, 0.031], "n": 5, "peak_memory_mb": 730.0, "share_of_attainable": 0.35, "limit": "...",
    "command": "python benchmarks/step.py ...", "machine": {"cpu": ..., "cores": ..., "card": ..., "torch": ...,
    "python": ...}}

``value`` is the median of ``n`` readings, ``spread`` the smallest and the largest. What was not measured is null.
"""

import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OURS, PUBLISHED = "ours", "published code"
"""How ``how`` begins: which code was measured."""
_CPU_INFO = Path("/proc/cpuinfo")
_COPIED = {"cuda": 1 << 30, "cpu": 1 << 27}
"""Bytes that are copied to see what its memory can do."""

Line = dict[str, Any]


def machine() -> dict[str, Any]:
    """Return what the measuring was done on; the card is null where there is none."""
    import torch

    card = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "card": card,
        "torch": version("torch"),
        "python": platform.python_version(),
    }


def _processor() -> str:
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def result(
    part: str,
    what: str,
    how: str,
    readings: Sequence[float],
    unit: str,
    *,
    peak_memory_mb: float | None = None,
    share_of_attainable: float | None = None,
    limit: str = "",
) -> Line:
    """Return the line of a result; ``limit`` says in words what keeps it from being better.

    ``how`` begins with ``OURS`` or ``PUBLISHED``, so that both can be set side by side for the same ``what``.

    Raises:
        ValueError: there is no reading, or one is not finite.
    """
    if not readings or not all(map(math.isfinite, readings)):
        raise ValueError(f"{part}, {what}, {how}: readings {list(readings)}; expected finite ones")
    return {
        "part": part,
        "what": what,
        "how": how,
        "value": _rounded(statistics.median(readings)),
        "unit": unit,
        "spread": [_rounded(min(readings)), _rounded(max(readings))],
        "n": len(readings),
        "peak_memory_mb": _rounded(peak_memory_mb),
        "share_of_attainable": _rounded(share_of_attainable),
        "limit": limit,
        "command": " ".join(["python", *_words()]),
        "machine": machine(),
    }


def _words() -> list[str]:
    """Return the words of the command that runs, its script as it is named from the project's folder."""
    script = Path(sys.argv[0]).resolve()
    name = script.relative_to(ROOT).as_posix() if script.is_relative_to(ROOT) else script.name
    return [name, *sys.argv[1:]]


def _rounded(value: float | None) -> float | None:
    """Return four significant digits."""
    return None if value is None else float(f"{value:.4g}")


def notify(line: Line) -> None:
    """Print a result's line at once, so that it is there even where the rest fails."""
    print(json.dumps(line, allow_nan=False), flush=True)


def synchronize(device: str) -> None:
    """Wait until the device has done everything that was asked of it."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()


def seconds_of(work: Callable[[], object], device: str = "cpu", times: int = 5, warm: int = 1) -> list[float]:
    """Return the seconds that work takes, ``times`` times after ``warm`` times that do not count."""
    for _ in range(warm):
        work()
    readings = []
    for _ in range(times):
        synchronize(device)
        start = time.perf_counter()
        work()
        synchronize(device)
        readings.append(time.perf_counter() - start)
    return readings


def attainable_bytes(device: str) -> float:
    """Return the bytes a second that a large copy in a device's memory reads and writes."""
    import torch

    one = torch.zeros(_COPIED[device.partition(":")[0]], dtype=torch.uint8, device=device)
    other = torch.empty_like(one)
    return 2 * one.numel() / statistics.median(seconds_of(lambda: other.copy_(one), device))
