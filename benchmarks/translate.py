"""Frames a second of translating a video, file to file, as one JSON line for each size, engine and precision.

``python benchmarks/translate.py`` translates a film of each of ``--sizes`` with each of ``--engines`` and
``--precisions``; the generator is a resnet-6 of width 64 with random weights, and frames keep their size.
``--reference DIR``, a checkout of the published code, runs its own test loop beside it at the first of the sizes:
frames from PNG files, both directions, results to PNG files. Every measurement is a process of its own with a time
limit; one that fails or takes too long gives a line that says so, and the others go on. The first translation of a
process, which warms up, is told apart from the median of the ``--repeats`` that follow. ``--small`` ends within a
minute on a CPU.
"""

import argparse
import json
import os
import platform
import resource
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import chdir, redirect_stdout
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SIZES = ("512x256", "960x544", "1280x720", "1920x1080", "3840x2160")
RATE = 30
PUBLISHED_OPTIONS = (
    "--model unsup_single --dataset_mode unaligned_scale --name translate --resize_mode rectangle --crop_mode none "
    "--which_model_netG resnet_6blocks --no_dropout --which_epoch latest --norm instance"
)


def pictures(count: int, height: int, width: int) -> Iterator[np.ndarray]:
    """Yield the frames of a film that moves, with detail that does not compress away."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = np.stack([np.sin(x / period) * np.cos(y / period) for period in (23, 41, 67)], axis=2)
    grain = np.random.default_rng(0).integers(-12, 13, (height, width, 1))
    first = np.clip(127 + 100 * waves + grain, 0, 255).astype(np.uint8)
    for number in range(count):
        yield np.roll(first, 3 * number, axis=1)


def make_generator(width: int, seed: int) -> torch.nn.Module:
    from recyclegan.networks import make_generator

    torch.manual_seed(seed)
    return make_generator("resnet-6", width=width).eval()


def save_model(path: Path, width: int) -> None:
    from recyclegan.checkpoint import Card, save_translator

    card = Card("unsup-recycle-gan", "ab", "resnet-6", 3, 3, width, "instance", False, (256, 512), "none", 0)
    save_translator(path, make_generator(width, 0), card)


def measure_ours(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return figures of translating the film ``folder/film.mp4`` several times in this process."""
    from recyclegan.freed_memory import keep_freed_memory
    from recyclegan.translation import Output, Translator

    keep_freed_memory()
    start = time.perf_counter()
    batch = "auto" if options.batch_size == "auto" else int(options.batch_size)
    translator = Translator.from_pretrained(
        folder / "ab.safetensors",
        device=options.device,
        precision=options.precisions[0],
        scale="native",
        batch_size=batch,
        engine=options.engines[0],
        max_memory=options.max_memory,
    )
    loaded = time.perf_counter() - start
    runs = []
    for number in range(options.repeats + 1):
        account = translator.computing.account = type(translator.computing.account)()
        begun = time.perf_counter()
        translator.translate_video(folder / "film.mp4", folder / f"{number}.mp4", Output(codec=options.codec))
        seconds = time.perf_counter() - begun
        (folder / f"{number}.mp4").unlink()
        runs.append((seconds, account.busy / account.seconds, account.frames))
    counted = runs[1:] or runs
    return {
        "seconds_to_load": round(loaded, 3),
        "first_seconds": round(runs[0][0], 3),
        **paces([frames / seconds for seconds, _, frames in counted]),
        "device_busy": round(statistics.median(share for _, share, _ in counted), 3),
        "batch": translator.computing.batch_now,
        "precision_taken": translator.computing.precision,
        "choices": translator.computing.account.choices,
        **peak_memory(options.device),
    }


