"""The folder of a run: who may write to it, and the configuration that it keeps."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from recyclegan.distributed.processes import is_first_process
from recyclegan.errors import InputError
from recyclegan.files import kind_of, only_one, read_json, sweep, write_json
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict
from recyclegan.states import checkpoints

CONFIG_FILE = "config.json"
STATS_FILE = "stats.jsonl"
LOCK_FILE = ".lock"
MAY_CHANGE = frozenset(
    {
        *("data", "out", "cache", "cache_gb", "steps", "epochs", "device", "devices", "compile"),
        *("save_every", "save_epochs", "keep", "log_every", "sample_every", "data_on_device"),
    }
)
"""Fields that may differ from those that a run was started with when it is resumed."""


def check_run_folder(config: TrainConfig, resume: bool) -> None:
    """Refuse to write over a run, or to resume one with another configuration.

    Raises:
        InputError: the folder holds a run and ``resume`` is off, or it differs from what the run was started with.
    """
    check_is_folder(config.out)
    if not resume and holds_run(config.out):
        raise InputError(f"{config.out}: holds a run already; give --resume to go on with it, or another --out")
    if kind_of(config.out / CONFIG_FILE) == "nothing":
        return
    if words := changed_words(read_config(config.out), config):
        raise InputError(f"{config.out}: was started with {words[0]}; found {words[1]}; resume it as it was")


def changed_words(started: TrainConfig, config: TrainConfig) -> tuple[str, str] | None:
    """Return in words of the command line what a run was started with and what is found now, None if it may go on."""
    before, now = command_words(started), command_words(config)
    if started.method_name != config.method_name:
        before, now = {"method": started.method_name}, {"method": config.method_name}
    changed = [name for name in before if now[name] != before[name] and name not in MAY_CHANGE]
    if not changed:
        return None
    wanted, found = (" ".join(words[name] for name in changed) for words in (before, now))
    return wanted, found


def holds_run(run: Path) -> bool:
    """Return whether a folder holds a run: its configuration, or at least a checkpoint."""
    return kind_of(run / CONFIG_FILE) != "nothing" or bool(checkpoints(run))


def check_is_folder(run: Path) -> None:
    """Refuse, by an InputError, a place for a run that is something else than a folder."""
    if (kind := kind_of(run)) not in ("folder", "nothing"):
        raise InputError(f"{run}: is a {kind}; name a folder for the run")


_holders: dict[Path, int] = {}
"""Run folders that this process trains in, and the threads that do."""


@contextmanager
def only_training(run: Path) -> Iterator[None]:
    """Let no other process write into a run folder while the block runs; remove what a killed one left half written.

    Where several processes train together, the first one holds the folder for all. A block inside of another one of the
    same thread just runs.

    Raises:
        InputError: another process, or thread, trains there.
    """
    place, thread = run.absolute(), threading.get_ident()
    if not is_first_process() or _holders.get(place) == thread:
        yield
        return
    check_is_folder(run)
    with only_one(run / LOCK_FILE, str(run)):
        _holders[place] = thread
        try:
            for folder in (run, run / "samples"):
                sweep(folder)
            yield
        finally:
            del _holders[place]


def command_words(config: TrainConfig) -> dict[str, str]:
    """Return each field of a configuration, in its order, in the words of the command line: ``--batch-size 1``."""
    values = config_to_dict(config)
    values["method"].pop("name")
    return dict(_words(values))


def _words(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        option = name.replace("_", "-")
        match value:
            case dict():
                yield from _words(value)
            case bool():
                yield name, f"--{option}" if value else f"--no-{option}"
            case list():
                yield name, f"--{option} {' '.join(map(str, value))}"
            case _:
                yield name, f"--{option} {value}"


@contextmanager
def unmade_on_failure(folder: Path) -> Iterator[None]:
    """Remove the folder and its parents again, as far as the block made them and they are empty, if the block fails."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for place in missing:
                place.rmdir()
        raise


def read_config(run: AnyPath) -> TrainConfig:
    """Return the configuration of a run folder.

    Raises:
        InputError: there is none, or it is not of this program.
    """
    path = as_path(run) / CONFIG_FILE
    if kind_of(path) == "nothing":
        raise InputError(f"{run}: holds no {CONFIG_FILE}; name a run folder")
    values = read_json(path)
    if not isinstance(values, dict):
        raise InputError(f"{path}: found {values!r}, expected a table of fields")
    return config_from_dict(values, str(path))


def write_config(config: TrainConfig) -> None:
    """Write the configuration into its run folder."""
    write_json(config.out / CONFIG_FILE, config_to_dict(config))
