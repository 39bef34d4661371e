"""``recyclegan distill TEACHER --data DIR --out RUN``."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from recyclegan.cli.next_step import next_step, to_translate
from recyclegan.cli.parsing import is_named, parse
from recyclegan.cli.progress import counter, progress_bars, say_note, say_notes, training_bars
from recyclegan.config import fields_of
from recyclegan.errors import InputError
from recyclegan.settings.distillation import TRAINING, Budget, DistillFlags, student_networks
from recyclegan.settings.methods import DistillConfig
from recyclegan.settings.training import TrainConfig

if TYPE_CHECKING:
    from recyclegan.distillation import Distilled, News

MAY_CHANGE = ("steps", "device", "compile", "save_every", "keep", "log_every", "sample_every")
"""Options that are heard beside --resume."""
UNNAMED = Path("runs/DATA-student")
PAIRS = "pairs"


def distill(words: list[str]) -> int:
    """Make a small, fast and steady student of any translator, ONNX model or translated footage."""
    start = {**_DEFAULTS, "data": Path(PAIRS)} if "--resume" in words else _DEFAULTS
    options: Any = parse(_options(start), words or ["--help"], "distill")
    if options.resume:
        return _end(*_resumed(options, words))
    if not options.teacher:
        raise InputError("distill: found no TEACHER; expected a translator, an ONNX file or a folder of what one made")
    return _end(*_begun(options, words))


def _begun(options: Any, words: list[str]) -> "tuple[Path, Distilled]":
    """Distil from the teacher that the words name; return the run folder and how it ended."""
    from recyclegan.distillation import distill_config, learn_from, open_teacher

    teacher = open_teacher(options.teacher, options.direction, options.device, options.levels)
    out = Path("runs") / f"{options.data.resolve().name}-student" if options.out == UNNAMED else options.out
    defaults = distill_config(teacher, options.data, out, options.student, **_within_budget(options))
    parsed: Any = parse(_options(fields_of(TrainConfig, defaults)), words, "distill")
    config = TrainConfig(**{**fields_of(TrainConfig, parsed), "out": out})
    print(f"teacher: {teacher.name}\nstudent: {in_words(config)}")
    return out, _with_news(lambda news: learn_from(teacher, config, options.target, news))


def _within_budget(options: Any) -> dict[str, Any]:
    """Return the networks that keep up with a budget, where there is one; what was chosen is told."""
    if options.budget is None:
        return {}
    from recyclegan.distillation.budget import widest_within

    with progress_bars() as bars:
        timed = widest_within(Budget.read(options.budget), options.student, options.device, counter(bars))
    print(timed.line)
    return {"networks": student_networks(options.student, timed.width)}


def _resumed(options: Any, words: list[str]) -> "tuple[Path, Distilled]":
    """Go on with the run that the words name."""
    if options.out == UNNAMED:
        raise InputError("distill: found --resume without --out; expected the run to go on with")
    from recyclegan.distillation import resume_distilling

    changes = {name: getattr(options, name) for name in MAY_CHANGE if is_named(words, f"--{name.replace('_', '-')}")}
    return options.out, _with_news(lambda news: resume_distilling(options.out, news, **changes))


def in_words(config: TrainConfig) -> str:
    """Return what a student is and costs."""
    from recyclegan.distillation.budget import gmacs
    from recyclegan.networks import make_generator

    networks, channels = config.networks, config.frames.channels
    cost = gmacs(make_generator(networks.generator, *channels, networks.width, networks.norm), channels[0], 256, 256)
    return f"{networks.generator} of width {networks.width}, {cost:.2f} GMACs at 256x256"


def _with_news(work: "Callable[[News], Distilled]") -> "Distilled":
    """Do the work, showing how far it is."""
    from recyclegan.distillation import News

    with training_bars() as (bars, report, waited):
        return work(News(report, counter(bars), say_note, waited))


def _end(out: Path, distilled: "Distilled") -> int:
    """Say how it ended and what comes next; return the exit code."""
    outcome = distilled.outcome
    say_notes(outcome.notes)
    if not outcome.is_first_process:
        return 0
    if distilled.likeness is None:
        print(f"{out}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume")
        print(next_step("distill", "--out", out, "--resume"))
        return 130
    print(f"{out}: trained {outcome.steps} steps")
    print("\n".join(distilled.likeness.lines()))
    print(f"page: {out / 'index.html'}; open it in a browser")
    print(to_translate(out, out / "pairs"))
    return 0


_DEFAULTS: dict[str, Any] = {"networks": student_networks("light-unet"), **TRAINING}


def options_of_distill() -> type:
    """Return the options of ``distill`` as a dataclass."""
    return _options(_DEFAULTS)


def _options(start: Mapping[str, Any]) -> type:
    """Return the options with the defaults of a configuration: those of training and the command's own."""
    kinds = {f.name: DistillConfig if f.name == "method" else f.type for f in dataclasses.fields(TrainConfig)}
    fields: list[Any] = [
        ("teacher", tyro.conf.Positional[Annotated[str, tyro.conf.arg(help=TEACHER_HELP)]], field(default=""))
    ]
    fields += [(name, kinds[name], field(default=value)) for name, value in start.items()]
    if "out" not in start:
        fields.append(("out", Annotated[Path, tyro.conf.arg(help=OUT_HELP)], field(default=UNNAMED)))
    return dataclasses.make_dataclass("Distill", fields, bases=(DistillFlags, TrainConfig), frozen=True, kw_only=True)


TEACHER_HELP = (
    "Run folder, translator (.safetensors), ONNX file of any image-to-image model, or folder of videos or frames that "
    "any model made of DATA's, under the same names. Not needed with --resume."
)
OUT_HELP = "Run folder to write; by default runs/DATA-student."
