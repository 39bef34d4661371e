"""Several methods or weightings on equal terms: the same data, budget and seeds; trained, translated, measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from recyclegan.comparison.budget import equal_minutes
from recyclegan.comparison.entry import Entry, Judging, check_started, folder_name
from recyclegan.comparison.report import write_results
from recyclegan.comparison.running import run_entries
from recyclegan.comparison.scores import Standing, measured_otherwise, read_standing
from recyclegan.errors import InputError, nearest
from recyclegan.files import check_writable
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.comparison import ComparisonConfig
from recyclegan.settings.training import TrainConfig

__all__ = ["ComparisonConfig", "compare_methods"]

Show = Callable[[int, int | None, str], None]
"""Told of (done, in all, what) during all long work."""


def compare_methods(
    contenders: Mapping[str, TrainConfig],
    data: AnyPath,
    out: AnyPath,
    config: ComparisonConfig,
    show: Show | None = None,
    resume: bool = False,
) -> list[str]:
    """Train, translate and measure every contender with every seed; return a line for each run that failed, and for
    each setting in which measurements differ.

    Each contender is a training configuration by name; its data, run folder, seed and steps are set here. Runs lie in
    ``out/runs/NAME/seed-K``; what is finished there is not done again when ``resume`` is on, and what is not goes on
    where it stopped. ``out/report.html``, ``table.md`` and ``results.json`` hold the standing of all contenders.

    Raises:
        InputError: names clash, the folder is in use, or no run could be finished.

    Example:
        >>> from dataclasses import replace
        >>> from recyclegan.settings.methods import CycleGANConfig
        >>> small = NetworkConfig(width=4, discriminator_width=4)
        >>> ours = TrainConfig("data", networks=small, frames=DataConfig(size=(32, 48)))
        >>> contenders = {"ours": ours, "theirs": replace(ours, method=CycleGANConfig())}
        >>> compare_methods(contenders, "data", out="which", config=ComparisonConfig(steps=2, seeds=1))
        []
    """
    show = show or (lambda *_: None)
    data, out = as_path(data), as_path(out)
    baseline = _check(contenders, data, out, config, resume)
    placed = {name: _placed(train, name, data, out) for name, train in contenders.items()}
    steps = (
        dict.fromkeys(placed, config.steps)
        if config.minutes is None
        else equal_minutes(placed, config.minutes, config.jobs, out / "budget.json", show)
    )
    judging = Judging(config.evaluation, _truth(data, config.truth))
    entries = [
        Entry(name, seed, _of_seed(placed[name], seed, steps[name]), judging)
        for seed in range(config.seeds)
        for name in placed
    ]
    for entry in entries:
        check_started(entry)
    failures = run_entries(entries, config.jobs, show)
    finished = [entry for entry in entries if entry.is_done]
    if not finished:
        raise InputError(f"{out}: no run could be finished. {' '.join(failures)}")
    standing: Sequence[Standing] = read_standing(finished, baseline)
    write_results(out, standing, finished, config.minutes)
    return [*failures, *measured_otherwise(finished)]


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


def _placed(train: TrainConfig, name: str, data: Path, out: Path) -> TrainConfig:
    return replace(train, data=data, out=out / "runs" / folder_name(name))


def _of_seed(train: TrainConfig, seed: int, steps: int | None) -> TrainConfig:
    return replace(train, out=train.out / f"seed-{seed}" / "run", seed=seed, steps=steps)


def _truth(data: Path, given: Path | None) -> Path | None:
    if given:
        return given
    beside = data / "truth" / "val"
    return beside if beside.is_dir() else None
