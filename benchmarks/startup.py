"""Seconds until the command line answers, and until training takes its first step, phase by phase.

``python benchmarks/startup.py`` starts a process for the version, the help of every command, mistakes and completion,
``--rounds`` times in turn, and then trains three steps as ``recyclegan train`` does, with a warm cache, and tells where
the time goes, from the first line of Python to the page of the run. One line of JSON a result, see ``measured.py``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from measured import OURS, notify, result

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PART = "startup"
COMMANDS = [["--version"], ["--help"], ["--completion", "bash"], ["train", "--help"], ["prepare", "--help"]]
MISTAKES = [["train", "cut", "--unknown", "3"], ["trian"]]
PHASES = {
    "prepare": "data, networks and device",
    "train_step": "steps",
    "begin": "settings, digests and a first page",
    "record": "log, samples and measures",
    "save": "checkpoint and translators",
    "show": "page",
    "outcome": "verdict",
}
"""What the functions of the training loop do, by their names; a test sees that they are there."""


def seconds(words: list[str]) -> float:
    """Return how long a command takes in a process of its own."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "recyclegan", *words], cwd=ROOT, capture_output=True, check=False)
    return time.perf_counter() - start


def asked() -> list[list[str]]:
    """Return what is asked of the command line."""
    from recyclegan.cli.catalogue import every_command

    return [*COMMANDS, *([*name.split(), "--help"] for name, _ in every_command()), *MISTAKES]


def tell_answers(rounds: int, commands: list[list[str]]) -> None:
    """Print a line for the two that people type most, and one for the slowest of all."""
    times = [[seconds(words) for words in commands] for _ in range(rounds)]
    columns = dict(zip(map(" ".join, commands), zip(*times, strict=True), strict=True))
    for name in ("--version", "--help"):
        notify(result(PART, f"recyclegan {name}", OURS, columns[name], "s"))
    slowest = max(columns, key=lambda name: sorted(columns[name])[rounds // 2])
    notify(result(PART, "the slowest of all answers", f"{OURS}, {slowest}", columns[slowest], "s"))


def timed(seconds_of: dict[str, list[float]], name: str, work: Callable[..., Any], device: str) -> Callable[..., Any]:
    """Return a function that notes how long each call takes, until the device has done it."""
    from measured import synchronize

    @wraps(work)
    def call(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return work(*arguments, **named)
        finally:
            synchronize(device)
            seconds_of[name].append(time.perf_counter() - start)

    return call


def train(data: Path, out: Path, device: str, size: tuple[int, int], width: int) -> dict[str, float]:
    """Train three steps in this process, which has imported nothing yet; return the seconds of each phase."""
    start = time.perf_counter()
    import torch  # noqa: F401

    imported = time.perf_counter()
    from recyclegan.cli import main
    from recyclegan.training import loop

    ready = time.perf_counter()
    found: dict[str, list[float]] = defaultdict(list)
    for name in PHASES:
        setattr(loop, name, timed(found, name, vars(loop)[name], device))
    words = ["train", "unsup-recycle-gan", "--data", str(data), "--out", str(out), "--size", *map(str, size)]
    words += ["--width", str(width), "--discriminator-width", str(width), "--steps", "3", "--device", device]
    if main(words):
        sys.exit("training failed")
    end = time.perf_counter()
    return phases(found, imported - start, ready - imported, end - ready)


def phases(found: dict[str, list[float]], torch_import: float, own_import: float, run: float) -> dict[str, float]:
    """Return the seconds of each phase in order; the first step is the time from the first line of Python on."""
    first, *others = found["train_step"]
    messages = {"import torch": torch_import, "import recyclegan": own_import}
    messages |= {
        PHASES["prepare"]: sum(found["prepare"]),
        "first step": first,
        "each further step": sum(others) / len(others),
    }
    messages |= {PHASES[name]: sum(found[name]) for name in PHASES if name not in ("prepare", "train_step")}
    messages["what else the command does"] = run - sum(map(sum, found.values()))
    before = own_import + sum(found["prepare"]) + first
    return {**messages, "to the end of the first step, beyond importing torch": before}


def tell_training(arguments: argparse.Namespace) -> bool:
    """Print a line for each phase of training, a process a round, after one that fills the cache."""
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        make_data(data, arguments.size)
        environment = {**os.environ, "RECYCLEGAN_CACHE": str(Path(scratch) / "cache")}
        rounds = []
        for number in range(arguments.rounds + 1):
            words = ["--measure", str(data), "--out", str(Path(scratch) / f"run{number}"), "--device", arguments.device]
            words += ["--size", *map(str, arguments.size), "--width", str(arguments.width)]
            done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, env=environment)
            if done.returncode:
                print(done.stderr[-2000:], file=sys.stderr)
                return False
            rounds.append(json.loads(done.stdout.splitlines()[-1]))
    height, width = arguments.size
    what = f"train 3 steps of {width}x{height}, width {arguments.width}"
    for phase in rounds[0]:
        notify(result(PART, f"{what}: {phase}", OURS, [turn[phase] for turn in rounds[1:]], "s"))
    return True


def make_data(data: Path, size: tuple[int, int]) -> None:
    """Write frames of the embedded world."""
    from recyclegan.data.prepare import prepare_roadworld

    prepare_roadworld(data, 2, 8, size, seed=0, val_clips=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", help="cuda where there is one, by default")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 512), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--width", type=int, default=64, help="of the networks")
    parser.add_argument("--training-only", action="store_true", help="leave out what needs no GPU")
    parser.add_argument("--small", action="store_true", help="sizes at which all of it takes seconds")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(train(arguments.measure, arguments.out, arguments.device, arguments.size, arguments.width)))
        return
    if arguments.small:
        arguments.rounds, arguments.size, arguments.width = 1, (32, 64), 4
    if not arguments.training_only:
        tell_answers(arguments.rounds, [*COMMANDS[:2], MISTAKES[1]] if arguments.small else asked())
    import torch

    arguments.device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    sys.exit(not tell_training(arguments))


if __name__ == "__main__":
    main()
