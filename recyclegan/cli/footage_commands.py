"""``recyclegan prepare``, ``flow-preview`` and ``evaluate``: commands about footage."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from recyclegan.cli.calibrate import flow_for, written_for
from recyclegan.cli.next_step import next_step
from recyclegan.cli.parsing import DEFAULT_METHOD, choice, parse
from recyclegan.cli.progress import counter, progress_bars, say, say_notes
from recyclegan.config import Count, Seed, Share, Within
from recyclegan.errors import InputError, nearest
from recyclegan.pace import Show
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.settings.frames import Damaged, DataConfig, Reading, Side
from recyclegan.settings.methods import METHODS, config_of
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.training import TrainConfig

if TYPE_CHECKING:
    from recyclegan.data.prepare import Prepared


@dataclass(frozen=True)
class PrepareVideosOptions:
    """What ``prepare videos`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make."""
    a: tuple[Path, ...]
    """Videos, folders of frames, or folders of either that show look A."""
    b: tuple[Path, ...]
    """The same for look B; nothing in it belongs to anything in A."""
    val: Share = 0.1
    """Share of the clips that is held out, where none are named."""
    val_a: tuple[Path, ...] = ()
    """Clips of A to hold out."""
    val_b: tuple[Path, ...] = ()
    """Clips of B to hold out."""
    seed: Seed = 0
    """Draws the held-out clips."""
    link: bool = True
    """Link files instead of copying them."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes; that is told."""


@dataclass(frozen=True)
class PrepareRoadworldOptions:
    """What ``prepare roadworld`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make."""
    clips: Count = 8
    """Drives to train on, of each look."""
    val_clips: Count = 2
    """Drives held out, of each look."""
    frames: Count = 60
    """Frames of each drive."""
    size: tuple[int, int] = (128, 256)
    """Height and width in pixels."""
    looks: str = "day,label"
    """Two of day, night, rain, sunset and label, with a comma between."""
    traffic_lights: bool = False
    """Put traffic lights beside the road, to see whether small lights keep their colours."""
    extra: tuple[str, ...] = ()
    """What else to write of the frames of A, for train --extra: depth, labels."""
    seed: Seed = 0
    """Everything random follows from it."""


@dataclass(frozen=True)
class PrepareViperOptions:
    """What ``prepare viper`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make: A holds frames, B label maps."""
    viper: Path
    """The download: {train,val}/{img,cls}/SEQUENCE/."""
    link: bool = True
    """Link files instead of copying them."""


@dataclass(frozen=True)
class PrepareCityscapesOptions:
    """What ``prepare cityscapes`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make: A holds VIPER's frames, B those of Cityscapes."""
    viper: Path
    """The download: {train,val}/img/SEQUENCE/."""
    cityscapes: Path
    """The download: leftImg8bit_sequence/{train,val}/CITY/."""
    link: bool = True
    """Link files instead of copying them."""


CROPS = "crops"

KINDS = {
    "videos": "split your own footage by clip",
    "roadworld": "drives through the embedded world",
    "viper": "VIPER's frames and label maps, for the experiment video to label",
    "cityscapes": "VIPER's and Cityscapes' frames, for the experiment VIPER to Cityscapes",
    CROPS: "describe the crops of a data folder once, for train --match nearest",
}


def prepare(words: list[str]) -> None:
    """Make a data folder from videos, from published data sets, or from the embedded world; or describe its crops."""
    name = choice(words, "prepare", lambda: KINDS)
    if name == CROPS:
        prepare_crops(words[1:])
        return
    kind, make = PREPARED[name]
    options: Any = parse(kind, words[1:], f"prepare {name}")
    with progress_bars() as bars:
        made = make(options, counter(bars))
    say_notes(made.notes)
    print(", ".join(f"{place}: {count} clips" for place, count in made.num_clips.items()))
    print(next_step("doctor", options.out))


def _videos(options: PrepareVideosOptions, show: Show) -> "Prepared":
    from recyclegan.data.prepare import prepare_videos

    return prepare_videos(**vars(options), progress=show)


def _roadworld(options: PrepareRoadworldOptions, show: Show) -> "Prepared":
    from recyclegan.data.prepare import prepare_roadworld

    looks = options.looks.split(",")
    if len(looks) != 2:
        raise InputError(f"--looks {options.looks}: expected two with a comma between, such as day,label")
    chosen = {**vars(options), "looks": (looks[0], looks[1])}
    return prepare_roadworld(**chosen, progress=lambda done, total, _: show(done, total, "rendering"))


def _viper(options: PrepareViperOptions, show: Show) -> "Prepared":
    from recyclegan.data.published_folders import prepare_viper

    return prepare_viper(**vars(options), progress=lambda done, total, _: show(done, total, PLACING))


def _cityscapes(options: PrepareCityscapesOptions, show: Show) -> "Prepared":
    from recyclegan.data.published_folders import prepare_cityscapes

    return prepare_cityscapes(**vars(options), progress=lambda done, total, _: show(done, total, PLACING))


PLACING = "placing files"
"""What is shown of files, whatever clip they are of."""
PREPARED: dict[str, tuple[type, Callable[[Any, Show], "Prepared"]]] = {
    "videos": (PrepareVideosOptions, _videos),
    "roadworld": (PrepareRoadworldOptions, _roadworld),
    "viper": (PrepareViperOptions, _viper),
    "cityscapes": (PrepareCityscapesOptions, _cityscapes),
}
"""What each kind of footage takes, and what makes a data folder of it."""


