"""Frames translated with checkpoints of the published code: through that code and through ours, as one JSON line.

``--reference DIR`` is a checkout of the published code. For each architecture it makes a model and saves it, then loads
and resizes frames and translates them, in processes of its own. The same files and frames go through ``test.py`` and
through ``import_reference`` and a ``Translator``; the largest absolute differences are printed. Floats are in [-1, 1],
pictures in levels of 255. The published code cuts levels off where ours rounds, so that pictures may differ by 1.

``--checkpoints DIR`` takes an experiment of the published code (``*_net_G_A.pth``, ``opt.txt``), not new networks.
Those with dropout or batch norm are put into evaluation mode in the published code too, whose own test is random.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from reference import add_missing_transforms

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recyclegan.domains import DIRECTIONS, source_domain, target_domain  # noqa: E402
from recyclegan.networks.weights import read_weights  # noqa: E402
from recyclegan.published import import_reference  # noqa: E402
from recyclegan.published.exchange import infer_architecture  # noqa: E402
from recyclegan.published.layout import OPTIONS_FILE, network_file, read_options  # noqa: E402
from recyclegan.published.recipe import GENERATOR_NAMES  # noqa: E402
from recyclegan.tensors import to_frames, to_images  # noqa: E402
from recyclegan.translation import Translator  # noqa: E402
from recyclegan.video import read_image, write_image  # noqa: E402

NEW = "1"
FLOATS = "floats.pt"


def write_frames(root: Path, number: int, height: int, width: int) -> None:
    """Write frames of both domains, a quarter larger than they are translated, so that they must be resized."""
    for seed, letter in enumerate("AB"):
        rng = np.random.default_rng(seed)
        for frame in range(number):
            y, x, _ = np.mgrid[: height * 5 // 4, : width * 5 // 4, :1] / 17
            phase = rng.uniform(0, 6, 3)
            waves = 127 + 90 * np.sin(x + phase) * np.cos(y - phase)
            noisy = waves + rng.normal(0, 20, waves.shape)
            write_image(root / "val" / letter / f"001_{frame:05d}.png", np.uint8(noisy.clip(0, 255)))


@dataclass(frozen=True)
class Experiment:
    """Checkpoints of the published code, and the frames to translate with them."""

    folder: Path
    epoch: str
    network: list[str]
    """Options of the published code that build its generators."""
    data: Path
    size: tuple[int, int]

    @property
    def words(self) -> list[str]:
        """Return the options of the test command, which both sides are given."""
        height, width = map(str, self.size)
        return [
            *("--dataroot", str(self.data), "--model", "unsup_single", "--dataset_mode", "unaligned_scale"),
            *("--checkpoints_dir", str(self.folder.parent), "--name", self.folder.name, "--which_epoch", self.epoch),
            *("--loadSizeH", height, "--loadSizeW", width, "--fineSizeH", height, "--fineSizeW", width),
            *("--crop_mode", "none", "--gpu_ids", "-1", *self.network),
        ]


def run_reference(folder: Path, phase: str, words: list[str], out: Path) -> None:
    """Run the published code: save new networks, or load networks and translate the frames."""
    sys.path.insert(0, str(folder))
    sys.argv = [f"{phase}.py", *words]
    add_missing_transforms()
    with chdir(folder), redirect_stdout(sys.stderr):
        if phase == "train":
            save_new_networks()
        else:
            translate_with_reference(out)


def save_new_networks() -> None:
    from models.models import create_model
    from options.train_options import TrainOptions

    torch.manual_seed(0)
    create_model(TrainOptions().parse()).save(NEW)


def translate_with_reference(out: Path) -> None:
    from data.data_loader import CreateDataLoader
    from models.models import create_model
    from options.test_options import TestOptions

    from util import util

    options = TestOptions().parse()
    options.nThreads, options.batchSize, options.serial_batches, options.no_flip = 0, 1, True, True
    model = create_model(options)
    if options.norm == "batch" or not options.no_dropout:
        model.netG_A.eval()
        model.netG_B.eval()
    floats = {}
    for data in CreateDataLoader(options).load_data():
        model.set_input(data)
        model.test()
        frame = Path(model.get_image_paths()[0]).stem
        for kind, picture in model.get_current_visuals().items():
            floats[f"{frame}_{kind}"] = getattr(model, kind).clone()
            util.save_image(picture, str(out / f"{frame}_{kind}.png"))
    torch.save(floats, out / FLOATS)


def in_own_process(words: list[str]) -> None:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])


def compare(reference: Path, experiment: Experiment, scratch: Path) -> dict[str, float]:
    """Return the largest differences between both sides, over all frames of both directions."""
    theirs = scratch / "theirs"
    theirs.mkdir(parents=True)
    words = experiment.words
    in_own_process([__file__, "--reference", str(reference), "--phase", "test", "--out", str(theirs), *words])
    in_own_process([str(ROOT / "test.py"), *words, "--results_dir", str(scratch), "--labels", "none"])
    import_reference(experiment.folder, experiment.epoch, scratch / "model")
    ours = scratch / experiment.folder.name / f"test_{experiment.epoch}" / "images"
    found = list(differences(theirs, ours, scratch / "model"))
    return {name: max(turn[name] for turn in found) for name in found[0]}


def differences(theirs: Path, ours: Path, model: Path) -> Iterator[dict[str, float]]:
    """Yield the largest differences of each frame."""
    floats = torch.load(theirs / FLOATS, weights_only=True)
    for direction in DIRECTIONS:
        translator = Translator.from_pretrained(model, direction, device="cpu", scale="native")
        real, fake = f"real_{source_domain(direction).upper()}", f"fake_{target_domain(direction).upper()}"
        for name in (name for name in floats if name.endswith(real)):
            frame = name.removesuffix(real)
            pictures = {kind: read_image(ours / f"{frame}{kind}.png") for kind in (real, fake)}
            seen = to_frames(pictures[real][None])
            translated = translator.translate(seen)
            yield {
                "floats": float((translated - floats[frame + fake]).abs().max()),
                "loaded_frames": float((seen - floats[name]).abs().max()),
                "pictures": levels(pictures[fake], read_image(theirs / f"{frame}{fake}.png")),
                "pictures_both_rounded": levels(pictures[fake], to_images(floats[frame + fake])[0]),
                "translator_pictures": levels(
                    translator.translate_images(pictures[real][None])[0], read_image(theirs / f"{frame}{fake}.png")
                ),
            }


def levels(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).max())


def network_words(folder: Path, epoch: str) -> list[str]:
    """Return the options under which the published code builds the generators of an experiment."""
    options = read_options(folder / OPTIONS_FILE)
    norm: Any = options.get("norm", "instance")
    found = infer_architecture(read_weights(network_file(folder, epoch, "G_A")), norm)
    has_dropout = found.dropout or options.get("no_dropout") == "False"
    name = next(theirs for theirs, ours in GENERATOR_NAMES.items() if ours == found.generator)
    words = ["--which_model_netG", name, "--ngf", str(found.width), "--norm", found.norm]
    words += ["--input_nc", str(found.channels_in), "--output_nc", str(found.channels_out)]
    return words if has_dropout else [*words, "--no_dropout"]


def experiments(arguments: argparse.Namespace, reference: Path, scratch: Path) -> Iterator[tuple[str, Experiment]]:
    """Yield new networks of each architecture, or the one experiment that was given, by name."""
    data, size = scratch / "data", arguments.size
    write_frames(data, arguments.frames, *size)
    if arguments.checkpoints:
        folder = arguments.checkpoints.resolve()
        network = network_words(folder, arguments.epoch)
        yield folder.name, Experiment(folder, arguments.epoch, network, data, size)
        return
    for name in arguments.architecture or list(GENERATOR_NAMES):
        network = ["--which_model_netG", name, "--ngf", str(arguments.width), "--no_dropout"]
        experiment = Experiment(scratch / "experiments" / name, NEW, network, data, size)
        train = ["--phase", "train", "--ndf", "4", *experiment.words]
        in_own_process([__file__, "--reference", str(reference), *train])
        yield name, experiment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.allow_abbrev = False
    parser.add_argument("--reference", type=Path, required=True, help="checkout of the published code")
    parser.add_argument("--checkpoints", type=Path, help="experiment of the published code, in place of new weights")
    parser.add_argument("--epoch", default="latest", help="of --checkpoints")
    parser.add_argument("--architecture", choices=list(GENERATOR_NAMES), action="append", help="all by default")
    parser.add_argument("--width", type=int, default=64, help="of new networks")
    parser.add_argument("--size", type=int, nargs=2, default=(256, 512), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--frames", type=int, default=2, help="of each domain")
    parser.add_argument("--phase", choices=("train", "test"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    arguments, words = parser.parse_known_args()
    if arguments.phase:
        run_reference(arguments.reference, arguments.phase, words, arguments.out)
        return
    if words:
        parser.error(f"unknown: {' '.join(words)}")
    reference = arguments.reference.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        made = experiments(arguments, reference, Path(scratch))
        found = {name: compare(reference, experiment, Path(scratch) / name) for name, experiment in made}
    setting = {"benchmark": "checkpoints", "torch": torch.__version__, "size": list(arguments.size)}
    print(json.dumps({**setting, "frames": 2 * arguments.frames, "largest_difference": found}))


if __name__ == "__main__":
    main()
