"""Which frames a run was trained on, from which step: ``data.json`` in its folder, compared when it is resumed.

The file is a list. Each entry tells from which step (``from``) it holds, and for each domain the SHA-256 of every
clip's frames as they were trained on: at load size, whatever their files are called or when they were written.
"""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError
from recyclegan.files import kind_of, read_json, write_json

DATA_FILE = "data.json"
MOST_NAMES = 3
"""Clips that are named in a note; more are counted."""

Digests = Mapping[Domain, Mapping[str, str]]
"""For each domain, the SHA-256 of each clip's frames by the clip's name."""


def data_changes(run: Path, now: Digests) -> list[str]:
    """Return what has changed in the data since the run was last started; nothing where that is not known."""
    try:
        recorded = _read(run)
    except InputError as error:
        return [f"{error}; whether the data has changed since the run was started is not known"]
    if not recorded:
        return []
    before = recorded[-1]
    return [f"domain {domain.upper()}: {told}" for domain in DOMAINS if (told := _told(before[domain], now[domain]))]


def write_data(run: Path, now: Digests, step: int) -> None:
    """Write into the run folder that ``now`` is what is trained on from ``step``."""
    try:
        recorded = [entry for entry in _read(run) if entry["from"] < step]
    except InputError:
        recorded = []
    entry = {domain: dict(now[domain]) for domain in DOMAINS}
    if not recorded or any(recorded[-1][domain] != entry[domain] for domain in DOMAINS):
        write_json(run / DATA_FILE, [*recorded, {"from": step, **entry}])


def _read(run: Path) -> list[dict[str, Any]]:
    """Return the entries of a run, none where there is no file.

    Raises:
        InputError: the file is not as it was written.
    """
    path = run / DATA_FILE
    if kind_of(path) == "nothing":
        return []
    entries = read_json(path)
    if not (isinstance(entries, list) and all(map(_is_entry, entries))):
        raise InputError(f"{path}: is not as it was written")
    return entries


def _is_entry(value: Any) -> bool:
    """Return whether a value has the form of an entry."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("from"), int)
        and all(isinstance(value.get(domain), dict) for domain in DOMAINS)
    )


def _told(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what became of the clips of a domain in words; nothing where they are the same."""
    both = before.keys() & now.keys()
    fates = {
        "removed": before.keys() - both,
        "changed": {name for name in both if before[name] != now[name]},
        "added": now.keys() - both,
    }
    parts = [f"{len(names)} {fate} ({_named(names)})" for fate, names in fates.items() if names]
    return f"clips are not those that the run was last started with: {', '.join(parts)}" if parts else ""


def _named(names: Set[str]) -> str:
    first = ", ".join(sorted(names)[:MOST_NAMES])
    return first if len(names) <= MOST_NAMES else f"{first}, ..."
