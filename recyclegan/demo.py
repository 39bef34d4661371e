"""The whole path on the embedded world: make footage, train, translate held-out drives, score, report."""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from time import monotonic
from typing import Annotated

import numpy as np

from recyclegan.arrays import Image, Picture
from recyclegan.checkpoint import add_metrics, load_card, save_translator
from recyclegan.config import Count, Seed, Within, check_numbers, to_dict
from recyclegan.data import find_clips
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.domains import DIRECTIONS, Direction, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.evaluation.results import COLOURS as COLOUR_ALONE
from recyclegan.evaluation.results import SOURCE, Result, Results
from recyclegan.files import whole_file
from recyclegan.labels import VIPER, colourize
from recyclegan.logs import read_stats, series
from recyclegan.pace import Show
from recyclegan.pages.grids import Band, Row, sheet
from recyclegan.pages.page import Cell, Html, Section, details, grid, headline, page, table, text, video_player
from recyclegan.paths import AnyPath, as_path
from recyclegan.runs.run_charts import charts
from recyclegan.runs.run_folder import STATS_FILE
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig
from recyclegan.training import first_method, train
from recyclegan.translation import Output, Translator
from recyclegan.video import read_image, write_image, write_video

RATE = Fraction(15)


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
    """Make ``out/data``, ``out/run``, translations, ``out/demo.png`` and ``out/report.html``; return six telling lines.

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
    for direction in ("ab", "ba"):
        trained, untrained = (translate_and_score(out, direction, kind, show) for kind in ("run", "untrained"))
        scores[direction] = Scores(trained, untrained)
        keep_metrics(out, direction, trained)
    write_image(out / "demo.png", held_out_sheet(out))
    write_report(out, config, scores, monotonic() - start)
    return telling_lines(out, scores["ab"])


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
    cards = {direction: load_card(config.out / f"{direction}.safetensors") for direction in DIRECTIONS}
    method = first_method(config, {target_domain(direction): card.palette for direction, card in cards.items()})
    for direction, card in cards.items():
        card = replace(card, steps=0)
        save_translator(out / "untrained" / f"{direction}.safetensors", method.generators[direction], card)


def translate_and_score(out: Path, direction: Direction, model: str, show: Show) -> Results:
    """Translate the held-out drives with ``out/run`` or ``out/untrained`` and measure the result against the truth."""
    domain = source_domain(direction).upper()
    source, target = out / "data" / "val" / domain, out / "data" / "train" / direction[1].upper()
    translated = out / "translated" / f"{model}-{direction}"
    translator = Translator.from_pretrained(out / model, direction, device="cpu")
    name = f"translating {direction} ({'trained' if model == 'run' else model})"
    translator.translate_folder(source, translated, Output(frames=True), lambda done, total, _: show(done, total, name))
    labels = "viper" if translator.card.palette else None
    settings = EvaluationConfig(labels=labels, num_shown=1 if model == "run" else 0, film_frames=30)
    truth = out / "data" / "truth" / "val" / domain
    return evaluate(translated, source, out / "evaluation" / f"{model}-{direction}", target, truth, settings)


def keep_metrics(out: Path, direction: Direction, results: Results) -> None:
    """Write the scores into the card of the translator that reached them."""
    scores = {name: result.translated.value for name, result in results.results.items()}
    add_metrics(
        out / "run" / f"{direction}.safetensors", {key: value for key, value in scores.items() if value == value}
    )


def write_report(out: Path, config: DemoConfig, scores: dict[Direction, Scores], seconds: float) -> None:
    """Write ``out/report.html``, which loads nothing from elsewhere."""
    sections = [
        Section("Summary", [headline(_figures(scores["ab"])), table(_COLUMNS, _rows("ab", scores["ab"]), _CAPTION)]),
        Section("Video to label maps", _films(out, "ab"), "Drives that the network never saw. It was shown no pairs."),
        Section("Classes", [_class_table(scores["ab"].trained)]),
        Section(
            "Training", [grid(_curves(out / "run"), 400)], "Measures of held-out frames, then each term of the loss."
        ),
        Section("Your own videos", [text(words) for words in _GO_ON]),
        Section("The way back: label maps to video", _way_back(out, scores["ba"])),
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
    "recyclegan prepare videos data --a CLIPS_OF_ONE_LOOK --b CLIPS_OF_THE_OTHER splits your footage by clip.",
    "recyclegan doctor data says what is wrong with it.",
    "recyclegan train --data data --out runs/mine --minutes 10 chooses what this machine can do in that time and trains"
    " it; stop it when you like, --resume goes on exactly.",
    "recyclegan translate runs/mine video.mp4 translated.mp4 keeps size, frame rate, times and sound.",
    "recyclegan evaluate translated.mp4 video.mp4 --out report measures it, and says what it is worth.",
)


def _figures(scores: Scores) -> list[tuple[str, float | str, str]]:
    iou = scores.trained.results["mean_iou"]
    return [
        ("Mean IoU", iou.translated.value, f"untrained {_value(scores.untrained, 'mean_iou'):.3f}"),
        ("Colour alone", iou.references[COLOUR_ALONE].value, "mean IoU of the best lookup"),
        ("Pixel accuracy", _value(scores.trained, "pixel_accuracy"), "share of pixels of the right class"),
        ("Class flips", _value(scores.trained, "class_flips"), "share of pixels that change class from frame to frame"),
    ]


def _rows(direction: Direction, scores: Scores) -> list[list[float | str]]:
    rows: list[list[float | str]] = []
    for name in _MEASURES[direction]:
        result = scores.trained.results[name]
        others = [_reference(result, reference) for reference in (COLOUR_ALONE, SOURCE)]
        title = f"{MEASURES[name].title} ({MEASURES[name].better} is better)"
        rows.append([title, result.translated.value, _value(scores.untrained, name), *others])
    return rows


def _way_back(out: Path, scores: Scores) -> list[Html]:
    """Return the other direction as small as it deserves: one film beside its numbers, and what it is worth."""
    rows = [row[:3] + row[4:] for row in _rows("ba", scores)]
    numbers = table(
        [name for name in _COLUMNS if name != "Colour alone"], rows, "Label maps to video, held-out drives."
    )
    return [text(worth_of_the_way_back(scores.trained)), grid([*_films(out, "ba", most=1, times=1), numbers])]


def worth_of_the_way_back(results: Results) -> str:
    """Return in words what the direction from label maps to video is good for."""
    distance, warping = results.results["patches_coarse"], results.results["warping_error"]
    found, labels = distance.translated.value, distance.references[SOURCE].value
    nearer = "nearer" if found < labels else "no nearer"
    return (
        "Trained along, so that label maps keep what their frames showed: a by-product, not a result. It is flat and"
        f" dull, without texture and with little light, and {nearer} to the look of video than label maps are (coarse"
        f" distance {found:.2f}, theirs {labels:.2f}). That it is steady (warping error {warping.translated.value:.4f},"
        f" theirs {warping.references[SOURCE].value:.4f}) is no merit of a picture without detail. Judge this training"
        " by the way to label maps."
    )


def _reference(result: Result, name: str) -> float | str:
    return result.references[name].value if name in result.references else "-"


def _value(results: Results, name: str) -> float:
    return results.results[name].translated.value


def _class_table(results: Results) -> Html:
    rows: list[list[Cell]] = [[name, score.iou, score.colour_alone] for name, score in results.classes.items()]
    return table(("Class", "Translated", "Colour alone"), rows, "Intersection over union of each class.")


def _curves(run: Path) -> list[Html]:
    course = series(read_stats(run / STATS_FILE))
    return [*charts(course, measured=True), *charts(course, measured=False)]


def _films(out: Path, direction: Direction, most: int | None = None, times: int = 2) -> list[Html]:
    """Return a player for each held-out clip, or the first ``most`` of them: source, translation and, for label maps,
    the truth, in one video at ``times`` their size.
    """
    panels = ("Source", "Translated", "Truth") if direction == "ab" else ("Source", "Translated")
    films = []
    for clip in find_clips(out / "data" / "val" / source_domain(direction).upper())[:most]:
        translated = sorted((out / "translated" / f"run-{direction}" / clip.name).iterdir())
        images = [list(clip.images()), [read_image(frame) for frame in translated]]
        if direction == "ab":
            images.append(_truth(out, clip.name))
        film = out / "films" / f"{direction}-{clip.name}.mp4"
        write_video(film, (_side_by_side(row, times) for row in zip(*images, strict=True)), RATE)
        films.append(video_player(film, clip.name, panels))
    return films


def held_out_sheet(out: Path) -> Picture:
    """Return two frames of each held-out drive, the label maps that were made of them, and the truth."""
    rows = []
    for clip in find_clips(out / "data" / "val" / "A"):
        images, truth = list(clip.images()), _truth(out, clip.name)
        translated = sorted((out / "translated" / "run-ab" / clip.name).iterdir())
        for index in (len(images) // 3, 2 * len(images) // 3):
            pictures = [images[index], read_image(translated[index]), truth[index]]
            rows.append(Row(pictures, f"{clip.name}, frame {index}"))
    return sheet([Band(["source", "translated", "truth"], rows)])


def _truth(out: Path, name: str) -> list[Image]:
    with np.load(out / "data" / "truth" / "val" / "A" / f"{name}.npz") as truth:
        return [colourize(classes, VIPER) for classes in truth["classes"]]


def _side_by_side(images: tuple[Image, ...], times: int) -> np.ndarray:
    """Return images in a row, at ``times`` their size."""
    return np.concatenate(images, axis=1).repeat(times, axis=0).repeat(times, axis=1)


def telling_lines(out: Path, scores: Scores) -> list[str]:
    """Return the six lines that say most about how video to label maps went."""
    trained, untrained = scores.trained, scores.untrained
    iou, warping = trained.results["mean_iou"], trained.results["warping_error"]
    best, score = max(trained.classes.items(), key=lambda item: np.nan_to_num(item[1].iou))
    return [
        f"mean IoU of held-out video to label maps   {iou.translated.value:.3f}   (untrained"
        f" {_value(untrained, 'mean_iou'):.3f}, best by colour alone {iou.references[COLOUR_ALONE].value:.3f})",
        f"pixel accuracy                             {_value(trained, 'pixel_accuracy'):.3f}   (untrained"
        f" {_value(untrained, 'pixel_accuracy'):.3f})",
        f"best class                                 {best} {score.iou:.3f}",
        f"class flips, of all visible pixels         {_value(trained, 'class_flips'):.3f}",
        f"warping error                              {warping.translated.value:.5f}   (source itself"
        f" {warping.references[SOURCE].value:.5f})",
        f"look at {out / 'report.html'}; your own videos: recyclegan prepare videos data --a CLIPS --b OTHER_CLIPS",
    ]
