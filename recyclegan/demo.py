"""The whole path on the embedded world: make footage, train, translate held-out drives, score, report."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import Annotated

import numpy as np

from recyclegan.arrays import Image
from recyclegan.checkpoint import add_metrics, load_card, save_translator
from recyclegan.config import Count, Seed, Within, check_numbers, to_dict
from recyclegan.data import find_clips
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.domains import DIRECTIONS, Direction, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.measures import MEASURES
from recyclegan.evaluation.results import COLOURS as COLOUR_ALONE
from recyclegan.evaluation.results import SOURCE, Result, Results
from recyclegan.files import whole_file
from recyclegan.labels import VIPER, colourize
from recyclegan.pages.html import Html
from recyclegan.pages.page import Cell, Section, details, headline, page, picture, table, text, video_player
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig
from recyclegan.training import first_method, train
from recyclegan.translation import Output, Translator
from recyclegan.video import read_image, write_video

RATE = Fraction(15)
Show = Callable[[int, int | None, str], None]
"""Told of (done, in all, what) during all long work."""


@dataclass(frozen=True)
class DemoConfig:
    """How large the demonstration is; the defaults take a few minutes on two CPU cores."""

    size: tuple[Annotated[int, Within(32, 4096)], Annotated[int, Within(32, 4096)]] = (64, 128)
    """Height and width of the world's frames."""
    clips: Count = 12
    """Drives to train on, of each look."""
    val_clips: Count = 3
    """Drives held out, of each look."""
    frames: Annotated[int, Within(3, 10**6)] = 40
    """Frames of each drive."""
    steps: Count = 900
    """Training steps."""
    width: Annotated[int, Within(1, 1024)] = 16
    """Width of the generators."""
    seed: Seed = 0
    """Everything random follows from it."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self)


@dataclass(frozen=True)
class Scores:
    """What one direction scores, trained and untrained."""

    trained: Results
    untrained: Results


def run_demo(out: AnyPath, config: DemoConfig, show: Show) -> list[str]:
    """Make ``out/data``, ``out/run``, translations and ``out/report.html``; return the six most telling lines.

    Raises:
        InputError: ``out`` is there already and not empty, or cannot be written.
        KeyboardInterrupt: a signal ended training; ``out/run`` holds a checkpoint.
    """
    out = as_path(out)
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
    outcome = train(training, report=lambda done, total, _: show(done, total, "training"))
    if outcome.steps < outcome.num_steps:
        raise KeyboardInterrupt
    save_untrained(out, training)
    scores: dict[Direction, Scores] = {}
    for way in ("ab", "ba"):
        trained, untrained = (translate_and_score(out, way, kind, show) for kind in ("run", "untrained"))
        scores[way] = Scores(trained, untrained)
        keep_metrics(out, way, trained)
    write_report(out, config, scores, monotonic() - start)
    return telling_lines(out, scores)


def training_config(out: Path, config: DemoConfig) -> TrainConfig:
    """Return our recipe for video to label maps, on small networks."""
    preset = PRESETS["steady-video-to-label"]
    return TrainConfig(
        data=out / "data",
        out=out / "run",
        method=preset.config,
        networks=replace(preset.others["networks"], width=config.width, discriminator_width=2 * config.width),
        frames=DataConfig(size=config.size, resize="rectangle", crop="none", labels="b", cache=out / "cache"),
        steps=config.steps,
        decay=0.3,
        ramp_up=preset.others["ramp_up"],
        ema=0.99,
        seed=config.seed,
        save_every=max(100, config.steps // 4),
        sample_every=max(50, config.steps // 8),
        log_every=10,
        device="cpu",
    )


def save_untrained(out: Path, config: TrainConfig) -> None:
    """Write translators with the weights that training started from, to be scored beside the trained ones."""
    cards = {way: load_card(config.out / f"{way}.safetensors") for way in DIRECTIONS}
    method = first_method(config, {target_domain(way): card.palette for way, card in cards.items()})
    for way, card in cards.items():
        card = replace(card, steps=0)
        save_translator(out / "untrained" / f"{way}.safetensors", method.generators[way], card)


def translate_and_score(out: Path, way: Direction, model: str, show: Show) -> Results:
    """Translate the held-out drives with ``out/run`` or ``out/untrained`` and measure the result against the truth."""
    domain = source_domain(way).upper()
    source, target = out / "data" / "val" / domain, out / "data" / "train" / way[1].upper()
    translated = out / "translated" / f"{model}-{way}"
    translator = Translator.from_pretrained(out / model, way, device="cpu")
    name = f"translating {way} ({'trained' if model == 'run' else model})"
    translator.translate_folder(source, translated, Output(frames=True), lambda done, total, _: show(done, total, name))
    labels = "viper" if translator.card.palette else None
    settings = EvaluationConfig(labels=labels, num_shown=1 if model == "run" else 0, film_frames=30)
    truth = out / "data" / "truth" / "val" / domain
    return evaluate(translated, source, out / "evaluation" / f"{model}-{way}", target, truth, settings)


def keep_metrics(out: Path, way: Direction, results: Results) -> None:
    """Write the scores into the card of the translator that reached them."""
    scores = {name: result.translated.value for name, result in results.results.items()}
    add_metrics(out / "run" / f"{way}.safetensors", {key: value for key, value in scores.items() if value == value})


def write_report(out: Path, config: DemoConfig, scores: dict[Direction, Scores], seconds: float) -> None:
    """Write ``out/report.html``, which loads nothing from elsewhere."""
    sections = [
        Section("Summary", [headline(_figures(scores)), table(_COLUMNS, _rows(scores), _CAPTION)]),
        Section("Video to label maps", _films(out, "ab"), "Drives that the network never saw. It was shown no pairs."),
        Section("Label maps to video", _films(out, "ba"), "The other direction, from the same training."),
        Section("Classes", [_class_table(scores["ab"].trained)]),
        Section("Training", [picture(read_image(out / "run" / "curves.png"), "Loss terms by step", lossless=True)]),
        Section("Your own videos", [text(words) for words in _GO_ON]),
        Section("How this was made", [details("Configuration", [text(json.dumps(to_dict(config)))])]),
    ]
    lead = (
        f"{config.steps} steps of Unsupervised Recycle-GAN on {config.clips} drives and as many unrelated label maps,"
        f" {config.size[1]}x{config.size[0]} pixels, {seconds / 60:.1f} minutes from nothing to this page."
    )
    with whole_file(out / "report.html") as scratch:
        scratch.write_text(page("recyclegan: the demonstration", sections, lead), encoding="utf-8")


_COLUMNS = ("Measure", "Trained", "Untrained", "Colour alone", "Source itself")
_CAPTION = (
    "Held-out drives, measured against their exact classes and exact flow. Colour alone: the best class for each"
    " colour of these very frames. Source itself: the same measure on the source video."
)
_MEASURES: dict[Direction, tuple[str, ...]] = {
    "ab": ("mean_iou", "pixel_accuracy", "class_flips"),
    "ba": ("warping_error", "added_flicker", "patches_coarse"),
}
_GO_ON = (
    "recyclegan prepare videos DATA --a CLIPS_OF_ONE_LOOK --b CLIPS_OF_THE_OTHER splits your footage by clip.",
    "recyclegan train unsup-recycle-gan --data DATA --out RUN trains; stop it when you like, --resume goes on exactly.",
    "recyclegan translate RUN video.mp4 translated.mp4 keeps size, frame rate, times and sound.",
)


def _figures(scores: dict[Direction, Scores]) -> list[tuple[str, float | str, str]]:
    ab, flicker = scores["ab"], scores["ba"].trained.results["added_flicker"].translated.value
    iou = ab.trained.results["mean_iou"]
    return [
        ("Mean IoU", iou.translated.value, f"untrained {_value(ab.untrained, 'mean_iou'):.3f}"),
        ("Colour alone", iou.references[COLOUR_ALONE].value, "mean IoU of the best lookup"),
        ("Class flips", _value(ab.trained, "class_flips"), "share of pixels that change class from frame to frame"),
        ("Added flicker", flicker, "label maps to video, beyond the source's own"),
    ]


def _rows(scores: dict[Direction, Scores]) -> list[list[float | str]]:
    rows: list[list[float | str]] = []
    for way, measures in _MEASURES.items():
        for name in measures:
            result = scores[way].trained.results[name]
            others = [_reference(result, reference) for reference in (COLOUR_ALONE, SOURCE)]
            title = f"{MEASURES[name].title} ({way[0]} to {way[1]}, {MEASURES[name].better} is better)"
            rows.append([title, result.translated.value, _value(scores[way].untrained, name), *others])
    return rows


def _reference(result: Result, name: str) -> float | str:
    return result.references[name].value if name in result.references else "-"


def _value(results: Results, name: str) -> float:
    return results.results[name].translated.value


def _class_table(results: Results) -> Html:
    rows: list[list[Cell]] = [[name, score.iou, score.colour_alone] for name, score in results.classes.items()]
    return table(("Class", "Translated", "Colour alone"), rows, "Intersection over union of each class.")


def _films(out: Path, way: Direction) -> list[Html]:
    """Return a player for each held-out clip: source, translation and, for label maps, the truth, in one video."""
    panels = ("Source", "Translated", "Truth") if way == "ab" else ("Source", "Translated")
    films = []
    for clip in find_clips(out / "data" / "val" / source_domain(way).upper()):
        translated = sorted((out / "translated" / f"run-{way}" / clip.name).iterdir())
        images = [list(clip.images()), [read_image(frame) for frame in translated]]
        if way == "ab":
            images.append(_truth(out, clip.name))
        film = out / "films" / f"{way}-{clip.name}.mp4"
        write_video(film, (_side_by_side(row) for row in zip(*images, strict=True)), RATE)
        films.append(video_player(film, clip.name, panels))
    return films


def _truth(out: Path, name: str) -> list[Image]:
    with np.load(out / "data" / "truth" / "val" / "A" / f"{name}.npz") as truth:
        return [colourize(classes, VIPER) for classes in truth["classes"]]


def _side_by_side(images: tuple[Image, ...]) -> np.ndarray:
    """Return images in a row, at twice their size."""
    return np.concatenate(images, axis=1).repeat(2, axis=0).repeat(2, axis=1)


def telling_lines(out: Path, scores: dict[Direction, Scores]) -> list[str]:
    """Return the six lines that say most about how it went."""
    ab, ba = scores["ab"], scores["ba"]
    iou = ab.trained.results["mean_iou"]
    best, score = max(ab.trained.classes.items(), key=lambda item: np.nan_to_num(item[1].iou))
    floor = ba.trained.results["warping_error"].references[SOURCE].value
    return [
        f"mean IoU of held-out video to label maps   {iou.translated.value:.3f}   (untrained"
        f" {_value(ab.untrained, 'mean_iou'):.3f}, best by colour alone {iou.references[COLOUR_ALONE].value:.3f})",
        f"pixel accuracy                             {_value(ab.trained, 'pixel_accuracy'):.3f}   (untrained"
        f" {_value(ab.untrained, 'pixel_accuracy'):.3f})",
        f"best class                                 {best} {score.iou:.3f}",
        f"class flips, of all visible pixels         {_value(ab.trained, 'class_flips'):.3f}",
        f"warping error of label maps to video       {_value(ba.trained, 'warping_error'):.5f}   (source itself"
        f" {floor:.5f})",
        f"look at {out / 'report.html'}; translate a video: recyclegan translate {out / 'run'} INPUT OUTPUT",
    ]
