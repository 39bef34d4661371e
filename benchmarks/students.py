"""Frames a second of each kind of student from file to file, beside the full network that it stands in for.

``python benchmarks/students.py`` translates a film of 256x128 on a CPU with random weights, as ``distill --budget``
times students. One line of JSON a result, see ``measured.py``; multiplications and weights stand in ``what``.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from measured import OURS, notify, result  # noqa: E402

from recyclegan.distillation.budget import frames_a_second, moving_squares  # noqa: E402
from recyclegan.networks import make_generator  # noqa: E402
from recyclegan.networks.multiply_adds import gmacs  # noqa: E402
from recyclegan.settings.distillation import STUDENTS, Budget, Student  # noqa: E402
from recyclegan.video import write_video  # noqa: E402

FULL = Student("resnet-6", 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each is timed, in turn")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, nargs=2, default=(256, 128), metavar=("WIDTH", "HEIGHT"))
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
    for name, kind in kinds.items():
        notify(result("students", in_words(name, kind), f"{OURS}, {options.threads} threads", rates[name], "frames/s"))


def in_words(name: str, kind: Student) -> str:
    """Return a kind of student with what it costs."""
    network = make_generator(kind.generator, width=kind.width)
    weights = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    return f"{name}, width {kind.width}: {gmacs(network, 3, 256, 256):.2f} GMACs at 256x256, {weights:.2f} M weights"


if __name__ == "__main__":
    main()
