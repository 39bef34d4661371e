"""What a comparison is of, kept in its folder: so that it can be gone on with by the folder's name alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recyclegan.config import from_dict, to_dict
from recyclegan.errors import InputError
from recyclegan.files import kind_of, read_json, write_json
from recyclegan.settings.comparison import ComparisonConfig
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict
from recyclegan.training.run_folder import changed_words

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
    told = read_json(file)
    parts = {"data": str, "contenders": dict, "config": dict, "options": list}
    if not isinstance(told, dict) or not all(isinstance(told.get(name), kind) for name, kind in parts.items()):
        raise InputError(f"{file}: expected {', '.join(parts)}; it is damaged, compare in another folder")
    contenders = {name: config_from_dict(values, f"{file}: {name}") for name, values in told["contenders"].items()}
    config = from_dict(ComparisonConfig, told["config"], f"{file}: config")
    return Record(Path(told["data"]), contenders, config, tuple(map(str, told["options"])))


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
    """Return the settings without what belongs to the machine at hand."""
    return replace(config, jobs=1, evaluation=replace(config.evaluation, processes=None))


def _budget(config: ComparisonConfig) -> str:
    return f"{config.minutes:g} minutes" if config.minutes is not None else f"{config.steps} steps"
