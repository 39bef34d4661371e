"""Frames a second of each kind of student from file to file, beside the full network that it stands in for.

``python benchmarks/students.py`` translates a film of 256x128 on a CPU with random weights, as ``distill --budget``
times students. One line of JSON a result, see ``measured.py``; multiplications and weights stand in ``what``.
``--reference DIR``, a checkout of the published code, times its own loop in turn with them, which runs both directions
of the full network from and to PNG files, and tells how many times as fast each is.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from measured import OURS, PUBLISHED, notify, result  # noqa: E402
from translate import in_own_process, parsed  # noqa: E402

from recyclegan.distillation.budget import frames_a_second, gmacs, moving_squares  # noqa: E402
from recyclegan.networks import make_generator  # noqa: E402
from recyclegan.settings.distillation import STUDENTS, Budget, Student  # noqa: E402
from recyclegan.video import write_video  # noqa: E402

FULL = Student("resnet-6", 64)
PUBLISHED_LOOP = "full resnet-6, width 64, both directions"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed, in turn")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, nargs=2, default=(256, 128), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--reference", type=Path, help="checkout of the published code")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    budget, rates = Budget(25, *options.size), dict[str, list[float]]()
    kinds = {**STUDENTS, "full resnet-6": FULL}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "film.mp4"
        write_video(clip, moving_squares(budget), 25)
        for _ in range(options.rounds):
            for name, kind in kinds.items():
                rates.setdefault(name, []).append(frames_a_second(kind.generator, kind.width, clip, budget, "cpu"))
            if options.reference:
                rates.setdefault(PUBLISHED, []).append(published(options))
    how = f"{options.threads} threads"
    if options.reference:
        notify(result("students", PUBLISHED_LOOP, f"{PUBLISHED}, {how}", rates[PUBLISHED], "frames/s"))
    for name, kind in kinds.items():
        notify(result("students", in_words(name, kind), f"{OURS}, {how}", rates[name], "frames/s"))
        if options.reference:
            ratios = [ours / theirs for ours, theirs in zip(rates[name], rates[PUBLISHED], strict=True)]
            notify(result("students", f"{name}: times the published loop", f"{OURS}, {how}", ratios, "times"))


def published(options: argparse.Namespace) -> float:
    """Return the frames a second of the published loop, as ``translate.py`` times it."""
    width, height = options.size
    changes = {"sizes": [f"{width}x{height}"], "frames": 24, "width": FULL.width, "device": "cpu"}
    changes |= {"threads": options.threads, "reference": str(options.reference.resolve())}
    with tempfile.TemporaryDirectory() as folder:
        return float(in_own_process(parsed([]), Path(folder), "reference", **changes)["frames_per_second"])


def in_words(name: str, kind: Student) -> str:
    """Return a kind of student with what it costs."""
    network = make_generator(kind.generator, width=kind.width)
    weights = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    return f"{name}, width {kind.width}: {gmacs(network, 3, 256, 256):.2f} GMACs at 256x256, {weights:.2f} M weights"


if __name__ == "__main__":
    main()
