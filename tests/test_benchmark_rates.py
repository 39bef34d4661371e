"""The benchmarks of students and of live translation: each runs, and prints rates that can be."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recyclegan.settings.distillation import STUDENTS

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


def lines(script: str, *words: str) -> list[dict[str, Any]]:
    command = [sys.executable, str(BENCHMARKS / script), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_students_are_timed_beside_the_full_network() -> None:
    found = lines("students.py", "--rounds", "2", "--size", "64", "32", "--threads", "1")
    assert [line["what"].split(",")[0] for line in found] == [*STUDENTS, "full resnet-6"]
    assert all(0 < line["spread"][0] <= line["value"] <= line["spread"][1] for line in found)
    assert found[0]["value"] > found[-1]["value"]


@pytest.mark.slow
def test_live_keeps_up_with_a_slow_pipe() -> None:
    (line,) = lines("live.py", "day2label", "--size", "64", "32", "--rate", "10", "--frames", "40")
    assert (line["n"], line["unit"]) == (1, "frames/s")
    assert 8 < line["value"] < 12


@pytest.mark.slow
def test_the_time_of_a_frame_is_that_of_its_operators() -> None:
    (line,) = lines("operators.py", "--width", "16", "--size", "96", "64")
    assert "aten::bmm" in line["operators"]
    assert sum(line["operators"].values()) == pytest.approx(line["milliseconds"], abs=2)


@pytest.mark.slow
def test_a_longer_video_takes_no_more_memory() -> None:
    short, long, ratio = lines("long_video.py", "--seconds", "8", "--times", "4", "--size", "128", "64")
    assert ratio["value"] == pytest.approx(long["value"] / short["value"], abs=0.002)
    assert 0.8 < ratio["value"] < 1.2
