"""``index.html`` of a run folder: what a run shows of itself, while it goes and when it is done, and how to go on."""

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from recyclegan.domains import Direction, Domain, source_domain, target_domain
from recyclegan.files import kind_of
from recyclegan.pace import duration
from recyclegan.pages.live import Shot, command, progress_bar, time_slider, verdict, written_at
from recyclegan.pages.page import Html, Section, details, grid, grid_and_more, headline, note, number, page, table, text
from recyclegan.runs.run_charts import Points, charts
from recyclegan.runs.run_folder import command_words
from recyclegan.settings.methods import METHODS
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.presets import PRESETS, Preset
from recyclegan.settings.training import TrainConfig

PROGRAM = "recyclegan"
RENEW = 30
"""Seconds after which a page of a run that goes on loads itself anew."""
LEAST_SILENCE = 120.0
"""Seconds without news of a run that goes on, from which the page says so, at the least."""
CHART_WIDTH, OPEN_CHARTS = 300, 6
SAMPLES_WORDS = (
    "Frames that training never saw: as they are, translated, and translated back. Good ones show the other look with"
    " edges, sky and light in place. A click opens the picture itself."
)


@dataclass(frozen=True)
class RunPage:
    """What the page of a run tells."""

    config: TrainConfig
    going: bool
    """Whether training goes on."""
    done: int
    """Steps done."""
    num_steps: int
    """Steps wanted."""
    course: Mapping[str, Points]
    """The (step, value) points of everything in ``stats.jsonl``."""
    verdict: Sequence[str] = ()
    """Sentences on what the translations are worth."""
    speed: float = 0.0
    """Steps a second; 0 where it is not known."""

    @property
    def state(self) -> Literal["training", "stopped", "finished"]:
        """Return whether it goes on, has a way to go, or has done all its steps."""
        return "training" if self.going else "finished" if self.done >= self.num_steps else "stopped"


