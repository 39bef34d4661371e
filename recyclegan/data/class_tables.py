"""Which class each colour of label maps stands for: by a file of classes, by a known set, or each colour for itself."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.labels import LABEL_SETS, LARGEST_PALETTE, VOID, LabelSet

Colour = tuple[int, int, int]
Table = Mapping[Colour, int]
"""The class of each colour of the maps, counted from 0; void is 255."""

UNCOUNTED = "void"
"""What a file of classes calls those that do not count."""
Names = dict[Colour, int | str | None]
"""What tells the class of each colour from others; None for void."""
_LINE = re.compile(r"(\d{1,3})\s+(\S.*?)\s+(\d{1,3}),(\d{1,3}),(\d{1,3})")
_FEWEST = 2


def class_table(palette: Colours, file: Path) -> Table:
    """Return the class of each colour of label maps.

    By ``file``, where there is one: lines ``ID NAME RED,GREEN,BLUE``; maps hold the colours, or the ids as grey levels,
    and classes called void do not count. Else by VIPER's or Cityscapes' classes, where all colours are of these. Else
    each colour is a class, but level 255 of maps of grey levels, which is void.

    Raises:
        InputError: the file is no such table, the maps hold what is not in it, or they show fewer than two classes or
            more than 256 colours.
    """
    if len(palette) > LARGEST_PALETTE:
        raise InputError(
            f"{file.with_suffix('')}: {len(palette)} colours: not label maps (expected at most {LARGEST_PALETTE}); "
            "save them as PNG or lossless video"
        )
    names = _by_file(palette, file) if kind_of(file) != "nothing" else _by_set(palette) or _each_its_own(palette)
    counted = sorted({name for name in names.values() if name is not None})
    if len(counted) < _FEWEST:
        raise InputError(
            f"{file.with_suffix('')}: label maps show {len(counted)} classes in {len(palette)} colours, expected at "
            "least 2; see that they are the classes of the frames"
        )
    return {colour: VOID if name is None else counted.index(name) for colour, name in names.items()}


def _by_file(palette: Colours, file: Path) -> Names:
    rows = [_row(line, f"{file}: line {number}") for number, line in _lines(file)]
    by_colour: Names = {colour: name for _, name, colour in rows}
    by_level: Names = {(id_, id_, id_): name for id_, name, _ in rows}
    by_level.setdefault((VOID, VOID, VOID), None)
    known = next((known for known in (by_colour, by_level) if known.keys() >= set(palette)), None)
    if known is None:
        strange = min(set(palette) - by_colour.keys())
        raise InputError(
            f"{file}: has no class of colour {','.join(map(str, strange))}, which the label maps hold; add it, or save "
            "the maps without loss"
        )
    return {colour: known[colour] for colour in palette}


def _lines(file: Path) -> Iterable[tuple[int, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error}); expected lines ID NAME RED,GREEN,BLUE") from error
    return [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]


def _row(line: str, place: str) -> tuple[int, str | None, Colour]:
    found = _LINE.fullmatch(line)
    id_, red, green, blue = (int(found.group(part)) for part in (1, 3, 4, 5)) if found else (VOID + 1,) * 4
    if found is None or max(id_, red, green, blue) > VOID:
        raise InputError(f"{place}: found {line[:40]!r}, expected ID NAME RED,GREEN,BLUE, such as 24 car 0,0,142")
    name = found.group(2)
    return id_, None if name == UNCOUNTED else name, (red, green, blue)


def _by_set(palette: Colours) -> Names:
    """Return the classes of the known set that has all colours; nothing where none has."""
    for labels in LABEL_SETS.values():
        known = _names_of(labels)
        if known.keys() >= set(palette):
            return {colour: known[colour] for colour in palette}
    return {}


def _names_of(labels: LabelSet) -> Names:
    """Return a set's classes by colour; of those that share one, the first."""
    names: Names = dict.fromkeys(_colours(labels.void))
    for id_, colour in reversed(list(zip(labels.ids, _colours(labels.colours.tolist()), strict=True))):
        names[colour] = None if id_ in labels.ignored else id_
    return names


def _colours(rows: Iterable[Collection[int]]) -> list[Colour]:
    return [(red, green, blue) for red, green, blue in rows]


def _each_its_own(palette: Colours) -> Names:
    is_grey = all(len(set(colour)) == 1 for colour in palette)
    void = {(VOID,) * 3} if is_grey else set()
    return {colour: None if colour in void else number for number, colour in enumerate(palette)}
