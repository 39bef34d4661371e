"""Whether ``recyclegan live`` keeps up with a pipe: y4m at an even pace in, y4m out, and what live says of it.

``python benchmarks/live.py day2night`` draws a drive through the embedded world, sends it at ``--rate`` frames a second
and reads what comes back. It prints what live said, and one line of JSON, see ``measured.py``: the frames a second that
came back, from the first of them to the last.
"""

import argparse
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import av

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from measured import OURS, notify, result  # noqa: E402

from recyclegan.roadworld import Drive  # noqa: E402

SEED = 900
DRIVE = 150
"""Frames of the drive, which is sent again and again."""


def frames_of(height: int, width: int) -> list[bytes]:
    """Return the frames of a drive by day as y4m carries them."""
    drive = Drive(SEED, height, width, num_frames=DRIVE)
    made = (av.VideoFrame.from_ndarray(drive.image(number, "day"), format="rgb24") for number in range(DRIVE))
    return [b"FRAME\n" + frame.reformat(format="yuv420p").to_ndarray().tobytes() for frame in made]


def send(pipe: IO[bytes], frames: list[bytes], count: int, rate: float, begun: threading.Event) -> None:
    """Send a frame, and, once ``begun`` says that one came back, so many a second; then close the pipe."""
    with pipe:
        pipe.write(frames[0])
        pipe.flush()
        begun.wait()
        start = time.monotonic()
        for number in range(1, count):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            pipe.write(frames[number % len(frames)])
            pipe.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="day2night")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 128), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--rate", type=float, default=25)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--options", default="", help="further ones of live, in quotes: '--precision 32'")
    options = parser.parse_args()
    width, height = options.size
    frames = frames_of(height, width)
    words = [sys.executable, "-m", "recyclegan", "live", options.model, "-", "-", *options.options.split()]
    live = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert live.stdin is not None
    assert live.stdout is not None
    live.stdin.write(f"YUV4MPEG2 W{width} H{height} F{round(options.rate)}:1 Ip A1:1 C420jpeg\n".encode())
    begun = threading.Event()
    threading.Thread(target=send, args=(live.stdin, frames, options.frames, options.rate, begun), daemon=True).start()
    live.stdout.readline()
    came = []
    while live.stdout.read(len(frames[0])):
        came.append(time.monotonic())
        begun.set()
    begun.set()
    if live.wait() or len(came) < 2:
        sys.exit(f"live ended with {live.returncode} after {len(came)} frames")
    rate, what = (len(came) - 1) / (came[-1] - came[0]), f"{options.model}, {width}x{height}, sent at {options.rate:g}"
    notify(result("live", what, f"{OURS} {options.options}".strip(), [rate], "frames/s"))


if __name__ == "__main__":
    main()
