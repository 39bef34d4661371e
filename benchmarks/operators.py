"""Where the time of a frame goes on a CPU: milliseconds of each operator of torch, for one engine.

``python benchmarks/operators.py --engine winograd`` translates a frame of 512x256 by a resnet-6 of width 64 with random
weights on one thread. One line of JSON: the milliseconds of the whole, and of each operator without those it calls.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from measured import machine  # noqa: E402

from recyclegan.engines.choosing import HALVES  # noqa: E402
from recyclegan.engines.engines import make_engine  # noqa: E402
from recyclegan.freed_memory import keep_freed_memory  # noqa: E402
from recyclegan.networks import make_generator  # noqa: E402

LEAST = 0.005
"""Share of the whole below which operators are summed up as "others"."""
WARM = 4
"""Frames before the one that is timed: its memory is then there."""


@torch.inference_mode()
def milliseconds(options: argparse.Namespace) -> dict[str, float]:
    """Return the milliseconds of each operator, the longest first, once all is warm."""
    keep_freed_memory()
    torch.manual_seed(0)
    generator, cpu = make_generator(options.generator, width=options.width).eval(), torch.device("cpu")
    engine, (width, height) = make_engine(options.engine, generator, cpu), options.size
    frames, half = torch.rand(1, 3, height, width) * 2 - 1, HALVES.get(options.precision)
    for _ in range(WARM):
        engine(frames, half)
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        engine(frames, half)
    return {event.key: event.self_cpu_time_total / 1000 for event in seen.key_averages()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", choices=["torch", "winograd"], default="winograd")
    parser.add_argument("--precision", choices=["32", "bf16-mixed"], default="32")
    parser.add_argument("--generator", default="resnet-6")
    parser.add_argument("--width", type=int, default=64, help="channels of the first layer")
    parser.add_argument("--size", type=int, nargs=2, default=(512, 256), metavar=("WIDTH", "HEIGHT"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = milliseconds(options)
    whole = sum(found.values())
    long = {name: round(taken, 1) for name, taken in found.items() if taken >= LEAST * whole}
    parts = dict(sorted(long.items(), key=lambda item: -item[1]))
    about = {**vars(options), "machine": machine(), "milliseconds": round(whole, 1)}
    print(json.dumps({**about, "operators": {**parts, "others": round(whole - sum(parts.values()), 1)}}))


if __name__ == "__main__":
    main()
