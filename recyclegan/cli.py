"""The command line: one function a command; alone knows tyro, argv and exit codes."""

import dataclasses
import io
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import tyro
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from recyclegan.errors import InputError, nearest
from recyclegan.tensors import Direction

if TYPE_CHECKING:
    from recyclegan.data.prepare import Prepared

T = TypeVar("T")
LINE_EVERY = 30.0
"""Seconds between lines of progress where there is no terminal to draw bars on."""

console = Console(stderr=True, highlight=False)


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 for a user's mistake, 130 where a signal ended it."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        return _run(words)
    except InputError as error:
        if debug:
            traceback.print_exc()
        print(f"recyclegan: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("recyclegan: interrupted", file=sys.stderr)
        return 130


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if words[0] == "--version":
        from recyclegan import __version__

        print(f"recyclegan {__version__}")
        return 0
    if words[0] not in COMMANDS:
        raise InputError(f"unknown command {words[0]!r}{nearest(words[0], COMMANDS)}; see recyclegan --help")
    return COMMANDS[words[0]](words[1:]) or 0


def _overview() -> str:
    lines = [f"  {name:<14} {(command.__doc__ or '').splitlines()[0]}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "recyclegan: unpaired video-to-video translation that stays steady",
            "",
            *lines,
            "",
            "recyclegan COMMAND --help tells each one's options; --debug shows the traceback of an error.",
        ]
    )


def _parse(kind: type[T] | Callable[..., T], words: list[str], prog: str, default: Any = None) -> T:
    """Return ``kind`` filled from the command line; what does not fit becomes an InputError of one line."""
    told = io.StringIO()
    options = {} if default is None else {"default": default}
    settings = (tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands)
    try:
        with redirect_stderr(told):
            return tyro.cli(kind, args=words, prog=f"recyclegan {prog}", config=settings, **options)
    except SystemExit as stop:
        if not stop.code:
            raise
        raise InputError(_one_line(told.getvalue(), prog)) from None


