"""Frames a second of encoding alone, as one JSON line for each size, kind of frames and preset.

``python benchmarks/encode.py`` encodes the frames of a film that moves, of noise, and of the videos given by
``--videos`` (resized), as ``recyclegan translate`` does, and with one encoder for the whole. ``cpu`` is the frames for
each second of processor time, which other programs on the machine change little: what one core does. Quality is the
PSNR of what comes back to what was encoded.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

RATE = Fraction(30)


def noise(count: int, height: int, width: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def footage(path: Path, count: int, height: int, width: int) -> Iterator[np.ndarray]:
    from recyclegan.video import read_video

    for frame in islice(read_video(path), count):
        yield np.asarray(Pillow.fromarray(frame.image).resize((width, height), Pillow.Resampling.BICUBIC))


def kinds(options: argparse.Namespace, height: int, width: int) -> Iterator[tuple[str, list[np.ndarray]]]:
    from translate import pictures

    yield "film", list(pictures(options.frames, height, width))
    yield "noise", list(noise(options.frames, height, width))
    for path in options.videos:
        yield path.stem, list(footage(path, options.frames, height, width))


def measure(images: list[np.ndarray], preset: str | None, crf: int) -> dict[str, Any]:
    """Return pace, size and quality of encoding images."""
    from recyclegan.video import VideoWriter, read_video

    height, width, _ = images[0].shape
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "film.mp4"
        start, busy = time.perf_counter(), time.process_time()
        with VideoWriter(path, width, height, rate=RATE, crf=crf, preset=preset) as writer:
            for image in images:
                writer.write(image)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        errors = [
            np.mean((frame.image.astype(np.float32) - image) ** 2)
            for frame, image in zip(read_video(path), images, strict=True)
        ]
        size = path.stat().st_size
    return {
        "frames_per_second": round(len(images) / seconds, 2),
        "cpu": round(len(images) / busy, 2),
        "cores_used": round(busy / seconds, 2),
        "kilobytes_per_frame": round(size / len(images) / 1000, 3),
        "psnr": round(float(10 * np.log10(255**2 / np.mean(errors))), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["512x256", "1920x1080"], help="WIDTHxHEIGHT")
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--videos", nargs="*", type=Path, default=[], help="of which frames are taken besides")
    parser.add_argument("--presets", nargs="+", default=["default"], help="of x264, each with @CRF behind it or 18")
    options = parser.parse_args()
    for size in options.sizes:
        width, height = map(int, size.split("x"))
        for kind, images in kinds(options, height, width):
            for chosen in options.presets:
                preset, _, crf = chosen.partition("@")
                found = measure(images, None if preset == "default" else preset, int(crf or 18))
                about = {"benchmark": "encode", "size": size, "frames": len(images), "kind": kind, "preset": chosen}
                setting = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
                print(json.dumps({**about, **found, **setting}), flush=True)


if __name__ == "__main__":
    main()
