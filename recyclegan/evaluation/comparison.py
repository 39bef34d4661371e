"""Several evaluations side by side: the numbers of each ``metrics.json`` in one table, on one page."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from recyclegan.errors import InputError
from recyclegan.evaluation.measures import MEASURES
from recyclegan.evaluation.results import FORMAT
from recyclegan.files import read_json, write_text
from recyclegan.metrics.intervals import Interval
from recyclegan.pages.html import Html
from recyclegan.pages.page import Cell, Column, Section, note, page, table
from recyclegan.paths import AnyPath, as_path
from recyclegan.verdict import WORDS

Content = Mapping[str, Any]
"""What ``metrics.json`` holds: tables ``measures``, ``protocol`` and ``inputs``, besides others."""


def compare(evaluations: Mapping[str, AnyPath], out: AnyPath) -> None:
    """Write one page that compares evaluations, given by name as folders that hold ``metrics.json``.

    Settings in which they differ are told on the page, for then their numbers do not compare.

    Raises:
        InputError: a folder holds no ``metrics.json``, or one that this version does not read.
    """
    contents = {name: read_metrics(folder) for name, folder in evaluations.items()}
    write_text(as_path(out), comparison(contents))


def read_metrics(folder: AnyPath) -> Content:
    """Return the content of ``folder/metrics.json``.

    Raises:
        InputError: there is none, it is damaged, or one that this version does not read.
    """
    path = as_path(folder) / "metrics.json"
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a folder that an evaluation wrote")
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: not in format {FORMAT}, which this version reads; evaluate again")
    _check(content, path)
    return content


def read_draws(folder: AnyPath) -> dict[str, Float[np.ndarray, " draws"]]:
    """Return the values of each measure on the clips drawn again, from ``folder/draws.npz``.

    Raises:
        InputError: there is no such file, or it is damaged.
    """
    path = as_path(folder) / "draws.npz"
    if not path.is_file():
        raise InputError(f"{path}: no such file; evaluate again")
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            draws = dict(file)
    except Exception as error:  # damage to an archive shows as an error of any of five libraries
        raise InputError(f"{path}: is no file of arrays, or damaged; evaluate again") from error
    for name, values in draws.items():
        _expect(values.ndim == 1 and values.dtype.kind == "f", values.shape, f"{path}: {name}", "numbers in a row")
    return draws


def _check(content: Content, path: Path) -> None:
    for part in ("protocol", "inputs"):
        for name, words in _table(content.get(part), f"{path}: {part}").items():
            _expect(isinstance(words, str), words, f"{path}: {part}.{name}", "words")
    if (verdict := content.get("verdict")) is not None:
        words = {key: _table(verdict, f"{path}: verdict").get(key) for key in ("word", "sentence")}
        _expect(words["word"] in WORDS, words["word"], f"{path}: verdict.word", f"one of {', '.join(WORDS)}")
        _expect(isinstance(words["sentence"], str), words["sentence"], f"{path}: verdict.sentence", "words")
    for name, measure in _table(content.get("measures"), f"{path}: measures").items():
        place = f"{path}: measures.{name}"
        found = _table(_table(measure, place).get("translated"), f"{place}.translated")
        for key in ("value", "low", "high"):
            _expect(_is_number(found.get(key, "none")), found.get(key), f"{place}.translated.{key}", "a number")
        count = found.get("num_clips")
        _expect(type(count) is int and 0 <= count < 10**9, count, f"{place}.translated.num_clips", "a count")
        for other, reference in _table(measure.get("references"), f"{place}.references").items():
            value = _table(reference, f"{place}.references.{other}").get("value", "none")
            _expect(_is_number(value), value, f"{place}.references.{other}.value", "a number")


def _table(value: Any, place: str) -> dict[str, Any]:
    _expect(isinstance(value, dict), value, place, "a table")
    return dict(value)


def _is_number(value: Any) -> bool:
    """Return whether a value is a number or null, which stands for one that is not finite."""
    return (
        value is None or (type(value) is int and abs(value) < 2**53) or (type(value) is float and math.isfinite(value))
    )


def _expect(holds: bool, found: Any, place: str, expected: str) -> None:
    if not holds:
        raise InputError(f"{place}: found {found!r:.40}, expected {expected}; evaluate again")


def comparison(contents: Mapping[str, Content]) -> Html:
    """Return the page that compares the contents of several ``metrics.json``, by name."""
    names = [name for name in MEASURES if any(name in content["measures"] for content in contents.values())]
    columns: list[Column | str] = [
        "",
        "Verdict",
        *(Column(MEASURES[name].title, MEASURES[name].better) for name in names),
    ]
    rows = [[who, _word(content), *(_value(content, name) for name in names)] for who, content in contents.items()]
    pieces = [table(columns, rows, "The best of each column is marked; beneath a number its 95 % interval over clips.")]
    pieces += [note(line) for line in differences(contents)]
    how = table(["Measure", "How"], [[MEASURES[name].title, MEASURES[name].how] for name in names])
    return page("Comparison", [Section("Numbers", pieces), Section("How it was measured", [how])])


def _word(content: Content) -> str:
    """Return the word of the verdict; nothing in a file that holds none."""
    verdict = content.get("verdict")
    return str(verdict["word"]) if verdict else ""


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
