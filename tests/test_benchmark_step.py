"""The benchmark of a step: it runs on a CPU, and what fails loses nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "step.py"
SMALL = ("--small", "--steps", "1", "--device", "cpu", "--threads", "1", "--recipe", "video-to-label")


def benchmark(*words: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the lines of JSON, and those of the table."""
    done = subprocess.run([sys.executable, str(SCRIPT), *SMALL, *words], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")], [line for line in lines if line[:1] != "{"]


def test_it_prints_a_line_for_each_way_to_run_a_step() -> None:
    (rates, line), table = benchmark()
    assert rates["attainable"]["tflops"] > 0
    assert rates["attainable"]["gigabytes_per_second"] > 0
    assert (line["recipe"], line["variant"], line["size"]) == ("video-to-label", "eager-32", [64, 64])
    assert line["spread"][0] <= line["seconds"] <= line["spread"][1]
    assert line["gigabytes_above_idle"] > 0
    assert line["share_of_attainable"] > 0
    assert {"ab/adversarial", "ab/unsup_spatial", "b/discriminator"} <= line["losses"].keys()
    assert {"device", "cores", "threads", "torch", "python", "in_a_row", "ready_seconds"} <= line.keys()
    assert line["told"] == []
    assert len(table) == 1


def test_what_takes_too_long_is_told_and_loses_nothing_else() -> None:
    (_, *lines), table = benchmark("--limit", "0.05", "--variants", "eager-32", "captured-32")
    assert [line["variant"] for line in lines] == ["eager-32", "captured-32"]
    assert all(line["error"].startswith("took more than 0 s") for line in lines)
    assert len(table) == 2


COUNTED = """
import mmap, sys
sys.path.insert(0, "benchmarks")
from step import resident
before = resident()
with open(sys.argv[1], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    touched = sum(pages[place] for place in range(0, len(pages), 4096))
    of_a_file = resident() - before
ours = bytearray(b"x") * (1 << 25)
print(of_a_file, resident() - before)
"""


def test_code_that_is_read_in_late_is_not_counted_as_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(1 << 25))
    command = [sys.executable, "-c", COUNTED, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=SCRIPT.parent.parent)
    of_a_file, with_ours = map(int, done.stdout.split())
    assert of_a_file < 1 << 22
    assert with_ours > 0.9 * (1 << 25)