def _one_line(box: str, prog: str) -> str:
    """Return the message of tyro's box, with the option that it thinks was meant."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", box)
    blocks = [block.split("\n") for block in re.split(r"\n│\s*─+\s*│\n", text)]
    lines = [[line.strip("│╭╰╮╯ ") for line in block if not line.startswith(("╭", "╰"))] for block in blocks]
    message = " ".join(" ".join(lines[0]).split()).rstrip(".")
    meant = next((block[1].split()[0] for block in lines[1:] if block[0].startswith("Perhaps") and len(block) > 1), "")
    hint = f" (did you mean {meant}?)" if meant else ""
    return f"{prog}: {message}{hint}; see recyclegan {prog} --help"


@contextmanager
def _progress(*columns: TextColumn) -> Iterator[Progress]:
    """Show bars with time left on a terminal; elsewhere stay silent."""
    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*shown, TimeRemainingColumn(), *columns, console=console, disable=not console.is_terminal) as bars:
        yield bars


def _counter(bars: Progress) -> Callable[[int, int | None, str], None]:
    """Return a function that shows (done, in all, what) as one bar for each ``what``."""
    tasks: dict[str, Any] = {}

    def show(done: int, total: int | None, what: str) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)

    return show


def _choice(words: list[str], command: str, choices: Callable[[], dict[str, str]]) -> str:
    """Return the first word, one of ``choices`` (name: what it is), or show them and end."""
    known = choices()
    if words and words[0] in known:
        return words[0]
    if words and words[0] not in ("-h", "--help"):
        raise InputError(f"{command}: unknown {words[0]!r}{nearest(words[0], known)}; known: {', '.join(known)}")
    print(
        "\n".join(
            [f"recyclegan {command} NAME ..., with NAME one of", ""] + [f"  {k:<20} {v}" for k, v in known.items()]
        )
    )
    raise SystemExit(0)


def train(words: list[str]) -> int:
    """Train a method on two folders of footage."""
    from recyclegan.methods import METHODS
    from recyclegan.training import TrainConfig
    from recyclegan.training import train as run_training

    name = _choice(words, "train", lambda: {n: (m.__doc__ or "").splitlines()[0] for n, m in METHODS.items()})
    flags, values = _train_arguments(name, words[1:])
    config = TrainConfig(**values)
    with _progress(TextColumn("{task.fields[speed]}")) as bars:
        decoding, training = _counter(bars), _training_bar(bars)
        outcome = run_training(config, flags["resume"], flags["dry_run"], training, decoding)
    for note in outcome.notes:
        print(f"note: {note}", file=sys.stderr)
    if flags["dry_run"]:
        print(f"dry run: the data and one step are fine; {outcome.num_steps} steps would be trained")
    elif outcome.steps < outcome.num_steps:
        print(f"{config.out}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume")
        return 130
    else:
        print(f"{config.out}: trained {outcome.steps} steps; try: recyclegan translate {config.out} INPUT OUTPUT")
    return 0


def _train_arguments(name: str, words: list[str]) -> tuple[dict[str, bool], dict[str, Any]]:
    """Return the flags of the command, and the fields of the training configuration."""
    from recyclegan.methods import METHODS
    from recyclegan.training import TrainConfig, read_config
    from recyclegan.training.presets import PRESETS

    method = METHODS[name]
    start: dict[str, Any] = {"method": method.Config()}
    preset, out = _peek(words, "--preset"), _peek(words, "--out")
    if "--resume" in words and out and Path(out).is_dir():
        stored = read_config(Path(out))
        if stored.method_name != name:
            raise InputError(f"{out}: was trained by {stored.method_name}, not {name}")
        start = {f.name: getattr(stored, f.name) for f in dataclasses.fields(TrainConfig)}
    elif preset:
        known = {key: value for key, value in PRESETS.items() if value.method == name}
        if preset not in known:
            raise InputError(
                f"--preset {preset}: unknown for {name}{nearest(preset, known)}; known: {', '.join(known)}"
            )
        start = {"method": known[preset].config, "frames": known[preset].frames, **known[preset].others}
    parsed: Any = _parse(_train_options(method.Config, start), words, f"train {name}")
    values = {f.name: getattr(parsed, f.name) for f in dataclasses.fields(TrainConfig)}
    return {"resume": parsed.resume, "dry_run": parsed.dry_run}, values


def _train_options(method_config: type, start: dict[str, Any]) -> type:
    """Return the options of ``train METHOD`` as a dataclass: the training configuration and the command's flags."""
    from recyclegan.training import TrainConfig

    @dataclass(frozen=True)
    class Flags:
        preset: str | None = None
        """A published recipe to start from: viper-to-cityscapes or video-to-label."""
        resume: bool = False
        """Continue the run in OUT exactly where it stopped; options given before need not be repeated."""
        dry_run: bool = False
        """Read the data, take one step, write nothing."""

    fields: list[Any] = []
    for known in dataclasses.fields(TrainConfig):
        kind = method_config if known.name == "method" else known.type
        if known.name in start:
            fields.append((known.name, kind, field(default=start[known.name])))
        elif known.name == "method":
            fields.append((known.name, kind, field(default_factory=method_config)))
    return dataclasses.make_dataclass("Train", fields, bases=(Flags, TrainConfig), frozen=True, kw_only=True)


def _peek(words: list[str], option: str) -> str | None:
    """Return the value of an option before all are parsed, because others' defaults depend on it."""
    for place, word in enumerate(words):
        if word == option and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(f"{option}="):
            return word.split("=", 1)[1]
    return None


