"""What a frame costs each generator: multiplications, seconds and memory, one line of JSON each.

``python benchmarks/generators.py`` translates a frame of 1920x1080 on a CPU with random weights, each generator in a
process of its own, as often as ``--repeats`` says. Seconds are those of the fastest time, and processor time stands
beside them, for a machine that does other things as well.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from step import PeakMemory

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recyclegan.networks import make_generator  # noqa: E402


def multiplications(name: Any, width: int, size: tuple[int, int]) -> float:
    """Return the multiplications of a frame in billions."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        make_generator(name, width=width).to("meta")(torch.empty(1, 3, *size, device="meta"))
    return counter.get_total_flops() / 2e9


@torch.inference_mode()
def measured(name: Any, width: int, size: tuple[int, int]) -> dict[str, float]:
    """Return the seconds of a frame by the clock and of processors, and its peak memory in gigabytes."""
    network, frame = make_generator(name, width=width).eval(), torch.rand(1, 3, *size) * 2 - 1
    network(frame[..., :64, :64])
    with PeakMemory("cpu") as memory:
        wall, busy = time.perf_counter(), time.process_time()
        network(frame)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
    return {"seconds": round(wall, 2), "processor_seconds": round(busy, 2), "gigabytes": round(memory.gigabytes, 2)}


def in_own_process(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Return what a process of its own measures."""
    words = ["--measure", name, "--width", str(options.width), "--size", *map(str, options.size)]
    done = subprocess.run(
        [sys.executable, __file__, *words, "--threads", str(options.threads)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generators", nargs="+", default=["resnet-6", "detail-6", "pyramid-4", "pyramid-8"])
    parser.add_argument("--size", type=int, nargs=2, default=(1080, 1920), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--width", type=int, default=64, help="channels of the first layer")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.measure:
        print(json.dumps(measured(options.measure, options.width, tuple(options.size))))
        return
    for name in options.generators:
        turns = [in_own_process(name, options) for _ in range(options.repeats)]
        found = {key: min(turn[key] for turn in turns) for key in turns[0]}
        billions = round(multiplications(name, options.width, tuple(options.size)), 1)
        of = {"generator": name, "width": options.width, "size": options.size, "gmacs": billions}
        print(json.dumps(of | found), flush=True)


if __name__ == "__main__":
    main()
