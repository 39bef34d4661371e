"""Several evaluations side by side: the numbers of each ``metrics.json`` in one table, on one page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.evaluation.html import Html
from recyclegan.evaluation.measures import MEASURES
from recyclegan.evaluation.page import Cell, Column, Section, note, page, table
from recyclegan.evaluation.results import FORMAT
from recyclegan.files import whole_file
from recyclegan.metrics.intervals import Interval

Content = Mapping[str, Any]


def compare(evaluations: Mapping[str, Path], out: Path) -> None:
    """Write one page that compares evaluations, given by name as folders that hold ``metrics.json``.

    Settings in which they differ are told on the page, for then their numbers do not compare.

    Raises:
        InputError: a folder holds no ``metrics.json``, or one that this version does not read.
    """
    contents = {name: read_metrics(folder) for name, folder in evaluations.items()}
    with whole_file(out) as scratch:
        scratch.write_text(comparison(contents), encoding="utf-8")


def read_metrics(folder: Path) -> Content:
    """Return the content of ``folder/metrics.json``.

    Raises:
        InputError: there is none, or one that this version does not read.
    """
    path = folder / "metrics.json"
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a folder that an evaluation wrote")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: is no JSON ({error.msg}); evaluate again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: not in format {FORMAT}, which this version reads; evaluate again")
    return content


def comparison(contents: Mapping[str, Content]) -> Html:
    """Return the page that compares the contents of several ``metrics.json``, by name."""
    names = [name for name in MEASURES if any(name in content["measures"] for content in contents.values())]
    columns: list[Column | str] = ["", *(Column(MEASURES[name].title, MEASURES[name].better) for name in names)]
    rows = [[who, *(_value(content, name) for name in names)] for who, content in contents.items()]
    pieces = [table(columns, rows, "The best of each column is marked; beneath a number its 95 % interval over clips.")]
    pieces += [note(line) for line in differences(contents)]
    how = table(["Measure", "How"], [[MEASURES[name].title, MEASURES[name].how] for name in names])
    return page("Comparison", [Section("Numbers", pieces), Section("How it was measured", [how])])


def _value(content: Content, name: str) -> Cell:
    found = content["measures"].get(name)
    if found is None:
        return None
    value, low, high = (_nan(found["translated"][key]) for key in ("value", "low", "high"))
    return Interval(value, low, high, found["translated"]["num_clips"])


def _nan(value: float | int | None) -> float:
    return float("nan") if value is None else float(value)


def differences(contents: Mapping[str, Content]) -> Sequence[str]:
    """Return one line for each setting or input in which the evaluations differ, the translated footage aside."""
    lines = []
    for part in ("protocol", "inputs"):
        for key in dict.fromkeys(key for content in contents.values() for key in content[part]):
            values = {who: content[part].get(key, "none") for who, content in contents.items()}
            if key != "translated" and len(set(values.values())) > 1:
                told = "; ".join(f"{who}: {value}" for who, value in values.items())
                lines.append(f"These differ in {key}, so their numbers may not compare. {told}.")
    return lines
