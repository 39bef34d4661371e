"""Batches a second from full-size frames, from the second epoch on, what takes their time, and how long steps wait.

``python benchmarks/loader.py`` decodes frames of 1920x1080 into a cache of its own once, as training does, and then
draws batches at the published size as fast as they come: read when asked for, made ahead, and cut out on the device.
``--reference DIR``, a checkout of the published code, draws batches with its loader from the same frames in turn, which
decodes and resizes each anew, and gives the ratio. One line of JSON a result, see ``measured.py``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from measured import OURS, PUBLISHED, attainable_bytes, notify, result, synchronize

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PART = "loader"
LOADED, CUT = (286, 542), (256, 512)
"""Height and width that frames are resized to, and that is cut out of them, in the published code."""
STEPS_OF = 0.015
"""Seconds of the steps that are made to wait."""
WAITED = "share of the time waited"
PARTS = ("reading and cutting", "joining", "into floating point, channels first")
"""What a batch is made of."""
BYTES = 2 * CUT[0] * CUT[1] * 3 * (1 + 4)
"""Of a batch: what is read in levels, and written in floating point."""

Batch = Callable[[int], Any]


def write_frames(data: Path, number: int, height: int, width: int) -> None:
    """Write frames of both domains that compress about as well as footage does."""
    from recyclegan.video import write_image

    y, x, _ = np.mgrid[:height, :width, :1] / 90
    for domain, letter in enumerate("AB"):
        for frame in range(number):
            rng = np.random.default_rng((domain, frame))
            phase = rng.uniform(0, 6, 3)
            waves = 127 + 90 * np.sin(x + phase) * np.cos(y - phase) + rng.normal(0, 3, (height, width, 1))
            write_image(data / "train" / letter / f"001_{frame:05d}.png", np.uint8(waves.clip(0, 255)))


def sampler_on(data: Path, cache: Path) -> Any:
    """Return the sampler of training on these frames, decoded into a cache where they are not there yet."""
    from recyclegan.data import Crop, LoadSpec, Resize, UnpairedClips, load_data

    spec = LoadSpec(Resize("rectangle", *LOADED))
    domains = load_data(data, "train", {"a": spec, "b": spec}, cache)
    return UnpairedClips(domains["a"], domains["b"], 1, Crop("rectangle", *CUT))


def rate(batch: Batch, first: int, number: int, device: str) -> float:
    """Return the batches a second that come from ``first`` on, until the device has them."""
    synchronize(device)
    start = time.perf_counter()
    for step in range(first, first + number):
        batch(step)
    synchronize(device)
    return number / (time.perf_counter() - start)


@contextmanager
def directions(clips: Any, device: str, most: int) -> Iterator[dict[str, Batch]]:
    """Yield each way that batches come in, by name."""
    from recyclegan.data.staging import Prefetched, Staging, keep

    place = torch.device(device)
    read, kept = Staging(clips, place), Staging(clips, place, keep(clips, place))
    with Prefetched(read.stage, 0, most) as ahead, Prefetched(kept.stage, 0, most) as kept_ahead:
        yield {
            "read when asked for": lambda step: read.stage(step).take(),
            "read ahead": ahead.batch,
            "kept on the device, cut ahead": kept_ahead.batch,
        }


def measure_ours(clips: Any, device: str, batches: int) -> dict[str, float]:
    """Return batches a second of each way, after an epoch and a few more that do not count."""
    warm = clips.steps_per_epoch + 3
    found = {}
    with directions(clips, device, warm + batches) as named:
        for name, batch in named.items():
            rate(batch, 0, warm, device)
            found[name] = rate(batch, warm, batches, device)
    return found


def milliseconds_of_parts(clips: Any, batches: int) -> dict[str, float]:
    """Return the median milliseconds that each part of making a batch takes on the CPU."""
    from recyclegan.data.sampling import as_clips

    found: dict[str, list[float]] = {part: [] for part in PARTS}
    for step in range(batches):
        times = [time.perf_counter()]
        windows = clips.windows(step)
        times.append(time.perf_counter())
        levels = [torch.from_numpy(np.concatenate(own)) for own in windows.values()]
        times.append(time.perf_counter())
        for own in levels:
            as_clips(own, clips.batch_size)
        times.append(time.perf_counter())
        for part, (start, end) in zip(PARTS, pairwise(times), strict=True):
            found[part].append(1000 * (end - start))
    return {part: median(taken) for part, taken in found.items()}


def share_waited(clips: Any, device: str, batches: int) -> float:
    """Return the share of the time in which steps of ``STEPS_OF`` seconds wait for batches that are read ahead."""
    from recyclegan.data.staging import Prefetched, Staging

    with Prefetched(Staging(clips, torch.device(device)).stage, 0, batches) as ahead:
        for step in range(batches):
            ahead.batch(step)
            time.sleep(STEPS_OF)
        return ahead.share_waited


def measure_reference(folder: Path, data: Path, device: str, batches: int) -> dict[str, float]:
    """Return batches a second of the published loader, after a few that do not count."""
    from reference import in_reference

    words = f"--dataroot {data} --dataset_mode unaligned_scale --name loader --gpu_ids -1"
    words += f" --checkpoints_dir {tempfile.mkdtemp()}"
    with in_reference(folder, "train", words.split()):
        from data.data_loader import CreateDataLoader
        from options.train_options import TrainOptions

        loader = CreateDataLoader(TrainOptions().parse())
        endless = (batch for _ in iter(int, 1) for batch in loader.load_data())

        def batch(_: int) -> list[torch.Tensor]:
            found = next(endless)
            return [found[key].to(device) for key in ("A1", "B1")]

        rate(batch, 0, 3, device)
        return {"its loader, 2 workers": rate(batch, 0, batches, device)}


def in_own_process(arguments: argparse.Namespace, kind: str, scratch: Path) -> dict[str, float]:
    """Return what a process of its own measures; nothing where it fails, which is told."""
    words = ["--measure", kind, "--scratch", str(scratch), "--device", arguments.device]
    words += ["--batches", str(arguments.batches), "--reference", str(arguments.reference or "")]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True)
    if done.returncode:
        print(f"{kind}: {done.stderr[-2000:]}", file=sys.stderr)
        return {}
    return json.loads(done.stdout.splitlines()[-1])


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Measure what this process was started for."""
    data, device, batches = arguments.scratch / "data", arguments.device, arguments.batches
    if arguments.measure == "reference":
        return measure_reference(arguments.reference.resolve(), data, device, max(3, batches // 20))
    clips = sampler_on(data, arguments.scratch / "cache")
    found = measure_ours(clips, device, batches) | {WAITED: share_waited(clips, device, batches)}
    return found | milliseconds_of_parts(clips, batches)


def decoded(scratch: Path) -> float:
    """Return the seconds in which frames are decoded, resized and written into the cache, which is once."""
    start = time.perf_counter()
    sampler_on(scratch / "data", scratch / "cache")
    return time.perf_counter() - start


def readings(rounds: list[dict[str, dict[str, float]]], kind: str) -> dict[str, list[float]]:
    """Return what each way of a kind took in all rounds in which it was measured."""
    turns = [turn[kind] for turn in rounds if turn.get(kind)]
    return {name: [turn[name] for turn in turns] for name in (turns[0] if turns else {})}


def report(arguments: argparse.Namespace, scratch: Path) -> bool:
    """Measure in turns, each in a process of its own, and print a line for each way; return whether all went well."""
    height, width = arguments.size
    write_frames(scratch / "data", arguments.frames, height, width)
    work = f"batches of {CUT[1]}x{CUT[0]} from frames of {width}x{height}, second epoch on"
    once = f"{2 * arguments.frames} frames of {width}x{height} into the cache, once"
    notify(result(PART, once, OURS, [decoded(scratch)], "s", limit="decoding and resizing on the CPU"))
    kinds = ("ours", "reference") if arguments.reference else ("ours",)
    rounds = [{kind: in_own_process(arguments, kind, scratch) for kind in kinds} for _ in range(arguments.rounds)]
    ours = readings(rounds, "ours")
    shares = [100 * share for share in ours.pop(WAITED, [])]
    parts = {part: ours.pop(part) for part in PARTS if part in ours}
    moved = BYTES / attainable_bytes(arguments.device)
    for name, found in ours.items():
        share = moved * median(found)
        notify(result(PART, work, f"{OURS}, {name}", found, "batches/s", share_of_attainable=share))
    for part, taken in parts.items():
        notify(result(PART, "a batch on the CPU", f"{OURS}, {part}", taken, "ms"))
    if shares:
        notify(
            result(
                PART, f"time that steps of {1000 * STEPS_OF:.0f} ms wait for data", f"{OURS}, read ahead", shares, "%"
            )
        )
    for theirs, found in readings(rounds, "reference").items():
        compare(work, ours, theirs, found)
    return all(turn[kind] for turn in rounds for kind in kinds)


def compare(work: str, ours: dict[str, list[float]], name: str, theirs: list[float]) -> None:
    """Print the line of the published loader, and how many times as fast each of our ways is."""
    limit = "each frame is decoded and resized anew in each epoch"
    notify(result(PART, work, f"{PUBLISHED}, {name}", theirs, "batches/s", limit=limit))
    for direction, found in ours.items():
        ratios = [one / other for one, other in zip(found, theirs, strict=False)]
        notify(result(PART, f"{work}: times the published loader", f"{OURS}, {direction}", ratios, "times"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=lambda text: Path(text) if text else None, help="of the published code")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--frames", type=int, default=24, help="of each domain")
    parser.add_argument("--size", type=int, nargs=2, default=(1080, 1920), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--batches", type=int, default=400, help="counted batches of each way and process")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind")
    parser.add_argument("--small", action="store_true", help="sizes at which all of it takes seconds")
    parser.add_argument("--measure", choices=("ours", "reference"), help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.small:
        arguments.frames, arguments.size, arguments.batches, arguments.rounds = 2, (300, 600), 20, 1
    if arguments.measure:
        print(json.dumps(measure(arguments)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(not report(arguments, Path(scratch)))


if __name__ == "__main__":
    main()