@dataclass(frozen=True)
class FlowPreviewOptions:
    """What ``flow-preview`` takes."""

    input: tyro.conf.Positional[Path]
    """Video, or folder of frames."""
    out: tyro.conf.Positional[Path]
    """Folder for flow.png and flow.mp4."""
    size: tuple[Side, Side] | None = None
    """Height and width of the frames that would be trained on; by default the input's own."""
    num_frames: Annotated[int, Within(1, 10_000)] = 4
    """Frames to show, spread over the input."""
    seed: Seed = 0
    """Everything random follows from it."""
    damaged: Damaged = "refuse"
    """Refuse a damaged video, or keep what of it decodes."""
    flow: str | None = None
    """Synthetic motion fitted to footage: a file that calibrate wrote, or auto for that of INPUT or of the data folder
    that it lies in, which is fitted to INPUT now where there is none. Options of the motion that are given besides
    override it."""
    synthesis: FlowSynthesis = field(default_factory=FlowSynthesis)


def flow_preview(words: list[str]) -> None:
    """Show frames under the synthetic motion that training would draw, as a picture and a short video."""
    options = parse(FlowPreviewOptions, words, "flow-preview")
    from recyclegan.evaluation.paired_clips import notes_of
    from recyclegan.preview import preview_flow

    reading = Reading(options.damaged)
    if options.flow is not None:
        file = written_for(options.input) if options.flow == "auto" else Path(options.flow)
        size = None if file else options.size  # a file is for frames of any size
        frames = DataConfig(size or DataConfig.size, damaged=options.damaged)
        fitted = flow_for(file, options.input, frames)
        options = parse(FlowPreviewOptions, words, "flow-preview", default=replace(options, synthesis=fitted))
    picture, video = preview_flow(
        options.input, options.out, options.size, options.num_frames, options.seed, options.synthesis, options.damaged
    )
    say_notes(notes_of([options.input], reading))
    print(f"{picture} and {video}: written")


@dataclass(frozen=True)
class EvaluateOptions:
    """What ``evaluate`` takes."""

    translated: tyro.conf.Positional[Path]
    """Translated video, or folder of clips."""
    source: tyro.conf.Positional[Path]
    """What it was translated from: a video, or clips of the same names."""
    out: Path
    """Folder for metrics.json, report.html, and draws.npz."""
    target: Path | None = None
    """Any footage of the look aimed at."""
    truth: Path | None = None
    """Truth of the source: .npz files of classes and flow, label maps, or VIPER's cls, flow and flowbw."""
    target_truth: Path | None = None
    """Classes of the target, in the forms of --truth, for --downstream."""
    labelled: Path | None = None
    """Footage of the target that --target-truth is of; by default that of --target."""
    config: EvaluationConfig = field(default_factory=EvaluationConfig)


def evaluate(words: list[str]) -> None:
    """Measure translated footage: steadiness, classes, distances; writes metrics.json and report.html."""
    options = parse(EvaluateOptions, words, "evaluate")
    from recyclegan.cli.score_table import score_table
    from recyclegan.evaluation import evaluate as run_evaluation
    from recyclegan.evaluation.paired_clips import notes_of
    from recyclegan.evaluation.workers import on_all_cores

    with progress_bars() as bars:
        config = on_all_cores(options.config)
        results = run_evaluation(**{**vars(options), "config": config}, progress=counter(bars), say=say)
    footage = filter(None, (options.translated, options.source, options.target))
    say_notes([*results.notes, *notes_of(footage, options.config.reading)])
    print(score_table(results.results, sys.stdout.encoding or "utf-8"))
    for line in results.verdict.lines() if results.verdict else ():
        print(f"verdict: {line}")
    print(f"{options.out / 'report.html'}: written; open it in a browser")


@dataclass(frozen=True)
class PrepareCropsOptions:
    """What ``prepare crops`` takes. Options of the data are those that training will get: crops differ with them."""

    data: tyro.conf.Positional[Path]
    """Data folder, with train/A and train/B."""
    method: str = DEFAULT_METHOD
    """Method that will be trained: some take several frames in a row."""
    frames: DataConfig = field(default_factory=lambda: DataConfig(resize="rectangle", match="nearest"))


def prepare_crops(words: list[str]) -> None:
    """Read footage into the cache, and describe the layouts of its crops there."""
    options = parse(PrepareCropsOptions, words, "prepare crops")
    if options.method not in METHODS:
        raise InputError(f"--method {options.method}: unknown{nearest(options.method, METHODS)}")
    frames = replace(options.frames, match="nearest")
    config = TrainConfig(options.data, method=config_of(options.method)(), frames=frames, device="cpu")
    from recyclegan.training.training_data import describe_crops

    with progress_bars() as bars:
        print(describe_crops(config, counter(bars)))
    print(next_step("train", options.method, "--data", options.data, "--match", "nearest", *_further(words, options)))


def _further(words: list[str], options: PrepareCropsOptions) -> list[str]:
    """Return the words but for the data folder and the options that the next command names by itself."""
    further = [word for word in words if not word.startswith(("--method=", "--match="))]
    further.remove(next(word for word in further if Path(word) == options.data))
    for stated in ("--method", "--match"):
        if stated in further:
            del further[further.index(stated) : further.index(stated) + 2]
    return further
