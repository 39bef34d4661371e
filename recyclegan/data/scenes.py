"""Which loose frames belong together, and in which order, by the numbers in their names.

Names are alike if they differ in numbers alone. Of the numbers in names that are alike, those that never vary say
nothing. Of those that vary one is the frame number: the one called so (``frame``), else the last one that is not called
otherwise (``cam``, ``v``, ...). The others tell scenes apart (``001_00001``), unless they only go along with the frame
number (``0001_1305031102.4``), or are its date and time. A padded number behind all that vary, and as wide, is the
frame number even if it does not vary: ``001_00001`` and ``002_00001`` are of two scenes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, groupby, pairwise
from pathlib import Path

NAMELESS = "frames"
"""What frames are called that have nothing but numbers for a name, or none."""

_NUMBER = re.compile(r"((?<!\d)(?<!\d[.,])\d+[.,]\d+(?![.,]?\d)|\d+)")
_LAST_WORD = re.compile(r"([^\W\d_]+)[^\w]*_*$")
_FRAME_WORDS = frozenset({"frame", "frames", "frm"})
_OTHER_WORDS = frozenset(
    {"c", "cam", "camera", "clip", "drive", "eye", "id", "lens", "part", "run", "scene", "seq", "sequence", "session"}
    | {"shot", "sensor", "take", "track", "v", "ver", "version", "video", "view", "x"}
)
_SEPARATORS = "_-. :()[]"
_SHORT_FRACTION = 3
_CLOCK = ((1900, 2099), (1, 12), (1, 31), (0, 23), (0, 59), (0, 60))
"""Least and most of a year, a month, a day, an hour, a minute and a second."""
_SECONDS = (366 * 86_400, 31 * 86_400, 86_400, 3600, 60, 1)
"""About as long as each of them."""
_TIME_MARKS = ((":", ":"), ("h", "m"))
"""What stands between hours, minutes and seconds that no date goes before."""
_FRACTION_WIDTHS = (3, 6, 9)
"""Digits of milliseconds, microseconds and nanoseconds."""
_LONGEST_TICK = 2
"""Seconds between two frames of a recording in which several have the same second in their names."""

Value = tuple[int, str]
"""A number as it is ordered: its whole part, and the digits of its fraction without zeros at the end."""


@dataclass(frozen=True)
class Scene:
    """Frames of one scene in order."""

    name: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Frame:
    """A file and its name, taken apart: texts, and the numbers between them."""

    file: Path
    texts: tuple[str, ...]
    numbers: tuple[str, ...]

    @cached_property
    def values(self) -> tuple[Value, ...]:
        return tuple(_value(number) for number in self.numbers)

    @property
    def key(self) -> tuple[tuple[int, int, str], ...]:
        """Return what orders names as people mean it: ``frame_9`` before ``frame_10``, ``t0.25`` before ``t0.5``."""
        texts = ((1, 0, text.lower()) for text in self.texts)
        numbers = ((0, *value) for value in self.values)
        return tuple(chain.from_iterable(zip(texts, (*numbers, (2, 0, str(self.file))), strict=True)))


def scenes_of(files: Iterable[Path]) -> list[Scene]:
    """Return the scenes that loose frames are of, each in order; those without a number in their names are one."""
    alike: dict[tuple[str, ...], list[_Frame]] = defaultdict(list)
    for frame in map(_taken_apart, files):
        alike[frame.texts if frame.numbers else ()].append(frame)
    return [scene for frames in alike.values() for scene in _scenes(frames)]


def in_order(files: Iterable[Path]) -> tuple[Path, ...]:
    """Return the frames of one folder in order, whatever they are called; scenes (left, right) one after the other."""
    files = tuple(files)
    scenes = scenes_of(files)
    if all(len(scene.files) > 1 for scene in scenes) or len(scenes) == 1:
        scenes.sort(key=lambda scene: _taken_apart(scene.files[0]).key)
        return tuple(chain.from_iterable(scene.files for scene in scenes))
    return tuple(frame.file for frame in sorted(map(_taken_apart, files), key=lambda frame: frame.key))


def _taken_apart(file: Path) -> _Frame:
    parts = _NUMBER.split(file.stem)
    return _Frame(file, tuple(parts[::2]), tuple(parts[1::2]))


def _value(number: str) -> Value:
    whole, _, fraction = number.replace(",", ".").partition(".")
    return int(whole), fraction.rstrip("0")


def _scenes(frames: list[_Frame]) -> list[Scene]:
    """Return the scenes of frames whose names are alike."""
    if not frames[0].numbers:
        return [Scene(NAMELESS, tuple(frame.file for frame in sorted(frames, key=lambda frame: frame.key)))]
    frames = _without_dots_between_counters(frames)
    counter, apart = _roles(frames)
    scenes: dict[tuple[Value, ...], list[_Frame]] = defaultdict(list)
    for frame in frames:
        scenes[tuple(frame.values[number] for number in apart)].append(frame)
    return [_scene(found, counter, apart) for found in scenes.values()]


def _scene(frames: list[_Frame], counter: tuple[int, ...], apart: Sequence[int]) -> Scene:
    frames = sorted(frames, key=lambda frame: ([frame.values[number] for number in counter], frame.key))
    varying = {
        number
        for number, values in enumerate(zip(*(frame.values for frame in frames), strict=True))
        if set(values[1:]) - {values[0]}
    }
    first, gap = frames[0], "\0"
    gone = (varying | set(counter)) - set(apart)
    numbers = [gap if number in gone else text for number, text in enumerate(first.numbers)]
    name = "".join(chain.from_iterable(zip(first.texts, [*numbers, ""], strict=True)))
    parts = [part.strip(_SEPARATORS) if at else part.rstrip(_SEPARATORS) for at, part in enumerate(name.split(gap))]
    said = [part for part in parts if any(char.isalnum() for char in part)]
    return Scene("_".join(said) or NAMELESS, tuple(frame.file for frame in frames))


def _without_dots_between_counters(frames: list[_Frame]) -> list[_Frame]:
    """Return the frames with those decimal numbers taken apart that are two counters: ``shot2.0001``, ``001.9``."""
    columns = list(zip(*(frame.numbers for frame in frames), strict=True))
    words = [_word(text) for text in frames[0].texts[:-1]]
    split = {number for number, column in enumerate(columns) if _are_two_counters(words[number], column)}
    return [_split(frame, split) for frame in frames] if split else frames


def _split(frame: _Frame, split: set[int]) -> _Frame:
    texts, numbers = [frame.texts[0]], list[str]()
    for number, (text, after) in enumerate(zip(frame.numbers, frame.texts[1:], strict=True)):
        parts = re.split("[.,]", text) if number in split else [text]
        numbers += parts
        texts += ["."] * (len(parts) - 1) + [after]
    return _Frame(frame.file, tuple(texts), tuple(numbers))


def _are_two_counters(word: str, column: Sequence[str]) -> bool:
    """Return whether what looks like decimal numbers, with ``word`` before them, counts on both sides of the point."""
    parts = sorted(tuple(re.split("[.,]", number)) for number in column)
    if any(len(part) == 1 for part in parts):
        return False
    if word in _OTHER_WORDS or any(len(whole) > 1 and whole.startswith("0") for whole, _ in parts):
        return True
    fractions = [fraction for _, fraction in parts]
    if len({len(fraction) for fraction in fractions}) > 1:
        return any(len(fraction) > 1 and fraction.endswith("0") for fraction in fractions)
    if len(set(fractions)) == 1:
        return len(set(column)) > 1
    steps = (int(b[1]) - int(a[1]) for a, b in pairwise(parts) if a[0] == b[0])
    padded = all(fraction.startswith("0") for fraction in fractions)
    return len(fractions[0]) >= _SHORT_FRACTION and (padded or 1 in steps)


def _roles(frames: list[_Frame]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return which numbers of the names are the frame number, and which tell scenes apart."""
    columns = list(zip(*(frame.values for frame in frames), strict=True))
    words = [_word(text) for text in frames[0].texts[:-1]]
    varying = [number for number, column in enumerate(columns) if len(set(column)) > 1]
    if not varying:
        return (len(columns) - 1,), ()
    clock = _clock(columns, frames[0].texts)
    moment = clock + _fraction_of_second(frames, clock)
    if clock and _differ(list(zip(*(columns[hand] for hand in moment), strict=True))):
        return moment, _scene_numbers(columns, moment, varying, words)
    if padded := _padded_frame_number(frames, words, varying):
        return padded, tuple(varying)
    ranks = {number: (words[number] in _FRAME_WORDS, words[number] not in _OTHER_WORDS, number) for number in varying}
    counter = max(varying, key=ranks.__getitem__)
    goes_along = clock if clock and _differ(columns[counter]) and _runs_on(columns, counter, clock) else ()
    return (counter,), _scene_numbers(columns, (counter, *goes_along), varying, words)