def _training_bar(bars: Progress) -> Callable[[int, int, dict[str, float]], None]:
    """Return a function that shows the steps done, their speed, the time left and the loss terms.

    Where there is no terminal, it prints a line every half minute.
    """
    started: list[tuple[float, int]] = []
    task = bars.add_task("training", total=None, speed="", start=False)
    told = [0.0]

    def show(done: int, total: int, terms: dict[str, float]) -> None:
        now = time.monotonic()
        if not started:
            started.append((now, done))
            bars.start_task(task)
        seconds, steps = now - started[0][0], done - started[0][1]
        speed = steps / seconds if seconds else 0.0
        losses = "  ".join(f"{name} {value:.2f}" for name, value in terms.items())
        bars.update(task, completed=done, total=total, speed=f"{speed:.2f} steps/s  {losses}")
        if bars.disable and steps and (now - told[0] > LINE_EVERY or done == total):
            left = timedelta(seconds=round((total - done) / speed))
            print(f"step {done}/{total}  {speed:.2f} steps/s  {left} left  {losses}", file=sys.stderr)
            told[0] = now

    return show


@dataclass(frozen=True)
class TranslateOptions:
    """What ``translate`` takes."""

    model: tyro.conf.Positional[str]
    """Run folder, .safetensors file, or owner/name on the Hugging Face hub."""
    input: tyro.conf.Positional[Path]
    """Video, image, or a folder of videos and frames."""
    output: tyro.conf.Positional[Path]
    """Video, image or folder to write."""
    direction: Direction | None = None
    """Which way, where the model is a run; by default ab."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    precision: Literal["32", "bf16-mixed", "16-mixed"] = "32"
    """Floating point of the generator."""
    batch_size: int = 4
    """Frames translated at once."""
    scale: Literal["trained", "native"] = "trained"
    """Translate at the scale of training and bring the result back to size, or at the frames' own size."""
    codec: str | None = None
    """Video encoder; by default H.264, VP9 for .webm."""
    crf: int = 18
    """Quality of the video: lower is better and larger."""
    side_by_side: bool = False
    """Show the source to the left of its translation."""
    frames: bool = False
    """Write videos as folders of PNG frames, which keeps the colours of label maps exactly."""
    existing: Literal["refuse", "skip", "replace"] = "refuse"
    """What to do with outputs that are there already."""


def translate(words: list[str]) -> None:
    """Translate videos, images or folders of them with a trained model."""
    options = _parse(TranslateOptions, words, "translate")
    from recyclegan.translation import Output, Translator

    output = Output(options.codec, options.crf, options.side_by_side, options.frames, options.existing)
    if not options.input.exists():
        raise InputError(f"{options.input}: no such file or folder; name a video, an image or a folder of them")
    translator = Translator.from_pretrained(
        options.model, options.direction, options.device, options.precision, options.scale, options.batch_size
    )
    with _progress() as bars:
        notes = translator.translate_path(options.input, options.output, output, _counter(bars))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"{options.output}: written")


@dataclass(frozen=True)
class DemoOptions:
    """What ``demo`` takes."""

    out: Path = Path("demo")
    """Folder to write."""
    steps: int = 1000
    """Training steps."""
    seed: int = 0
    """Everything random follows from it."""


def demo(words: list[str]) -> None:
    """Show the whole path on the embedded world, in minutes, ending in report.html."""
    options = _parse(DemoOptions, words, "demo")
    from recyclegan.demo import DemoConfig, run_demo

    with _progress() as bars:
        lines = run_demo(options.out, DemoConfig(steps=options.steps, seed=options.seed), _counter(bars))
    print("\n".join(lines))


@dataclass(frozen=True)
class PrepareVideosOptions:
    """What ``prepare videos`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make."""
    a: tuple[Path, ...]
    """Videos, folders of frames, or folders of either that show look A."""
    b: tuple[Path, ...]
    """The same for look B; nothing in it belongs to anything in A."""
    val: float = 0.1
    """Share of the clips that is held out, where none are named."""
    val_a: tuple[Path, ...] = ()
    """Clips of A to hold out."""
    val_b: tuple[Path, ...] = ()
    """Clips of B to hold out."""
    seed: int = 0
    """Draws the held-out clips."""
    link: bool = True
    """Link files instead of copying them."""


