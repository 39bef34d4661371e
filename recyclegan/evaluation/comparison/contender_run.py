"""One run of a comparison: train, translate the held-out clips, measure.

How long the parts of a run took: training, translating and measuring.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Literal, get_args

from recyclegan.checkpoint import load_card
from recyclegan.domains import Direction, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.files import read_json, write_json
from recyclegan.pace import Show
from recyclegan.runs import read_config
from recyclegan.runs.run_folder import check_run_folder
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.training import train
from recyclegan.translation import Output, Translator

Stage = Literal["training", "translating", "measuring"]
STAGES: tuple[Stage, ...] = get_args(Stage)
SECONDS_FILE = "seconds.json"


@contextmanager
def timed(folder: Path, stage: Stage) -> Iterator[None]:
    """Add the seconds that the block takes to those that the stage of a run took before, unless it fails."""
    start = monotonic()
    yield
    found = seconds_of(folder)
    write_json(folder / SECONDS_FILE, found | {stage: round(found.get(stage, 0.0) + monotonic() - start, 3)})


def seconds_of(folder: Path) -> dict[str, float]:
    """Return the seconds that each stage of a run took, as far as they were taken.

    Raises:
        InputError: the file is damaged.
    """
    file = folder / SECONDS_FILE
    if not file.is_file():
        return {}
    found = read_json(file)
    if not isinstance(found, dict) or not all(type(value) in (int, float) and value >= 0 for value in found.values()):
        raise InputError(f"{file}: expected the seconds of each stage; delete it, they are only told")
    return found


def total_seconds(folders: Sequence[Path]) -> dict[str, float]:
    """Return the seconds that each stage took in all runs."""
    each = [seconds_of(folder) for folder in folders]
    return {stage: round(sum(found.get(stage, 0.0) for found in each), 3) for stage in STAGES}


def in_words(seconds: dict[str, float]) -> str:
    """Return where the time went, in a line."""
    return "Time: " + ", ".join(f"{stage} {_short(value)}" for stage, value in seconds.items())


def _short(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"


class StoppedError(InputError):
    """A signal ended a run before its last step; it can be resumed."""


@dataclass(frozen=True)
class Measuring:
    """How translations are measured."""

    evaluation: EvaluationConfig
    truth: Path | None
    """Folder with A and B."""
    memory: Path | None = None
    """Folder for what belongs to source and target alone, which all runs share."""


@dataclass(frozen=True)
class ContenderRun:
    """A contender with one seed."""

    contender: str
    seed: int
    config: TrainConfig
    measuring: Measuring

    @property
    def name(self) -> str:
        """Return what the run is called."""
        return f"{self.contender}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Return where everything about the run lies."""
        return self.config.out.parent

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return the directions that the method trains."""
        return METHODS[self.config.method_name].directions

    def translated(self, direction: Direction) -> Path:
        """Return the folder of translated clips."""
        return self.folder / "translated" / direction

    def evaluation(self, direction: Direction) -> Path:
        """Return the folder of the numbers."""
        return self.folder / "evaluation" / direction

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
        translators = [self.config.out / f"{direction}.safetensors" for direction in self.directions]
        return all(path.is_file() and load_card(path).steps == self.config.steps for path in translators)

    @property
    def is_done(self) -> bool:
        """Return whether all that there is to do was done."""
        return all((self.evaluation(direction) / "metrics.json").is_file() for direction in self.directions)


def by_direction(all_runs: Sequence[ContenderRun]) -> dict[Direction, list[ContenderRun]]:
    """Return the runs that train each direction."""
    directions = dict.fromkeys(direction for run in all_runs for direction in run.directions)
    return {direction: [run for run in all_runs if direction in run.directions] for direction in directions}


def folder_name(contender: str) -> str:
    """Return a contender's name as a file system takes it."""
    return re.sub(r"[^\w.=+-]+", "-", contender).strip("-.").lower() or "contender"


def check_started(run: ContenderRun) -> None:
    """Refuse to go on with a run that was started otherwise, or with another budget: its rate would be neither's.

    Raises:
        InputError: it was.
    """
    check_run_folder(run.config, resume=True)
    _check_downstream(run.measuring)
    folder, steps = run.config.out, run.config.steps
    if run.is_started and (started := read_config(folder).steps) != steps:
        raise InputError(f"{folder}: was started for {started} steps, found {steps}; compare in another folder")


def _check_downstream(measuring: Measuring) -> None:
    """Refuse a downstream score without the classes of both domains, before anything is trained."""
    if not measuring.evaluation.downstream:
        return
    if measuring.evaluation.labels is None:
        raise InputError("downstream: no label set given; give --labels")
    lacks = [domain for domain in "AB" if measuring.truth is None or not (measuring.truth / domain).is_dir()]
    if lacks:
        raise InputError(f"downstream: no truth of {' and '.join(lacks)}; give --truth with folders A and B")


def carry_out(run: ContenderRun, report: Show) -> None:
    """Do what is left to do of a run.

    Raises:
        StoppedError: a signal ended it; it can be resumed.
        InputError: training failed, or the run folder belongs to another configuration.
    """
    if run.is_done:
        return
    if not run.is_trained:
        _train(run, report)
    for direction in run.directions:
        judge(run, direction, report)


def _train(run: ContenderRun, report: Show) -> None:
    with timed(run.folder, "training"):
        outcome = train(
            run.config,
            run.is_started,
            report=lambda done, total, _: report(done, total, "training"),
            decoding=lambda done, total, _: report(done, total, "decoding"),
        )
    if outcome.steps < outcome.num_steps:
        raise StoppedError(
            f"{run.config.out}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume"
        )


def judge(run: ContenderRun, direction: Direction, report: Show) -> None:
    """Translate the held-out clips in one direction and measure them."""
    with timed(run.folder, "translating"):
        _translate(run, direction, report)
    with timed(run.folder, "measuring"):
        _measure(run, direction, report)


def _translate(run: ContenderRun, direction: Direction, report: Show) -> None:
    translator = Translator.from_pretrained(run.config.out, direction, run.config.device)
    translator.translate_folder(
        run.footage("val", source_domain(direction)),
        run.translated(direction),
        Output(frames=True, existing="replace"),
        lambda done, total, _: report(done, total, "translating"),
    )


def _measure(run: ContenderRun, direction: Direction, report: Show) -> None:
    domain, settings, truth = source_domain(direction), run.measuring.evaluation, run.measuring.truth
    if load_card(run.config.out / f"{direction}.safetensors").palette:
        settings = replace(settings, downstream=False)
    elif not settings.downstream:
        settings = replace(settings, labels=None)
    aim = target_domain(direction) if settings.downstream else None
    evaluate(
        run.translated(direction),
        run.footage("val", domain),
        run.evaluation(direction),
        run.footage("train", target_domain(direction)),
        truth / domain.upper() if truth else None,
        settings,
        progress=lambda done, total, _: report(done, total, "measuring"),
        memory=run.measuring.memory,
        target_truth=truth / aim.upper() if truth and aim else None,
        labelled=run.footage("val", aim) if aim else None,
    )
