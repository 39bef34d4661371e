"""One run of a comparison: train, translate the held-out clips, measure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from recyclegan.checkpoint import load_card
from recyclegan.comparison.seconds import timed
from recyclegan.domains import Direction, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.training import read_config, train
from recyclegan.training.run_folder import check_run_folder
from recyclegan.translation import Output, Translator

Report = Callable[[int, int | None, str], None]
"""Told of (done, in all, what)."""


class StoppedError(InputError):
    """A signal ended a run before its last step; it can be resumed."""


@dataclass(frozen=True)
class Judging:
    """How translations are measured."""

    evaluation: EvaluationConfig
    truth: Path | None
    """Folder with A and B."""
    memory: Path | None = None
    """Folder for what belongs to source and target alone, which all runs share."""


@dataclass(frozen=True)
class Entry:
    """A contender with one seed."""

    contender: str
    seed: int
    config: TrainConfig
    judging: Judging

    @property
    def name(self) -> str:
        """Return what the run is called."""
        return f"{self.contender}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Return where everything about the run lies."""
        return self.config.out.parent

    @property
    def ways(self) -> tuple[Direction, ...]:
        """Return the directions that the method trains."""
        return METHODS[self.config.method_name].ways

    def translated(self, way: Direction) -> Path:
        """Return the folder of translated clips."""
        return self.folder / "translated" / way

    def evaluation(self, way: Direction) -> Path:
        """Return the folder of the numbers."""
        return self.folder / "evaluation" / way

    def footage(self, split: str, domain: str) -> Path:
        """Return the footage of a domain, given as a or b."""
        return self.config.data / split / domain.upper()

    @property
    def is_started(self) -> bool:
        """Return whether there is something to go on with."""
        return (self.config.out / "config.json").is_file()

    @property
    def is_trained(self) -> bool:
        """Return whether the translators of the last step are there."""
        translators = [self.config.out / f"{way}.safetensors" for way in self.ways]
        return all(path.is_file() and load_card(path).steps == self.config.steps for path in translators)

    @property
    def is_done(self) -> bool:
        """Return whether all that there is to do was done."""
        return all((self.evaluation(way) / "metrics.json").is_file() for way in self.ways)


def folder_name(contender: str) -> str:
    """Return a contender's name as a file system takes it."""
    return re.sub(r"[^\w.=+-]+", "-", contender).strip("-.").lower() or "contender"


def check_started(entry: Entry) -> None:
    """Refuse to go on with a run that was started otherwise, or with another budget: its rate would be neither's.

    Raises:
        InputError: it was.
    """
    check_run_folder(entry.config, resume=True)
    run, steps = entry.config.out, entry.config.steps
    if entry.is_started and (started := read_config(run).steps) != steps:
        raise InputError(f"{run}: was started for {started} steps, found {steps}; compare in another folder")


def carry_out(entry: Entry, report: Report) -> None:
    """Do what is left to do of a run.

    Raises:
        StoppedError: a signal ended it; it can be resumed.
        InputError: training failed, or the run folder belongs to another configuration.
    """
    if entry.is_done:
        return
    if not entry.is_trained:
        _train(entry, report)
    for way in entry.ways:
        judge(entry, way, report)


def _train(entry: Entry, report: Report) -> None:
    run = entry.config.out
    with timed(entry.folder, "training"):
        outcome = train(
            entry.config,
            entry.is_started,
            report=lambda done, total, _: report(done, total, "training"),
            decoding=lambda done, total, _: report(done, total, "decoding"),
        )
    if outcome.steps < outcome.num_steps:
        raise StoppedError(f"{run}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume")


def judge(entry: Entry, way: Direction, report: Report) -> None:
    """Translate the held-out clips in one direction and measure them."""
    with timed(entry.folder, "translating"):
        _translate(entry, way, report)
    with timed(entry.folder, "measuring"):
        _measure(entry, way, report)


def _translate(entry: Entry, way: Direction, report: Report) -> None:
    translator = Translator.from_pretrained(entry.config.out, way, entry.config.device)
    translator.translate_folder(
        entry.footage("val", source_domain(way)),
        entry.translated(way),
        Output(frames=True, existing="replace"),
        lambda done, total, _: report(done, total, "translating"),
    )


def _measure(entry: Entry, way: Direction, report: Report) -> None:
    domain, settings, truth = source_domain(way), entry.judging.evaluation, entry.judging.truth
    if not load_card(entry.config.out / f"{way}.safetensors").palette:
        settings = replace(settings, labels=None)
    evaluate(
        entry.translated(way),
        entry.footage("val", domain),
        entry.evaluation(way),
        entry.footage("train", target_domain(way)),
        truth / domain.upper() if truth else None,
        settings,
        progress=lambda done, total, _: report(done, total, "measuring"),
        memory=entry.judging.memory,
    )