def measure_reference(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the published test loop on frames of the film, and return its pace; its own progress bar is our clock."""
    data, (width, height) = folder / "data", size_of(options.sizes[0])
    make_published_work(data, options, width, height)
    words = f"--dataroot {data} --loadSizeW {width} --loadSizeH {height} --fineSizeW {width} --fineSizeH {height} "
    words += f"{PUBLISHED_OPTIONS} --ngf {options.width} --checkpoints_dir {folder} --results_dir {folder / 'results'}"
    sys.argv = ["test.py", *words.split(), "--gpu_ids", "0" if options.device == "cuda" else "-1"]
    sys.path.insert(0, str(options.reference))
    clock = stand_in_for_missing_modules()
    with redirect_stdout(sys.stderr), chdir(options.reference):
        runpy.run_path(str(options.reference / "test.py"), run_name="__main__")
    laps = clock.laps[1:] if len(clock.laps) > 1 else clock.laps
    return {
        "first_seconds": round(clock.laps[0], 3),
        **paces([1 / statistics.mean(laps)]),
        **peak_memory(options.device),
    }


def make_published_work(data: Path, options: argparse.Namespace, width: int, height: int) -> None:
    """Write frames and checkpoints where the published loop looks for them."""
    from recyclegan.video import write_image

    for number, image in enumerate(pictures(options.frames, height, width)):
        for domain in "AB":
            write_image(data / "val" / domain / f"{number:05d}.png", image)
    (data.parent / "translate").mkdir()
    for seed, direction in enumerate("AB"):
        weights = make_generator(options.width, seed).state_dict()
        torch.save(weights, data.parent / "translate" / f"latest_net_G_{direction}.pth")


class Clock(ModuleType):
    """Stands in for the module ``tqdm``: counts the seconds between the frames that a loop takes."""

    def __init__(self) -> None:
        super().__init__("tqdm")
        self.laps: list[float] = []

    def tqdm(self, items: Any, total: int | None = None) -> Any:
        start = time.perf_counter()
        for item in items:
            yield item
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.laps.append(time.perf_counter() - start)
            start = time.perf_counter()


def stand_in_for_missing_modules() -> Clock:
    """Let the published code import what it needs for its test loop where it is not installed."""
    clock = Clock()
    sys.modules["tqdm"] = clock
    page = ModuleType("dominate")
    page.tags = ModuleType("dominate.tags")
    page.document = NoPage
    page.tags.__dict__.update(dict.fromkeys(("meta", "h3", "table", "tr", "td", "p", "img", "a", "br"), NoPage))
    transforms = ModuleType("torchvision.transforms")
    transforms.ToTensor = lambda: lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
    transforms.Normalize = lambda *_: lambda frame: (frame - 0.5) / 0.5
    transforms.Compose = lambda steps: lambda image: steps[1](steps[0](image))
    vision = ModuleType("torchvision")
    vision.transforms = transforms
    for name, module in {
        "dominate": page,
        "dominate.tags": page.tags,
        "torchvision": vision,
        "torchvision.transforms": transforms,
    }.items():
        sys.modules.setdefault(name, module)
    return clock


class NoPage:
    """Takes everything that is written into a page, and keeps nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.head = self

    def __enter__(self) -> "NoPage":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def render(self) -> str:
        return ""


def paces(found: list[float]) -> dict[str, Any]:
    spread = [round(min(found), 3), round(max(found), 3)]
    return {"frames_per_second": round(statistics.median(found), 3), "spread": spread, "repeats": len(found)}


def peak_memory(device: str) -> dict[str, float]:
    peak = {"peak_resident_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 3)}
    if device == "cuda":
        peak["peak_device_gigabytes"] = round(torch.cuda.max_memory_allocated() / 1e9, 3)
    return peak


def size_of(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def in_own_process(options: argparse.Namespace, folder: Path, kind: str, **changes: Any) -> dict[str, Any]:
    """Return the figures of one measurement, or what became of it."""
    words = {
        **vars(options),
        "reference": str(options.reference or ""),
        **changes,
        "measure": kind,
        "folder": str(folder),
    }
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--from-json", json.dumps(words)],
            capture_output=True,
            text=True,
            timeout=options.limit,
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took longer than {options.limit} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1][:300]}
    return json.loads(done.stdout.splitlines()[-1])


def make_film(folder: Path, options: argparse.Namespace, size: str) -> None:
    from recyclegan.video import write_video

    width, height = size_of(size)
    write_video(folder / "film.mp4", pictures(options.frames, height, width), rate=RATE)
    save_model(folder / "ab.safetensors", options.width)


def setting(options: argparse.Namespace) -> dict[str, Any]:
    device = torch.cuda.get_device_name() if options.device == "cuda" else platform.processor() or platform.machine()
    versions = {"python": platform.python_version()}
    for package in ("recyclegan", "torch", "av", "onnxruntime", "openvino", "triton"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    found = {"benchmark": "translate", "device": device, "cores": os.cpu_count(), "threads": torch.get_num_threads()}
    return {**found, "versions": versions, "frames": options.frames, "width": options.width}


def report(options: argparse.Namespace) -> None:
    """Print a line for each measurement as soon as it is made."""
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            folder, pace = Path(name), None
            make_film(folder, options, size)
            if options.reference and size == options.sizes[0]:
                found = in_own_process(options, folder, "reference", sizes=[size])
                pace = found.get("frames_per_second")
                notify(options, size, "published", "32", found, None)
            for engine in options.engines:
                for precision in options.precisions:
                    changes = {"sizes": [size], "engines": [engine], "precisions": [precision]}
                    notify(options, size, engine, precision, in_own_process(options, folder, "ours", **changes), pace)


def notify(
    options: argparse.Namespace, size: str, engine: str, precision: str, found: dict[str, Any], pace: float | None
) -> None:
    ratio = found.get("frames_per_second", 0) / pace if pace else None
    times = {"times_as_fast": round(ratio, 2)} if ratio else {}
    about = {"size": size, "engine": engine, "precision": precision}
    load = {"load": round(os.getloadavg()[0], 2)}
    print(json.dumps({**setting(options), **about, **found, **times, **load}), flush=True)


def parsed(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), help="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=120, help="of each film")
    parser.add_argument("--width", type=int, default=64, help="channels of the generator's first layer")
    parser.add_argument("--engines", nargs="+", default=["torch"])
    parser.add_argument("--precisions", nargs="+", default=["32"])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch-size", default="auto")
    parser.add_argument("--codec", help="video encoder; by default H.264")
    parser.add_argument("--max-memory", type=float, help="gigabytes; larger frames are translated in bands")
    parser.add_argument("--repeats", type=int, default=3, help="counted translations of each process")
    parser.add_argument("--limit", type=float, default=600, help="seconds that a measurement may take")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--reference", type=Path, help="checkout of the published code")
    parser.add_argument("--small", action="store_true", help="a few frames of a small film with a narrow generator")
    parser.add_argument("--from-json", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.small:
        options.sizes, options.frames, options.width, options.repeats = ["96x64"], 24, 8, 1
    return options


def main() -> None:
    options = parsed()
    if not options.from_json:
        report(options)
        return
    options = argparse.Namespace(**json.loads(options.from_json))
    options.reference = Path(options.reference).resolve() if options.reference else None
    torch.set_num_threads(options.threads)
    measure = measure_ours if options.measure == "ours" else measure_reference
    print(json.dumps(measure(options, Path(options.folder))))


if __name__ == "__main__":
    main()
