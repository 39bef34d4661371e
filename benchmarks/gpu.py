"""Every check that needs a GPU in one command that ends within eight minutes: ``make bench-gpu OUT=FOLDER``.

First the tests marked ``cuda`` that matter most, then the benchmarks, then the other tests, each in a process of its
own with a time limit of its own. What one has printed stays where it fails or runs out of time, and the others run all
the same. FOLDER gets ``bench-gpu.json`` (under 1 MB), written anew after each part; at the end there is one table.
Nothing is installed or fetched: torch, the package's wheels and pytest must be importable. ``--small`` runs all at
small sizes, on a CPU too.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gathering import gathered, is_result
from measured import Line, machine

ROOT = Path(__file__).resolve().parent.parent
FILE = "bench-gpu.json"
LIMIT = 470.0
"""Seconds that all parts together may take."""
TAIL, MOST_LINES, MOST = 16_000, 250, 20
"""Characters of what a part said at last, and results and failures of it, that are kept."""

SMALL, PATIENT = ("--small", "--device", "cpu"), ("--limit", "600")


@dataclass(frozen=True)
class Part:
    """A check, run by Python in the project's folder."""

    name: str
    words: tuple[str, ...]
    seconds: float
    """What it may take at most."""
    small: tuple[str, ...] = SMALL
    """Further words for a run at small sizes on a CPU."""
    compares: bool = False
    """Whether it takes ``--reference DIR``, a checkout of the published code."""


def marked_tests() -> tuple[str, ...]:
    """Return the test files that hold tests for a GPU; no other file need be imported."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return tuple(path.relative_to(ROOT).as_posix() for path in files if "mark.cuda" in path.read_text())


FIRST_TESTS = tuple(
    f"tests/{name}"
    for name in (
        "acceleration/test_cuda_steps.py::test_a_fused_norm_and_its_gradients_are_those_in_double_precision",
        "acceleration/test_cuda_steps.py::test_a_reflected_border_and_its_gradients_are_those_of_torch",
        "translation/test_cuda.py::test_a_video_is_that_of_the_cpu_in_order",
        "acceleration/test_cuda_steps.py::test_fused_norms_and_borders_give_the_same_losses_to_rounding",
        "data/test_cuda_staging.py",
    )
)
"""What must be known first; all other tests for a GPU come last, where time is left."""
TESTS = ("-m", "pytest", "-m", "cuda and not slow", "-v", "-o", "timeout=40", "-p", "no:cacheprovider")
OTHER_TESTS = (*marked_tests(), *(f"--deselect={name}" for name in FIRST_TESTS))
STEP = (
    *("benchmarks/step.py", "--steps", "20", "--rounds", "1", "--limit", "60", "--minutes", "3"),
    *("--variants", "fused-bf16", "fused-32", "eager-bf16", "captured-bf16"),
)
FEW_STEPS = ("--minutes", "30", "--steps", "2", "--variants", "eager-32")
TRANSLATE = (
    *("benchmarks/translate.py", "--frames", "150", "--repeats", "2", "--limit", "40"),
    *("--sizes", "512x256", "1920x1080", "--precisions", "bf16-mixed"),
)
PARTS = (
    Part("first-tests", (*TESTS, *FIRST_TESTS), 60, small=("-q",)),
    Part("step", STEP, 190, (*SMALL, *PATIENT, *FEW_STEPS), compares=True),
    Part("translate", TRANSLATE, 90, (*SMALL, *PATIENT, "--precisions", "32"), compares=True),
    Part("loader", ("benchmarks/loader.py", "--frames", "2", "--batches", "100", "--rounds", "1"), 35, compares=True),
    Part("startup", ("benchmarks/startup.py", "--rounds", "1", "--training-only"), 35),
    Part("tests", (*TESTS, *OTHER_TESTS), 60, small=("-q",)),
)
"""In the order in which they are run."""


@dataclass(frozen=True)
class Done:
    """How a part ended."""

    name: str
    command: str
    code: int
    """Its exit code; that of a signal where its time was over."""
    seconds: float
    in_time: bool
    tail: str
    """The end of what it said."""
    lines: list[Line]
    """Its results."""
    failures: list[str]
    """What it told of works that went wrong."""

    @property
    def is_well(self) -> bool:
        """Return whether all of it was measured."""
        return self.in_time and self.code == 0 and not self.failures


def run_part(part: Part, seconds: float) -> Done:
    """Run a part for so many seconds at most, with all processes that it starts."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    start = time.monotonic()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, *part.words],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        in_time = ends_in_time(process, seconds)
        said, wrong = (read(file) for file in (output, errors))
    command = " ".join(["python", *part.words])
    taken = round(time.monotonic() - start, 1)
    results, failures = gathered(said.splitlines(), command)
    messages = "\n".join(line for line in said.splitlines() if not is_result(line))
    tail = f"{messages}\n{wrong}"[-TAIL:].strip()
    return Done(part.name, command, process.returncode, taken, in_time, tail, results[:MOST_LINES], failures[:MOST])


