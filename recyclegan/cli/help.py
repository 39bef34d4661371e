"""Help in plain text: usage, the options that matter most, and the others in groups."""

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from recyclegan.cli.catalogue import about
from recyclegan.cli.option_records import Option, notes_of, options_of
from recyclegan.cli.option_tables import FIRST, HEADINGS, MAIN, MOST_UNGROUPED, OTHERS

NARROWEST, WIDEST = 60, 100
"""Columns that help is laid out in."""
INDENT = 24
"""Columns before the text of an option."""


def help_of(kind: type, command: str, short: bool = False) -> str:
    """Return the help of a command whose options are the fields of ``kind``.

    Where there are many, those that matter most come first. ``short`` leaves the others out.
    """
    options, width = options_of(kind, command), columns()
    written = textwrap.wrap(usage(options, command), width, subsequent_indent="    ", break_on_hyphens=False)
    lines = [*written, "", *textwrap.wrap(about(command, kind), width), ""]
    given = [option for option in options if not option.flags]
    lines += [line for option in given for line in _entry(option, width)]
    lines += [""] if given else []
    notes, groups = notes_of(kind), _grouped([option for option in options if option.flags], command)
    for title, members in list(groups.items())[: 1 if short and FIRST in groups else None]:
        lines += [title, *(f"  {line}" for line in textwrap.wrap(notes.get(title, ""), width - 2))]
        lines += [line for option in members for line in _entry(option, width)] + [""]
    return "\n".join([*lines, *_end(groups, command, short, width)]).rstrip()


def usage(options: Sequence[Option], command: str) -> str:
    """Return how the command is written."""
    words = [str(option) if option.required else f"[{option}]" for option in options if not option.flags]
    words += [str(option) for option in options if option.flags and option.required]
    return " ".join(["recyclegan", command, *words, "[OPTIONS]"])


def columns() -> int:
    """Return how many columns help is laid out in, whatever the terminal says."""
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)


def _grouped(options: Sequence[Option], command: str) -> dict[str, list[Option]]:
    """Return options under their headings, in the order of the tables."""
    if len(options) <= MOST_UNGROUPED:
        return {OTHERS: sorted(options, key=lambda option: not option.required)}
    main = MAIN.get(command.split()[0], ())
    first = sorted((option for option in options if option.name in main), key=lambda option: main.index(option.name))
    groups = {FIRST: first} | {title: [] for title in HEADINGS}
    for option in options:
        if option.name not in main:
            groups[option.heading].append(option)
    return {title: members for title, members in groups.items() if members}


def _entry(option: Option, width: int) -> Iterator[str]:
    """Yield the lines of an option: how it is written, and beside or below it what it is for."""
    default = f" Default: {option.default}." if option.default else ""
    body = textwrap.wrap(option.text + default, width - INDENT, break_on_hyphens=False, break_long_words=False)
    head = f"  {option}"
    if len(head) < INDENT - 1 and body:
        yield f"{head:<{INDENT}}{body.pop(0)}"
    else:
        yield head
    yield from (" " * INDENT + line for line in body)


def listed(rows: Mapping[str, str]) -> list[str]:
    """Return names and what each of them is, in two columns."""
    left = max(map(len, rows)) + 4
    lines = []
    for name, text in rows.items():
        first, *others = textwrap.wrap(text, columns() - left) or [""]
        lines += [f"  {name:<{left - 2}}{first}", *(" " * left + line for line in others)]
    return lines


def _end(groups: dict[str, list[Option]], command: str, short: bool, width: int) -> list[str]:
    """Return what stands below the options."""
    if FIRST not in groups:
        return [f"  {'-h, --help':<{INDENT - 2}}Show this."]
    others = [members for title, members in groups.items() if title != FIRST]
    if not short or not others:
        return [
            f"  {'-h':<{INDENT - 2}}Show those that matter most.",
            f"  {'--help':<{INDENT - 2}}Show all options.",
        ]
    titles = ", ".join(title.lower() for title in groups if title not in (FIRST, OTHERS))
    about = f"{sum(map(len, others))} more options{f' ({titles})' if titles else ''}"
    return textwrap.wrap(f"{about}: recyclegan {command} --help", width)
