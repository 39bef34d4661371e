"""The whole path on the embedded world: make footage, train, translate held-out drives, score, report."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic

import numpy as np
import torch

from recyclegan.checkpoint import Card, add_metrics, load_card, save_translator
from recyclegan.config import to_dict
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.errors import InputError
from recyclegan.evaluation import EvaluationConfig, evaluate
from recyclegan.evaluation.page import Section, details, headline, page, picture, table, text, video_player
from recyclegan.evaluation.results import Results
from recyclegan.files import whole_file
from recyclegan.labels import VIPER, colourize
from recyclegan.methods import METHODS, NetworkConfig
from recyclegan.tensors import Direction, Image, source_domain
from recyclegan.training import DataConfig, TrainConfig, train
from recyclegan.training.presets import PRESETS
from recyclegan.translation import Output, Translator
from recyclegan.video import read_image, read_video, write_video

RATE = Fraction(15)
Show = Callable[[int, int | None, str], None]
"""Told of (done, in all, what) during all long work."""


@dataclass(frozen=True)
class DemoConfig:
    """How large the demonstration is; the defaults take a few minutes on two CPU cores."""

    size: tuple[int, int] = (64, 128)
    """Height and width of the world's frames."""
    clips: int = 12
    """Drives to train on, of each look."""
    val_clips: int = 3
    """Drives held out, of each look."""
    frames: int = 40
    """Frames of each drive."""
    steps: int = 700
    """Training steps."""
    width: int = 16
    """Width of the generators."""
    seed: int = 0
    """Everything random follows from it."""


@dataclass(frozen=True)
class Scores:
    """What one direction scores, trained and untrained."""

    trained: Results
    untrained: Results


def run_demo(out: Path, config: DemoConfig, show: Show) -> list[str]:
    """Make ``out/data``, ``out/run``, translations and ``out/report.html``; return the six most telling lines.

    Raises:
        InputError: ``out`` is there already and not empty, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already; name a new folder, or remove it")
    start = monotonic()
    show(0, None, "footage")
    prepare_roadworld(
        out / "data",
        config.clips,
        config.frames,
        config.size,
        seed=config.seed,
        val_clips=config.val_clips,
        progress=lambda done, total, _: show(done, total, "footage"),
    )
    training = training_config(out, config)
    train(training, report=lambda done, total, _: show(done, total, "training"))
    save_untrained(out, training)
    scores: dict[Direction, Scores] = {}
    for way in ("ab", "ba"):
        trained, untrained = (translate_and_score(out, way, kind, show) for kind in ("run", "untrained"))
        scores[way] = Scores(trained, untrained)
        keep_metrics(out, way, trained)
    write_report(out, config, scores, monotonic() - start)
    return telling_lines(out, scores)


def training_config(out: Path, config: DemoConfig) -> TrainConfig:
    """Return the published weights for video to label maps, on small networks."""
    preset = PRESETS["video-to-label"]
    return TrainConfig(
        data=out / "data",
        out=out / "run",
        method=preset.config,
        networks=NetworkConfig(width=config.width, discriminator_width=2 * config.width),
        frames=DataConfig(size=config.size, resize="rectangle", crop="none", labels="b", cache=out / "cache"),
        steps=config.steps,
        decay=0.3,
        ema=0.99,
        seed=config.seed,
        save_every=max(100, config.steps // 4),
        sample_every=max(50, config.steps // 8),
        log_every=10,
        device="cpu",
    )


def save_untrained(out: Path, config: TrainConfig) -> None:
    """Write translators with the weights that training started from, to be scored beside the trained ones."""
    torch.manual_seed(config.seed)
    method = METHODS[config.method_name](config.method, config.networks, config.frames.channels)
    for way in method.ways:
        card = replace(load_card(config.out / f"{way}.safetensors"), steps=0)
        save_translator(out / "untrained" / f"{way}.safetensors", method.generators[way], card)


def translate_and_score(out: Path, way: Direction, model: str, show: Show) -> Results:
    """Translate the held-out drives with ``out/run`` or ``out/untrained`` and measure the result against the truth."""
    domain = source_domain(way).upper()
    source, target = out / "data" / "val" / domain, out / "data" / "train" / way[1].upper()
    translated = out / "translated" / f"{model}-{way}"
    translator = Translator.from_pretrained(out / model, way, device="cpu")
    name = f"translating {way} ({'trained' if model == 'run' else model})"
    translator.translate_folder(source, translated, Output(frames=True), lambda done, total, _: show(done, total, name))
    settings = EvaluationConfig(labels="viper" if translator.card.palette else None, num_shown=1, film_frames=30)
    truth = out / "data" / "truth" / "val" / domain
    return evaluate(translated, source, out / "evaluation" / f"{model}-{way}", target, truth, settings)


def keep_metrics(out: Path, way: Direction, results: Results) -> None:
    """Write the scores into the card of the translator that reached them."""
    scores = {name: result.translated.value for name, result in results.results.items()}
    add_metrics(out / "run" / f"{way}.safetensors", {key: value for key, value in scores.items() if value == value})
