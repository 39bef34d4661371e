"""What a comparison is of and what it will do: told before it begins, and kept in its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recyclegan.config import from_dict, to_dict
from recyclegan.data.index import find_clips
from recyclegan.domains import Direction, source_domain
from recyclegan.errors import InputError
from recyclegan.evaluation.comparison.contender_run import ContenderRun, by_direction
from recyclegan.evaluation.frame_spans import frames_in, runs_of
from recyclegan.files import kind_of, read_json, write_json
from recyclegan.runs.run_folder import changed_words
from recyclegan.settings.evaluation import ComparisonConfig
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict

RECORD_FILE = "comparison.json"


@dataclass(frozen=True)
class Record:
    """What a comparison is of."""

    data: Path
    contenders: Mapping[str, TrainConfig]
    """Each by name; their run folders, seeds and steps are set by the comparison."""
    config: ComparisonConfig
    options: tuple[str, ...] = ()
    """Words of ``train`` that hold for every contender, those that are added later, too."""


def read_record(out: Path) -> Record | None:
    """Return what the comparison in a folder is of; None where nothing was kept.

    Raises:
        InputError: the file is damaged.
    """
    file = out / RECORD_FILE
    if kind_of(file) == "nothing":
        return None
    kept = read_json(file)
    parts = {"data": str, "contenders": dict, "config": dict, "options": list}
    if not isinstance(kept, dict) or not all(isinstance(kept.get(name), kind) for name, kind in parts.items()):
        raise InputError(f"{file}: expected {', '.join(parts)}; it is damaged, compare in another folder")
    contenders = {name: config_from_dict(values, f"{file}: {name}") for name, values in kept["contenders"].items()}
    config = from_dict(ComparisonConfig, kept["config"], f"{file}: config")
    return Record(Path(kept["data"]), contenders, config, tuple(map(str, kept["options"])))


def write_record(out: Path, record: Record) -> None:
    """Keep what a comparison is of, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    contenders = {name: config_to_dict(train) for name, train in record.contenders.items()}
    content = {"data": str(record.data), "contenders": contenders, "config": to_dict(record.config)}
    write_json(out / RECORD_FILE, content | {"options": list(record.options)})


def check_goes_on(before: Record, now: Record, out: Path) -> None:
    """Refuse to go on with a comparison as another one: contenders and seeds may be added, how it is measured changed.

    Raises:
        InputError: data, budget, a contender or the number of seeds contradict what it was started with.
    """
    if now.data.resolve() != before.data.resolve():
        raise InputError(f"{out}: was started on {before.data}, found {now.data}; compare in another folder")
    if (then := _budget(before.config)) != (found := _budget(now.config)):
        raise InputError(f"{out}: was started for {then}, found {found}; compare in another folder")
    if now.config.seeds < before.config.seeds:
        raise InputError(
            f"{out}: was started with --seeds {before.config.seeds}, found {now.config.seeds}; seeds can be added only"
        )
    for name in before.contenders.keys() & now.contenders.keys():
        if words := changed_words(before.contenders[name], now.contenders[name]):
            raise InputError(f"{out}: {name} was started with {words[0]}; found {words[1]}; give it another name")


def without_machine(config: ComparisonConfig) -> ComparisonConfig:
    """Return the settings without what belongs to the machine at hand; as many runs as before go on side by side."""
    return replace(config, evaluation=replace(config.evaluation, processes=None))


def _budget(config: ComparisonConfig) -> str:
    return f"{config.minutes:g} minutes" if config.minutes is not None else f"{config.steps} steps"


def plan_of(all_runs: Sequence[ContenderRun], config: ComparisonConfig) -> str:
    """Return how many runs there are, how long each is trained, and on how many frames each is measured.

    Raises:
        InputError: held-out footage cannot be read.
    """
    contenders = len({run.contender for run in all_runs})
    done = sum(run.is_done for run in all_runs)
    frames = "; ".join(_frames(all_runs[0], direction, config) for direction in by_direction(all_runs))
    finished = f", {done} of them finished" if done else ""
    return (
        f"{contenders} contenders x {config.seeds} seeds = {len(all_runs)} runs{finished}, {_budget(config)} each;"
        f" then each is translated and measured: {frames}"
    )


def _frames(run: ContenderRun, direction: Direction, config: ComparisonConfig) -> str:
    evaluation = config.evaluation
    clips = find_clips(run.footage("val", source_domain(direction)), reading=evaluation.reading)
    counts = [clip.num_frames for clip in clips]
    measured = sum(len(frames_in(runs_of(count, evaluation.most_frames))) for count in counts)
    amount = f"all {measured}" if measured == sum(counts) else f"{measured} of {sum(counts)}"
    return f"{direction} on {amount} frames of {len(counts)} clips"