@dataclass(frozen=True)
class PrepareRoadworldOptions:
    """What ``prepare roadworld`` takes."""

    out: tyro.conf.Positional[Path]
    """Data folder to make."""
    clips: int = 8
    """Drives to train on, of each look."""
    val_clips: int = 2
    """Drives held out, of each look."""
    frames: int = 60
    """Frames of each drive."""
    size: tuple[int, int] = (128, 256)
    """Height and width in pixels."""
    looks: str = "day,label"
    """Two of day, night, rain, sunset and label, with a comma between."""
    seed: int = 0
    """Everything random follows from it."""


def prepare(words: list[str]) -> None:
    """Make a data folder from videos, or from the embedded world."""
    kinds = {"videos": "split your own footage by clip", "roadworld": "drives through the embedded world"}
    name = _choice(words, "prepare", lambda: kinds)
    made = _prepare_videos(words[1:]) if name == "videos" else _prepare_roadworld(words[1:])
    for note in made.notes:
        print(f"note: {note}", file=sys.stderr)
    print(", ".join(f"{place}: {count} clips" for place, count in made.num_clips.items()))


def _prepare_videos(words: list[str]) -> "Prepared":
    options = _parse(PrepareVideosOptions, words, "prepare videos")
    from recyclegan.data.prepare import prepare_videos

    return prepare_videos(**vars(options))


def _prepare_roadworld(words: list[str]) -> "Prepared":
    options = _parse(PrepareRoadworldOptions, words, "prepare roadworld")
    from recyclegan.data.prepare import prepare_roadworld

    looks = options.looks.split(",")
    if len(looks) != 2:
        raise InputError(f"--looks {options.looks}: expected two with a comma between, such as day,label")
    with _progress() as bars:
        show = _counter(bars)
        return prepare_roadworld(
            **{**vars(options), "looks": (looks[0], looks[1])},
            progress=lambda done, total, _: show(done, total, "rendering"),
        )


def flow_preview(words: list[str]) -> None:
    """Show frames under the synthetic motion that training would draw, as a picture and a short video."""
    from recyclegan.flow import FlowSynthesis
    from recyclegan.preview import preview_flow

    @dataclass(frozen=True)
    class FlowPreviewOptions:
        """What ``flow-preview`` takes."""

        input: tyro.conf.Positional[Path]
        """Video, or folder of frames."""
        out: tyro.conf.Positional[Path]
        """Folder for flow.png and flow.mp4."""
        size: tuple[int, int] | None = None
        """Height and width of the frames that would be trained on; by default the input's own."""
        num_frames: int = 4
        """Frames to show, spread over the input."""
        seed: int = 0
        """Everything random follows from it."""
        flow: FlowSynthesis = field(default_factory=FlowSynthesis)

    options = _parse(FlowPreviewOptions, words, "flow-preview")
    picture, video = preview_flow(**vars(options))
    print(f"{picture} and {video}: written")


def evaluate(words: list[str]) -> None:
    """Measure translated footage: steadiness, classes, likeness; writes metrics.json and report.html."""
    from recyclegan.evaluation import EvaluationConfig
    from recyclegan.evaluation import evaluate as run_evaluation

    @dataclass(frozen=True)
    class EvaluateOptions:
        """What ``evaluate`` takes."""

        translated: tyro.conf.Positional[Path]
        """Translated video, or folder of clips."""
        source: tyro.conf.Positional[Path]
        """What it was translated from: a video, or clips of the same names."""
        out: Path
        """Folder for metrics.json and report.html."""
        target: Path | None = None
        """Any footage of the look aimed at."""
        truth: Path | None = None
        """Truth of the source: .npz files of classes and flow, or label maps."""
        config: EvaluationConfig = field(default_factory=EvaluationConfig)

    options = _parse(EvaluateOptions, words, "evaluate")
    with _progress() as bars:
        results = run_evaluation(**vars(options), progress=_counter(bars))
    for name, result in results.results.items():
        print(f"{name:<30} {result.translated.value:.5g}")
    print(f"{options.out / 'report.html'}: written")


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "demo": demo,
    "prepare": prepare,
    "flow-preview": flow_preview,
    "train": train,
    "translate": translate,
    "evaluate": evaluate,
}