def _word(text: str) -> str:
    """Return the last word before a number: ``frame`` of ``walk_frame_``."""
    found = _LAST_WORD.search(text)
    return found.group(1).lower() if found else ""


def _padded_frame_number(frames: list[_Frame], words: list[str], varying: list[int]) -> tuple[int, ...]:
    """Return the padded number behind all that vary, and as wide as they, that does not vary itself, or none."""
    if any(words[number] in _FRAME_WORDS for number in varying):
        return ()
    widest = max(len(frame.numbers[number]) for frame in frames for number in varying)
    behind = range(max(varying) + 1, len(words))
    padded = [number for number in behind if re.fullmatch(rf"0\d{{{max(1, widest - 1)},}}", frames[0].numbers[number])]
    return tuple(number for number in padded if words[number] not in _OTHER_WORDS)[-1:]


def _clock(columns: list[tuple[Value, ...]], texts: tuple[str, ...]) -> tuple[int, ...]:
    """Return which numbers are a date and a time of day, or a time alone that is marked as such, or none."""
    for length in (6, 3):
        for start in range(len(columns) - length + 1):
            hands = columns[start : start + length]
            ranges = zip(hands, _CLOCK[-length:], strict=True)
            fits = all(low <= min(hand)[0] and max(hand)[0] <= high for hand, (low, high) in ranges)
            if fits and (length == 6 or texts[start + 1 : start + 3] in _TIME_MARKS):
                return tuple(range(start, start + length))
    return ()


