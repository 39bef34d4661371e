"""Makes the translators that come with the package: ``python models/roadworld.py WORK [NAME...]``.

WORK is a folder for data and runs; what is there already is not made again, and training that was stopped goes on.
Weights, picture and record of each go to ``recyclegan/shipped/weights``. They are small networks trained directly on
the embedded world, on one thread of a CPU. The same versions on the same kind of CPU give the same weights.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from recyclegan.arrays import Image
from recyclegan.checkpoint import find_translator, load_card, load_translator, save_translator
from recyclegan.cli import main
from recyclegan.config import to_dict
from recyclegan.data import find_clips
from recyclegan.data.prepare import LABEL_LOOK
from recyclegan.domains import DOMAINS, Direction, Domain, source_domain, target_domain
from recyclegan.evaluation import evaluate
from recyclegan.files import digest, write_json
from recyclegan.labels import VIPER, colourize
from recyclegan.pages.grids import image_grid
from recyclegan.roadworld import Drive
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.shipped import Shipped
from recyclegan.shipped.shelf import WEIGHTS
from recyclegan.translation import Output, Translator
from recyclegan.video import read_image, write_image

SEED = 0
SIZE = (128, 256)
"""Height and width of the drives that are translated and scored."""
FRAMES = 30
"""Frames of each drive."""
WORLD = "roadworld --clips 32 --val-clips 4 --frames 30"
SMALL = "--resize none --crop none --size 64 128 --load-size 64 128 --width 16 --discriminator-width 32"
TRAINING = f"--ema 0.99 --save-every 200 --sample-every 300 --device cpu --seed {SEED} --cache cache"


@dataclass(frozen=True)
class Run:
    """One training on frames of 64x128, which gives the translators of both directions."""

    name: str
    looks: tuple[str, str]
    options: str
    steps: int

    @property
    def commands(self) -> list[str]:
        """Return the commands of the run, typed in WORK: the drives to train on and, larger, to score on; training."""
        small, world = f"{self.name}-small", f"{WORLD} --looks {','.join(self.looks)} --seed {SEED}"
        return [
            f"recyclegan prepare {world} --size 64 128 {small}",
            f"recyclegan prepare {world} --size {SIZE[0]} {SIZE[1]} {self.name}",
            f"recyclegan train unsup-recycle-gan {self.options} --data {small} --out {self.out} {SMALL} "
            f"--steps {self.steps} {TRAINING}",
        ]

    @property
    def out(self) -> Path:
        """Return the run folder."""
        return Path("runs", self.name)

    @property
    def done(self) -> int:
        """Return the steps that were done so far."""
        return load_card(find_translator(self.out)).steps if self.out.exists() else 0


LABELS = Run("v2l", ("day", "label"), "--preset steady-video-to-label --labels b", 1500)
NIGHT = Run("d2n", ("day", "night"), "--preset steady", 600)


@dataclass(frozen=True)
class Made:
    """A translator and where it comes from."""

    run: Run
    direction: Direction
    does: str
    scale: tuple[int, int]
    """Height and width that frames are brought to: those of training, or ``SIZE`` where it scores as well there."""

    @property
    def source(self) -> Domain:
        """Return the domain that it translates."""
        return source_domain(self.direction)

    @property
    def target(self) -> Domain:
        """Return the domain that it translates into."""
        return target_domain(self.direction)

    def look(self, domain: Domain) -> str:
        """Return the look of a domain."""
        return self.run.looks[DOMAINS.index(domain)]


MADE = {
    "day2label": Made(LABELS, "ab", "Makes label maps, in VIPER's classes and colours, of video by day.", (64, 128)),
    "label2day": Made(LABELS, "ba", "Makes video by day of label maps, in VIPER's classes and colours.", (64, 128)),
    "day2night": Made(NIGHT, "ab", "Makes video by night of video by day.", SIZE),
    "night2day": Made(NIGHT, "ba", "Makes video by day of video by night.", SIZE),
}
DATA = "the embedded world (recyclegan prepare roadworld), no real footage"
LICENCE = "Apache-2.0"
"""The world is drawn by this package, and nothing else went in."""
MEASURES = ("mean_iou", "pixel_accuracy", "class_flips", "warping_error", "added_flicker", "patches_coarse")


def make(work: Path, names: list[str]) -> None:
    """Make the translators of these names, or all."""
    chosen = {name: MADE[name] for name in names or MADE}
    work.mkdir(parents=True, exist_ok=True)
    os.chdir(work)
    for run in dict.fromkeys(made.run for made in chosen.values()):
        carry_out(run)
    for name, made in chosen.items():
        ship(name, made)


def carry_out(run: Run) -> None:
    """Run the commands of a run, but for those whose result is there; go on with training that was stopped."""
    small, large, train = run.commands
    for command in (small, large):
        if not Path(command.split()[-1]).exists():
            _do(command)
    if run.done < run.steps:
        _do(f"recyclegan train --out {run.out} --resume" if run.out.exists() else train)


def _do(command: str) -> None:
    print(command, flush=True)
    if code := main(shlex.split(command)[1:]):
        raise SystemExit(code)


def ship(name: str, made: Made) -> None:
    """Write weights in half precision, record and picture of a translator, with what it scores."""
    generator, card = load_translator(find_translator(made.run.out, made.direction))
    card = replace(card, size=made.scale, load_size=made.scale, resize="scale_shortest", metrics={})
    half = deepcopy(generator).half()
    weights = WEIGHTS / f"{name}.safetensors"
    save_translator(weights, half, card)
    full = Translator(generator, card, "cpu")
    scores = scores_of(Translator.from_pretrained(weights, device="cpu"), full, made)
    save_translator(weights, half, replace(card, metrics=scores))
    about = (made.does, DATA, LICENCE, "models/roadworld.py", SEED, tuple(made.run.commands))
    write_json(WEIGHTS / f"{name}.json", to_dict(Shipped(name, *about, scores, digest(weights))))
    write_image(WEIGHTS / f"{name}.png", picture(made))
    print(name, json.dumps(scores))


def scores_of(translator: Translator, full: Translator, made: Made) -> dict[str, float]:
    """Return what a translator scores on held-out drives, and how far half precision is from ``full``."""
    source, out = places(made)
    translator.translate_folder(source, out, Output(frames=True, existing="replace"))
    config = EvaluationConfig(labels="viper" if translator.card.palette else None, num_shown=0)
    target = Path(made.run.name, "train", made.target.upper())
    truth = Path(made.run.name, "truth", "val", made.source.upper())
    results = evaluate(out, source, Path("reports", out.name), target, truth, config).results
    measured = {name: results[name].translated.value for name in MEASURES if name in results}
    return {**measured, **truth_scores(out, source, made), **half_scores(translator, full, source)}


def places(made: Made) -> tuple[Path, Path]:
    """Return the folders of held-out drives and of their translations."""
    return Path(made.run.name, "val", made.source.upper()), Path("translated", f"{made.run.name}-{made.direction}")


def truth_scores(translated: Path, source: Path, made: Made) -> dict[str, float]:
    """Return how near translated frames and their sources are to the drive in the other look, in decibels."""
    if made.look(made.target) == LABEL_LOOK:
        return {}
    shown = [held_out(clip.name, clip.images(), translated, made) for clip in find_clips(source)]
    given, ours, truth = (np.stack(images) for images in zip(*chain(*shown), strict=True))
    return {"truth_psnr": psnr(ours, truth), "truth_psnr_of_source": psnr(given, truth)}


def held_out(name: str, images: Iterator[Image], translated: Path, made: Made) -> Iterator[tuple[Image, Image, Image]]:
    """Yield source, translation and truth of each frame of a held-out drive."""
    drive = Drive(int(name.removeprefix("drive-")), *SIZE, num_frames=FRAMES)
    files = sorted((translated / name).iterdir())
    for index, (image, file) in enumerate(zip(images, files, strict=True)):
        yield image, read_image(file), true_image(drive, index, made.look(made.target))


def true_image(drive: Drive, index: int, look: str) -> Image:
    """Return a frame of a drive in a look, label maps in VIPER's colours."""
    return colourize(drive[index].classes, VIPER) if look == LABEL_LOOK else drive.image(index, look)


def half_scores(half: Translator, full: Translator, source: Path) -> dict[str, float]:
    """Return how near half precision's frames are to those of the weights that were trained."""
    frames = np.stack([next(iter(clip.images())) for clip in find_clips(source)])
    ours, wanted = half.translate_images(frames), full.translate_images(frames)
    if half.card.palette:
        return {"half_precision_agreement": float((ours == wanted).all(-1).mean())}
    return {"half_precision_psnr": psnr(ours, wanted)}


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of 8-bit images in decibels, 99 where they are the same."""
    error = np.mean((images.astype(np.float32) - others) ** 2)
    return float(min(99.0, 10 * np.log10(255**2 / max(error, 1e-9))))


def picture(made: Made) -> Image:
    """Return a frame of two held-out drives: source, translation, truth, from top to bottom."""
    source, out = places(made)
    columns = [list(held_out(clip.name, clip.images(), out, made))[FRAMES // 2] for clip in find_clips(source)[:2]]
    return image_grid(list(zip(*columns, strict=True)), gap=4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    make(Path(sys.argv[1]), sys.argv[2:])
