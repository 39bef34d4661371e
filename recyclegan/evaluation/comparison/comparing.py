"""Several methods or weightings on equal terms: the same data, budget and seeds; trained, translated, measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from recyclegan.errors import InputError, nearest
from recyclegan.evaluation.comparison.comparison_report import write_results
from recyclegan.evaluation.comparison.contender_run import ContenderRun, Measuring, check_started, folder_name
from recyclegan.evaluation.comparison.plan_and_record import (
    Record,
    check_goes_on,
    plan_of,
    read_record,
    without_machine,
    write_record,
)
from recyclegan.evaluation.comparison.running import equal_minutes, run_contenders
from recyclegan.evaluation.comparison.standings import measured_otherwise, read_standing
from recyclegan.files import check_writable
from recyclegan.pace import Show
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.evaluation import ComparisonConfig, EvaluationConfig
from recyclegan.settings.training import TrainConfig

MEMORY_FOLDER = "memory"
"""What belongs to source and target alone, while the comparison goes on."""


def compare_methods(
    contenders: Mapping[str, TrainConfig],
    data: AnyPath,
    out: AnyPath,
    config: ComparisonConfig,
    show: Show | None = None,
    resume: bool = False,
    options: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> list[str]:
    """Train, translate and measure every contender with every seed.

    Return a line for each run that failed, and for each setting in which measurements differ.

    A contender is a training configuration under a name. Its data, run folder, seed and steps are set here. Runs lie in
    ``out/runs/NAME/seed-K``. With ``resume``, finished runs are kept, and others go on where they stopped.
    ``out/report.html``, ``table.md`` and ``results.json`` hold the results. ``out/comparison.json`` holds what is
    compared, and ``options``: words of ``train`` that hold for all contenders. ``say`` gets a line on the work.

    Raises:
        InputError: names clash, the folder is in use or was started otherwise, or no run could be finished.

    Example:
        >>> from dataclasses import replace
        >>> from recyclegan.settings.methods import CycleGANConfig
        >>> small = NetworkConfig(width=4, discriminator_width=4)
        >>> ours = TrainConfig("data", networks=small, frames=DataConfig(size=(32, 48)))
        >>> contenders = {"ours": ours, "theirs": replace(ours, method=CycleGANConfig())}
        >>> compare_methods(contenders, "data", out="which", config=ComparisonConfig(steps=2, seeds=1))
        []
    """
    show, say = show or (lambda *_: None), say or (lambda _: None)
    data, out = as_path(data), as_path(out)
    baseline = _check(contenders, data, out, config, resume)
    record = _recorded(Record(data, contenders, without_machine(config), tuple(options)), out)
    all_runs = _contender_runs(contenders, data, out, config, show)
    for run in all_runs:
        check_started(run)
    write_record(out, record)
    say(plan_of(all_runs, config))
    failures = run_contenders(all_runs, config.jobs, show)
    rmtree(out / MEMORY_FOLDER, ignore_errors=True)
    finished = [run for run in all_runs if run.is_done]
    if not finished:
        raise InputError(f"{out}: no run could be finished. {' '.join(failures)}")
    show(0, 1, "tables, pictures and films")
    write_results(out, read_standing(finished, baseline), finished, config.minutes)
    show(1, 1, "tables, pictures and films")
    return [*failures, *measured_otherwise(finished)]


def _contender_runs(
    contenders: Mapping[str, TrainConfig], data: Path, out: Path, config: ComparisonConfig, show: Show
) -> list[ContenderRun]:
    """Return the run of each contender with each seed, with the steps that the budget gives it."""
    placed = {name: _placed(train, name, data, out) for name, train in contenders.items()}
    steps = (
        dict.fromkeys(placed, config.steps)
        if config.minutes is None
        else equal_minutes(placed, config.minutes, config.jobs, out / "budget.json", show)
    )
    measuring = Measuring(_shared(config), _truth(data, config.truth), out / MEMORY_FOLDER)
    return [
        ContenderRun(name, seed, _of_seed(placed[name], seed, steps[name]), measuring)
        for seed in range(config.seeds)
        for name in placed
    ]


def _check(contenders: Mapping[str, TrainConfig], data: Path, out: Path, config: ComparisonConfig, resume: bool) -> str:
    """Return the name of the baseline."""
    if (config.steps is None) == (config.minutes is None):
        raise InputError("compare: give a budget, either --steps or --minutes")
    if len(contenders) < 2:
        raise InputError(f"compare: found {len(contenders)} contender, expected at least 2")
    if len({folder_name(name) for name in contenders}) < len(contenders):
        raise InputError("compare: two contenders would share a folder; give them other names")
    if not (data / "val").is_dir():
        raise InputError(f"{data}: holds no val; held-out clips are what contenders are measured on")
    if out.exists() and not resume and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: is there already; give --resume to go on with it, or another --out")
    baseline = config.baseline or next(iter(contenders))
    if baseline not in contenders:
        raise InputError(f"baseline {baseline!r}: no such contender{nearest(baseline, contenders)}")
    check_writable(out / "report.html")
    return baseline


def _recorded(now: Record, out: Path) -> Record:
    """Return what is kept of a comparison, with what was kept before; refuse to go on with it as another one."""
    before = read_record(out)
    if before is None:
        return now
    check_goes_on(before, now, out)
    return replace(now, contenders={**before.contenders, **now.contenders})


def _shared(config: ComparisonConfig) -> EvaluationConfig:
    """Return how translations are measured while ``jobs`` runs share the cores."""
    if config.evaluation.processes is None or config.jobs == 1:
        return config.evaluation
    return replace(config.evaluation, processes=max(1, config.evaluation.processes // config.jobs))


def _placed(train: TrainConfig, name: str, data: Path, out: Path) -> TrainConfig:
    return replace(train, data=data, out=out / "runs" / folder_name(name))


def _of_seed(train: TrainConfig, seed: int, steps: int | None) -> TrainConfig:
    return replace(train, out=train.out / f"seed-{seed}" / "run", seed=seed, steps=steps)


def _truth(data: Path, given: Path | None) -> Path | None:
    if given:
        return given
    beside = data / "truth" / "val"
    return beside if beside.is_dir() else None