@dataclass(frozen=True)
class Command:
    """A command line and what it is good for."""

    title: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the line to type, quoted for the shell."""
        return shlex.join((PROGRAM, *self.words))


def run_page(run: RunPage) -> Html:
    """Return the page; pictures are those in ``samples/`` of the run folder, referred to from there."""
    sections = [
        Section("Progress", _progress(run)),
        Section("Samples", _samples(run)),
        Section("Go on", [command(each.title, each.line) for each in _commands(run)], _command_words(run.config)),
        *_curves(run),
        Section("Settings", _settings(run.config)),
    ]
    name = run.config.out.resolve().name
    footer = "Numbers: stats.jsonl. Settings: config.json. Pictures: samples/."
    return page(name, sections, _lead(run), footer, pictures_beside=True, renew=RENEW if run.going else 0)


def _lead(run: RunPage) -> str:
    steps = f"{run.done:,} of {run.num_steps:,} steps"
    words = {"training": f"In training: {steps}.", "stopped": f"Stopped after {steps}."}
    return words.get(run.state, f"Finished: {run.done:,} steps.")


def _progress(run: RunPage) -> list[Html]:
    share = f"{100 * min(run.done / run.num_steps, 1):.0f} %"
    figures: list[tuple[str, str, str]] = [("Done", share, f"{run.done:,} of {run.num_steps:,} steps")]
    if run.going and run.speed:
        left = (run.num_steps - run.done) / run.speed
        end = time.strftime("%H:%M on %d %b", time.localtime(time.time() + left))
        figures += [("Time left", duration(left), f"until about {end}"), ("Speed", number(run.speed), "steps a second")]
    parts = [verdict(run.verdict)] if run.verdict else []
    bar = progress_bar(run.done, run.num_steps, f"{share} of training")
    return [*parts, bar, headline(figures), *_news(run)]


def _news(run: RunPage) -> list[Html]:
    """Return when the page was written, where it will be written again."""
    if not run.going:
        return []
    due = run.config.sample_every / run.speed if run.speed else 0.0
    silence = round(max(3 * due, LEAST_SILENCE)) if due else 0
    words = "There should have been news since; if training was ended from outside, go on with the first command below."
    return [written_at(time.strftime("on %d %b at %H:%M"), int(time.time()), silence, words)]


def _samples(run: RunPage) -> list[Html]:
    shots = [Shot(f"samples/{name}", f"step {step:,}") for step, name in sample_names(run.config.out, run.done)]
    words = f"There are none yet; the first come after {run.config.sample_every:,} steps."
    return [time_slider(shots, SAMPLES_WORDS)] if shots else [text(words)]


def sample_names(run: Path, done: int) -> list[tuple[int, str]]:
    """Return the grids of samples up to step ``done``, each by its step, in order."""
    names = (re.fullmatch(r"step-(\d+)\.png", path.name) for path in (run / "samples").glob("step-*.png"))
    found = sorted((int(match[1]), match[0]) for match in names if match)
    return [(step, name) for step, name in found if step <= done]


def _commands(run: RunPage) -> list[Command]:
    config = run.config
    first = {
        "training": resume_command(config, "Go on after a stop; nothing is lost"),
        "stopped": resume_command(config, "Go on with training, exactly where it stopped"),
        "finished": resume_command(config, "Train further", "--steps", str(2 * run.done)),
    }
    return [first[run.state], *commands_of_results(config, METHODS[config.method_name].directions)]


def _command_words(config: TrainConfig) -> str:
    relative = not (config.out.is_absolute() and config.data.is_absolute())
    where = f" They are for the folder that training was started in, {Path.cwd()}." if relative else ""
    return f"For a video of yours, name it, and a file to write, in the place of the clips and the folder.{where}"


def _curves(run: RunPage) -> list[Section]:
    measures, losses = charts(run.course, measured=True), charts(run.course, measured=False)
    sections = []
    if measures:
        lead = "Of held-out frames. Judge them together with the samples: none of them alone says when to stop."
        sections.append(Section("Measures", grid_and_more(measures, OPEN_CHARTS, CHART_WIDTH), lead))
    if losses:
        words = "Each network's falls and rises with the skill of the other; they do not tell how good pictures are."
        sections.append(Section("Losses", [grid(losses, CHART_WIDTH), note(words)]))
    return sections


def _settings(config: TrainConfig) -> list[Html]:
    frames, networks = config.frames, config.networks
    height, width = frames.size
    rows = [
        ["Method", config.method_name],
        ["Preset", preset_of(config) or "none"],
        ["Data", str(config.data)],
        ["Size", f"{width}x{height} pixels (--size {height} {width})"],
        ["Generator", f"{networks.generator}, width {networks.width}"],
        ["Discriminator", f"{networks.discriminator}, width {networks.discriminator_width}"],
        ["Batch", str(config.batch_size)],
        ["Device", f"{config.device}, precision {config.precision}"],
    ]
    words = " ".join(command_words(config).values())
    return [table(["Setting", "Value"], rows), details("All of them, as options", [text(words)])]


def preset_of(config: TrainConfig) -> str | None:
    """Return the preset whose terms and generator a run has, whatever its size and its motion are; None for none."""
    return next((name for name, preset in PRESETS.items() if _has_recipe(config, preset)), None)


def _has_recipe(config: TrainConfig, preset: Preset) -> bool:
    if preset.method != config.method_name:
        return False
    networks = preset.others.get("networks", NetworkConfig())
    motion = {"flow": config.method.flow} if hasattr(config.method, "flow") else {}
    return bool(replace(preset.config, **motion) == config.method and networks.generator == config.networks.generator)


def resume_command(config: TrainConfig, title: str, *more: str) -> Command:
    """Return what goes on with the run."""
    return Command(title, ("train", config.method_name, "--out", str(config.out), "--resume", *more))


def commands_of_results(config: TrainConfig, directions: tuple[Direction, ...]) -> list[Command]:
    """Return what translates and measures held-out clips in each direction, and what looks for faults."""
    commands = [
        command for direction in directions for command in (_translate(config, direction), _evaluate(config, direction))
    ]
    doctor = ("doctor", str(config.out), "--data", str(config.data))
    return [*commands, Command("See what is wrong, and what to do", doctor)]


def _translate(config: TrainConfig, direction: Direction) -> Command:
    source, target = source_domain(direction), target_domain(direction)
    options = [*(["--direction", direction] if direction != "ab" else []), *_reading(config)]
    frames = ["--frames"] if config.frames.is_label(target) else []
    words = ("translate", str(config.out), str(_footage(config, source)), str(_translated(config, direction)))
    return Command(f"Translate held-out clips, {_words(direction)}", (*words, *options, *frames))


def _evaluate(config: TrainConfig, direction: Direction) -> Command:
    clips = str(_translated(config, direction)), str(_footage(config, source_domain(direction)))
    target = str(config.data / "train" / target_domain(direction).upper())
    out = str(config.out / f"evaluation-{direction}")
    words = ("evaluate", *clips, "--target", target, "--out", out, *_reading(config))
    return Command(f"Then measure them, {_words(direction)}", words)


def _reading(config: TrainConfig) -> list[str]:
    frames = config.frames
    damaged = ["--damaged", frames.damaged] if frames.damaged != "refuse" else []
    return [*damaged, *(["--deinterlace"] if frames.deinterlace else [])]


def _footage(config: TrainConfig, domain: Domain) -> Path:
    """Return the held-out clips of a domain, or where none are held out those of training."""
    split = "val" if kind_of(config.data / "val") == "folder" else "train"
    return config.data / split / domain.upper()


def _translated(config: TrainConfig, direction: Direction) -> Path:
    return config.out / f"translated-{direction}"


def _words(direction: Direction) -> str:
    return f"{source_domain(direction).upper()} to {target_domain(direction).upper()}"
