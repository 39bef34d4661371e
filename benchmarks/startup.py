"""Seconds until the command line answers: version, help of every command, mistakes and completion, as one JSON line.

``python benchmarks/startup.py`` starts a process for each, ``--rounds`` times in turn, and prints the medians.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recyclegan.cli.catalogue import every_command  # noqa: E402


def seconds(words: list[str]) -> float:
    """Return how long a command takes in a process of its own."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "recyclegan", *words], cwd=ROOT, capture_output=True, check=False)
    return time.perf_counter() - start


def asked() -> list[list[str]]:
    """Return what is asked of the command line."""
    names = [name.split() for name, _ in every_command()]
    return [
        *(["--version"], ["--help"], ["--completion", "bash"], ["train", "--help"], ["prepare", "--help"]),
        *([*name, "--help"] for name in names),
        *(["train", "cut", "--unknown", "3"], ["trian"]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    commands = asked()
    times = [[seconds(words) for words in commands] for _ in range(rounds)]
    medians = {
        " ".join(words): statistics.median(column)
        for words, column in zip(commands, zip(*times, strict=True), strict=True)
    }
    print(
        json.dumps(
            {
                "seconds": {name: round(median, 3) for name, median in medians.items()},
                "slowest": round(max(medians.values()), 3),
                "rounds": rounds,
                "load": round(os.getloadavg()[0], 1),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                "versions": {"python": platform.python_version(), **{p: version(p) for p in ("tyro", "rich")}},
            }
        )
    )


if __name__ == "__main__":
    main()