def _fraction_of_second(frames: list[_Frame], clock: tuple[int, ...]) -> tuple[int, ...]:
    """Return the number behind a time of day that goes on with it, or none."""
    number, texts = max(clock, default=-1) + 1, frames[0].texts
    if not clock or number >= len(frames[0].numbers) or texts[number] not in (".", ",", "s", texts[clock[-1]]):
        return ()
    return (number,) if all(len(frame.numbers[number]) in _FRACTION_WIDTHS for frame in frames) else ()


def _runs_on(columns: list[tuple[Value, ...]], counter: int, clock: tuple[int, ...]) -> bool:
    """Return whether date and time run on with the frame number, without a leap: of one recording, not of many."""
    shown = sorted(zip(columns[counter], zip(*(columns[hand] for hand in clock), strict=True), strict=True))
    lengths = _SECONDS[-len(clock) :]
    seconds = [sum(hand[0] * length for hand, length in zip(hands, lengths, strict=True)) for _, hands in shown]
    return all(0 <= b - a <= _LONGEST_TICK for a, b in pairwise(seconds))


def _scene_numbers(
    columns: list[tuple[Value, ...]], counter: tuple[int, ...], varying: list[int], words: list[str]
) -> tuple[int, ...]:
    """Return the numbers that tell scenes apart: all that vary but the frame number and what goes along with it."""
    apart = [number for number in varying if number not in counter]
    for number in sorted(apart, key=lambda number: (words[number] in _OTHER_WORDS, -len(set(columns[number])))):
        others = [columns[other] for other in apart if other != number]
        scenes = zip(*others, strict=True) if others else [()] * len(columns[0])
        groups = groupby(sorted(zip(scenes, columns[number], strict=True)), key=lambda item: item[0])
        if all(_differ([value for _, value in group]) for _, group in groups):
            apart.remove(number)
    return tuple(apart)


def _differ(values: Sequence[object]) -> bool:
    return len(set(values)) == len(values)