def ends_in_time(process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Return whether a process ends by itself; end it and all that it started otherwise."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    return True


def read(file: Any) -> str:
    """Return what was written to a file from its beginning on."""
    file.seek(0)
    return file.read().decode(errors="replace")


def chosen(arguments: argparse.Namespace) -> list[Part]:
    """Return the parts to run, with the words that the options add."""
    parts = [part for part in PARTS if not arguments.only or part.name in arguments.only]
    if arguments.small:
        parts = [replace(part, words=part.words + part.small) for part in parts]
    if arguments.reference:
        words = ("--reference", str(arguments.reference.resolve()))
        parts = [replace(part, words=part.words + words * part.compares) for part in parts]
    return parts


def write(out: Path, done: Sequence[Done], reference: Path | None = None) -> None:
    """Write what is known so far, without the places of this machine."""
    out.mkdir(parents=True, exist_ok=True)
    messages = json.dumps({"machine": machine(), "parts": [asdict(one) for one in done]}, indent=1, allow_nan=False)
    if reference:
        messages = messages.replace(str(reference.resolve()), "CHECKOUT_OF_THE_PUBLISHED_CODE")
    (out / FILE).write_text(messages.replace(f"{ROOT}/", ""))


def table(done: Sequence[Done]) -> str:
    """Return all results in a table, and how each part ended."""
    rows = [("part", "what", "how", "median", "from", "to", "n", "MB", "of attainable")]
    rows += [row(line) for one in done for line in one.lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows]
    wrong = [f"{one.name}: {failure}" for one in done for failure in one.failures]
    return "\n".join([*shown, "", *wrong, *map(ended, done)])


def row(line: Line) -> tuple[str, ...]:
    low, high = line["spread"]
    memory, share = line["peak_memory_mb"], line["share_of_attainable"]
    numbers = (f"{line['value']:g} {line['unit']}", f"{low:g}", f"{high:g}", str(line["n"]))
    shares = ("" if memory is None else f"{memory:.0f}", "" if share is None else f"{share:.1%}")
    return line["part"], line["what"], line["how"], *numbers, *shares


def ended(one: Done) -> str:
    """Return in a line how a part ended."""
    state = "done" if one.is_well else "FAILED" if one.in_time else "OUT OF TIME"
    last = one.tail.splitlines()[-1] if one.tail else ""
    return f"{one.name}: {state} in {one.seconds:.0f} s, {len(one.lines)} results. {last}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help=f"folder to write {FILE} into")
    parser.add_argument("--reference", type=Path, help="checkout of the published code, to be measured beside ours")
    parser.add_argument("--only", nargs="+", choices=[part.name for part in PARTS], help="parts to run; all by default")
    parser.add_argument("--small", action="store_true", help="sizes at which all of it takes a minute or so on a CPU")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that all may take, each its share")
    arguments = parser.parse_args()
    start, done = time.monotonic(), list[Done]()
    for part in chosen(arguments):
        left = arguments.limit - (time.monotonic() - start)
        own = part.seconds * arguments.limit / LIMIT
        done.append(run_part(part, max(1.0, min(own, left))))
        print(ended(done[-1]), file=sys.stderr, flush=True)
        write(arguments.out, done, arguments.reference)
    print(table(done))
    sys.exit(not all(one.is_well for one in done))


if __name__ == "__main__":
    main()
