"""From words to dataclasses, through tyro; what does not fit becomes an error of one line.

The preset that ``train`` starts from where neither one nor a weight of the method is named.
"""

import dataclasses
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import tyro

from recyclegan.cli.help import columns, help_of, listed, usage
from recyclegan.cli.option_records import options_of
from recyclegan.config import check_numbers
from recyclegan.errors import InputError, nearest
from recyclegan.settings.methods import UnsupRecycleGANConfig

T = TypeVar("T")

HELP = ("-h", "--help")
"""Words that ask for help, wherever they stand."""


def parse(kind: type[T], words: list[str], prog: str, default: Any = None) -> T:
    """Return ``kind`` filled from the command line; what does not fit becomes an InputError of one line.

    Where help is asked for, it is printed and the program ends: ``-h`` shows the options that matter most, ``--help``
    all of them.
    """
    if asked := next((word for word in words if word in HELP), None):
        print(help_of(kind, prog, short=asked == "-h"))
        raise SystemExit(0)
    _check_words(words, prog)
    errors = io.StringIO()
    options = {} if default is None else {"default": default}
    settings = (tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands)
    try:
        with redirect_stderr(errors), _bounded_width():
            parsed = tyro.cli(kind, args=words, prog=f"recyclegan {prog}", config=settings, **options)
    except SystemExit as stop:
        if not stop.code:
            raise
        raise InputError(_missing(kind, prog, errors.getvalue()) or one_line(errors.getvalue(), prog)) from None
    if dataclasses.is_dataclass(parsed):
        check_numbers(parsed, f"{prog}: ")
    return parsed


def _check_words(words: list[str], prog: str) -> None:
    """Refuse words that stand for nothing: a path that is empty would be the current folder."""
    for word, before in zip(words, ["", *words], strict=False):
        if not word or re.fullmatch(r"--[\w-]+=", word):
            place = word or (f"after {before}" if before else "at the beginning")
            raise InputError(f"{prog}: found nothing {place}, where a value is expected; is a variable of yours empty?")
        if "\0" in word:
            raise InputError(f"{prog}: {word!r} holds a null character, which no path or value has")


@contextmanager
def _bounded_width() -> Iterator[None]:
    """Let what is laid out for the terminal take it for neither narrower nor wider than is of use."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns())
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _missing(kind: type, prog: str, box: str) -> str:
    """Return in one line what a message says is missing; nothing where it says something else."""
    message = " ".join(_blocks(box)[0])
    if not message.startswith("Missing from"):
        return ""
    options = [option for option in options_of(kind, prog) if option.required]
    closed = "".join(message.split()).replace("`", "")
    names = [str(option) for option in options if "".join(option.text.split()).rstrip(".") in closed]
    return f"{prog}: found no {', '.join(names)}; expected {usage(options, prog)}; see recyclegan {prog} --help"


def one_line(box: str, prog: str) -> str:
    """Return the message of tyro's box, with the option that it thinks was meant.

    Where the terminal knows no UTF-8 the box is drawn in ASCII, and its title stands in a block of its own.
    """
    message, *others = _blocks(box)
    meant = next((block[1].split()[0] for block in others if block[0].startswith("Perhaps") and len(block) > 1), "")
    hint = f" (did you mean {meant}?)" if meant else ""
    return f"{prog}: {' '.join(' '.join(message).split()).rstrip('.')}{hint}; see recyclegan {prog} --help"


def _blocks(box: str) -> list[list[str]]:
    """Return the lines of each block of a box, without its frame, escapes and title."""
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()]
    blocks = [list(group) for is_rule, group in groupby(lines, key=_is_rule) if not is_rule]
    return blocks if "╭" in box else blocks[1:]


def _is_rule(line: str) -> bool:
    return line.startswith(("╭", "╰")) or re.fullmatch(r"[─-]{3,}", line) is not None


def choice(words: list[str], command: str, choices: Callable[[], dict[str, str]]) -> str:
    """Return the first word, one of ``choices`` (name: what it is), or show them and end."""
    known = choices()
    if words and words[0] in known:
        return words[0]
    if words and words[0] not in ("-h", "--help"):
        raise InputError(f"{command}: unknown {words[0]!r}{nearest(words[0], known)}; known: {', '.join(known)}")
    name = "METHOD" if command == "train" else "KIND"
    lines = [f"recyclegan {command} {name} [OPTIONS], with {name} one of", "", *listed(known), ""]
    lines += [f"recyclegan {command} {name} -h shows the options that matter most,", "--help all of them."]
    print("\n".join(lines))
    raise SystemExit(0)


def peek(words: list[str], option: str) -> str | None:
    """Return the value of an option before all are parsed, because others' defaults depend on it."""
    for place, word in enumerate(words):
        if word == option and place + 1 < len(words):
            return words[place + 1]
        if word.startswith(f"{option}="):
            return word.split("=", 1)[1]
    return None


DEFAULT_METHOD = "unsup-recycle-gan"
NO_PRESET = "none"
"""Names the method's own weights."""
FOR_FOOTAGE = "steady-footage"
FOR_LABEL_MAPS = "steady-video-to-label"
WEIGHTS = tuple(
    f"--{field.name.replace('_', '-')}" for field in fields(UnsupRecycleGANConfig) if isinstance(field.default, tuple)
)
"""Options that say what the method shall be, so that no preset is assumed."""


@dataclass(frozen=True)
class Chosen:
    """A preset that was chosen for the user."""

    name: str
    reason: str
    """What was chosen and why, in one line."""


def is_named(words: list[str], option: str) -> bool:
    """Return whether an option is among the words of a command, with hyphens or underscores."""
    return any(word.split("=")[0].replace("_", "-") == option for word in words if word.startswith("--"))


def default_preset(method: str, words: list[str]) -> Chosen | None:
    """Return the preset that ``train`` starts from with these options, or None where the user has chosen."""
    if method != DEFAULT_METHOD or is_named(words, "--preset"):
        return None
    if any(is_named(words, weight) for weight in WEIGHTS):
        return Chosen(NO_PRESET, f"preset: none (weights are named; --preset {FOR_FOOTAGE} starts from ours)")
    labels, data = peek(words, "--labels"), peek(words, "--data")
    if labels == "b" or (labels is None and data is not None and _shows_label_maps(Path(data))):
        why = "--labels b" if labels else f"{data}/train/B shows label maps"
        return Chosen(FOR_LABEL_MAPS, f"preset: {FOR_LABEL_MAPS} (the default, as {why}; {_OTHERWISE})")
    return Chosen(FOR_FOOTAGE, f"preset: {FOR_FOOTAGE} (the default; {_OTHERWISE})")


_OTHERWISE = f"--preset {NO_PRESET} for the method's own weights"


def _shows_label_maps(data: Path) -> bool:
    """Return whether the first frame of B is a label map for certain; what is wrong with the data is said later."""
    from recyclegan.data import index_data
    from recyclegan.data.label_maps import shows_label_map

    with suppress(InputError):
        clip = index_data(data, "train", ("b",))["b"][0]
        return shows_label_map(next(iter(clip.images())))
    return False
