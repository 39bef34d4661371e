"""Peak memory of translating a long video beside that of a short one: it must not grow with the length.

``python benchmarks/long_video.py`` translates a film of 1280x720 of 10 seconds and of 10 minutes by a translator of the
package, from the command line, each in a process of its own. One line of JSON each, see ``measured.py``; the last is
the ratio of both.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from measured import OURS, notify, result  # noqa: E402
from translate import pictures  # noqa: E402

from recyclegan.video import write_video  # noqa: E402

RATE = 25


def write_long(film: Path, times: int, target: Path) -> None:
    """Write a film several times in a row, without encoding it again."""
    with av.open(str(film)) as source, av.open(str(target), "w") as sink:
        stream = sink.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.dts is not None]
        length = sum(packet.duration for packet in packets)
        for turn in range(times):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts, copy.dts = packet.pts + turn * length, packet.dts + turn * length
                copy.time_base, copy.stream, copy.is_keyframe = packet.time_base, stream, packet.is_keyframe
                sink.mux(copy)


def peak_megabytes(model: str, film: Path, target: Path) -> float:
    """Return the peak memory of the command that translates a film."""
    words = [sys.executable, "-m", "recyclegan", "translate", model, str(film), str(target)]
    running = subprocess.Popen([*words, "--encoder-preset", "ultrafast"], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(running.pid, 0)
    if status:
        sys.exit(f"translate ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="day2label")
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 720), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--seconds", type=int, default=10, help="of the short film")
    parser.add_argument("--times", type=int, default=60, help="as long is the long one")
    options = parser.parse_args()
    width, height = options.size
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        short, long = Path(name) / "short.mp4", Path(name) / "long.mp4"
        write_video(short, pictures(RATE * options.seconds, height, width), RATE)
        write_long(short, options.times, long)
        for film, seconds in ((short, options.seconds), (long, options.seconds * options.times)):
            peaks.append(peak_megabytes(options.model, film, Path(name) / f"translated-{film.name}"))
            what = f"{options.model}, {width}x{height}, {RATE * seconds} frames"
            notify(result("long video", what, OURS, [peaks[-1]], "MB"))
    notify(result("long video", f"{options.times} times as long", OURS, [peaks[1] / peaks[0]], "times the memory"))


if __name__ == "__main__":
    main()
