"""The benchmark of translating runs here with small sizes: every line is told, and a failure loses no other."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def lines_of(*words: str) -> list[dict[str, Any]]:
    command = [sys.executable, str(ROOT / "benchmarks" / "translate.py"), "--small", "--threads", "1", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_engine_gives_a_line_with_machine_versions_pace_and_memory() -> None:
    lines = lines_of("--device", "cpu", "--engines", "torch", "cats", "--frames", "24")
    assert [line["engine"] for line in lines] == ["torch", "cats"]
    good, bad = lines
    low, high = good["spread"]
    assert 0 < low <= good["frames_per_second"] <= high
    assert 0 < good["device_busy"] <= 1
    assert good["peak_resident_gigabytes"] > 0.05
    assert good["size"] == "96x64"
    assert {"python", "torch"} <= good["versions"].keys()
    assert {"device", "cores", "threads", "first_seconds", "seconds_to_load", "batch", "load"} <= good.keys()
    assert "KeyError" in bad["failed"]


def test_what_takes_too_long_is_told_and_the_rest_goes_on() -> None:
    assert "took longer than" in lines_of("--device", "cpu", "--limit", "0.5")[0]["failed"]
