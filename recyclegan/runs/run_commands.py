"""The commands that a run can go on with, as they are typed."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from recyclegan.domains import Direction, Domain, source_domain, target_domain
from recyclegan.files import kind_of
from recyclegan.settings.training import TrainConfig

PROGRAM = "recyclegan"


@dataclass(frozen=True)
class Command:
    """A command line and what it is good for."""

    title: str
    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the line to type, quoted for the shell."""
        return shlex.join((PROGRAM, *self.words))


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
