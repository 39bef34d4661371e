"""Writes the tables of docs/methods.md from the classes: ``python docs/tables.py``, which ``make test`` does too.

A table stands between two comments, ``<!-- NAME: made by docs/tables.py -->`` and ``<!-- end -->``.
"""

import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from recyclegan.config import Weight  # noqa: E402
from recyclegan.settings.methods import METHODS, PerDomain, config_of  # noqa: E402
from recyclegan.settings.presets import PRESETS  # noqa: E402

PAGE = ROOT / "docs" / "methods.md"


def methods() -> Iterator[Sequence[str]]:
    """Yield a row a method: its name, the clips that it needs, its directions and its source."""
    yield "method", "needs clips of", "directions", "source"
    for name, method in METHODS.items():
        frames = f"{method.clip_length} frame{'s' if method.clip_length > 1 else ''}"
        yield (
            f"`{name}`",
            frames,
            " and ".join(f"{direction[0]} to {direction[1]}" for direction in method.directions),
            source(method),
        )


def source(method: type) -> str:
    """Return the source that the docstring of a method's file names, with a link where it is on arXiv."""
    found = re.search(r"Source: (.+?)\.?\s*(?:\n\n|$)", inspect.getmodule(method).__doc__ or "", re.DOTALL)
    text = " ".join(found[1].split()) if found else ""
    return re.sub(r"arXiv (\d{4}\.\d+)", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def weights() -> Iterator[Sequence[str]]:
    """Yield a row a term: its weight in each method by default, and in each preset that has others."""
    columns = dict(_columns())
    yield "", *columns
    for term in dict.fromkeys(term for config in columns.values() for term in _terms(type(config))):
        yield f"`{term}`", *(_cell(getattr(config, term, None)) for config in columns.values())


def _columns() -> Iterator[tuple[str, Any]]:
    for name in METHODS:
        yield f"`{name}`", config_of(name)()
        for preset, recipe in PRESETS.items():
            if recipe.method == name and recipe.config != config_of(name)():
                yield f"`--preset {preset}`", recipe.config


def _terms(config: type) -> list[str]:
    hints = typing.get_type_hints(config, include_extras=True)
    return [name for name, hint in hints.items() if hint in (PerDomain, Weight)]


def _cell(weight: tuple[float, float] | float | None) -> str:
    if isinstance(weight, tuple):
        return " / ".join(f"{value:g}" for value in weight)
    return "" if weight is None else f"{weight:g}"


TABLES: dict[str, Callable[[], Iterator[Sequence[str]]]] = {"methods": methods, "weights": weights}


def made(page: str) -> str:
    """Return a page with each of its tables made anew."""
    for name, rows in TABLES.items():
        head, mark, rest = page.partition(f"<!-- {name}: made by docs/tables.py -->\n")
        page = f"{head}{mark}{_table(list(rows()))}<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return page


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text()))
