"""What the report shows of a clip: a film, its worst moments, and a frame before and after.

Several evaluations side by side: the numbers of each ``metrics.json`` in one table, on one page.
"""

import io
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8

from recyclegan.arrays import Image
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.evaluation.clip_measures import ClipMeasures, FlowSource, as_frames
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.evaluation.paired_clips import FramePair, PairedClip
from recyclegan.evaluation.results import FORMAT
from recyclegan.evaluation.truth import Size
from recyclegan.files import read_json, temporary_folder, write_text
from recyclegan.metrics.intervals import Interval
from recyclegan.metrics.temporal import change, excess_flicker_map
from recyclegan.pages.page import Cell, Column, Html, Section, note, page, table
from recyclegan.paths import AnyPath, as_path
from recyclegan.verdict import WORDS
from recyclegan.video import VideoWriter, probe

PANELS = ("Source", "Translated", "Added flicker")
PANEL_WIDTH = 400
FULL_HEAT = 0.1
"""Added flicker shown in the brightest colour, in units of the intensity range."""
FRAME_FOLDER_RATE = Fraction(15)
HEAT = np.array([[12, 12, 22], [88, 26, 108], [194, 58, 80], [250, 146, 20], [252, 250, 190]])
"""Colours of added flicker, evenly spaced from none to ``FULL_HEAT``."""


@dataclass(frozen=True)
class WorstMoment:
    """A frame where the output flickers most, with the one before it."""

    index: int
    added_flicker: float
    previous: Image
    current: Image
    heat: Image


@dataclass(frozen=True)
class Example:
    """What is shown of one clip: frames ``first`` to ``last``."""

    clip: str
    first: int
    last: int
    film: bytes
    """An MP4 of the source, the translation and the added flicker side by side."""
    worst: Sequence[WorstMoment]
    before: Image
    after: Image


def heat_colours(values: Float32[np.ndarray, "height width"]) -> Image:
    """Return added flicker as colours, from near black for none to pale yellow for a tenth of the range or more."""
    places = np.linspace(0, FULL_HEAT, len(HEAT))
    return np.stack([np.interp(values, places, channel) for channel in HEAT.T], axis=-1).round().astype(np.uint8)


def worst_frames(flicker: Sequence[float], count: int) -> list[int]:
    """Return the frames of most flicker, worst first, no two of them within an eighth of the clip."""
    apart = len(flicker) / 8
    chosen: list[int] = []
    order = np.argsort(-np.nan_to_num(np.array(flicker), nan=-1.0), kind="stable")
    for index in order[: np.isfinite(flicker).sum()]:
        if len(chosen) < count and all(abs(index - other) > apart for other in chosen):
            chosen.append(int(index))
    return chosen


def example_of(
    clip: PairedClip, measures: ClipMeasures, flow_source: FlowSource, num_frames: int, num_worst: int
) -> Example:
    """Return what to show of a clip: ``num_frames`` frames around its worst moment.

    Raises:
        InputError: a file cannot be read.
    """
    flicker = measures.curves["added_flicker"]
    worst = worst_frames(flicker, num_worst)
    first, last = _window(worst[0] if worst else 0, num_frames, measures.num_frames)
    window, middle = range(first, last + 1), (first + last) // 2
    moments: dict[int, WorstMoment] = {}
    with temporary_folder() as folder:
        path, size = folder / "film.mp4", _panel_size(clip.size)
        with VideoWriter(path, len(PANELS) * size[1], size[0], rate=_rate(clip), crf=24) as film:
            for previous, current, heat in _heated(clip, flow_source, {*window, *worst}):
                if current.index in window:
                    film.write(_side_by_side([current.source, current.translated, heat], size))
                if current.index == middle:
                    before, after = current.source, current.translated
                if current.index in worst:
                    images = previous.translated, current.translated, heat
                    moments[current.index] = WorstMoment(current.index, flicker[current.index], *images)
        return Example(clip.name, first, last, path.read_bytes(), [moments[i] for i in worst], before, after)


def _window(centre: int, length: int, num_frames: int) -> tuple[int, int]:
    first = max(0, min(centre - length // 2, num_frames - length))
    return first, min(first + length, num_frames) - 1


def _heated(
    clip: PairedClip, flow_source: FlowSource, wanted: Set[int]
) -> Iterator[tuple[FramePair, FramePair, Image]]:
    """Yield the wanted frames with the one before (itself for the first) and their added flicker in colours."""
    previous: FramePair | None = None
    for current in clip.moments():
        if current.index in wanted:
            yield previous or current, current, heat_colours(_added_flicker(previous or current, current, flow_source))
        if current.index == max(wanted):
            return
        previous = current


def _added_flicker(
    previous: FramePair, current: FramePair, flow_source: FlowSource
) -> Float32[np.ndarray, "height width"]:
    if previous is current:
        return np.zeros(current.translated.shape[:2], np.float32)
    motion = flow_source.motion(previous, current)
    ours = as_frames(previous.translated), as_frames(current.translated)
    theirs = as_frames(previous.source), as_frames(current.source)
    added = excess_flicker_map(change(*ours, motion.flow), change(*theirs, motion.flow))
    return (added * motion.visible)[0, 0].numpy()


def _panel_size(size: Size) -> Size:
    """Return an even size of at most the panel's width, in the same proportions."""
    scale = min(1.0, PANEL_WIDTH / size[1])
    height, width = (max(2, round(side * scale / 2) * 2) for side in size)
    return height, width


def _side_by_side(images: Sequence[Image], size: Size) -> UInt8[np.ndarray, "_ _ channels"]:
    return np.concatenate([Resize("rectangle", *size)(image) for image in images], axis=1)


def _rate(clip: PairedClip) -> Fraction:
    return probe(clip.translated.files[0]).rate if clip.translated.kind == "video" else FRAME_FOLDER_RATE


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
                each_value = "; ".join(f"{who}: {value}" for who, value in values.items())
                lines.append(f"These differ in {key}, so their numbers may not compare. {each_value}.")
    return lines
