"""Writes the tables of the pages beside it: ``python docs/tables.py``, which ``make docs`` and ``make test`` do too.

A table stands between two comments, ``<!-- NAME: made by docs/tables.py -->`` and ``<!-- end -->``. Those of methods
and weights come from the classes, that of shipped translators from their records, those of performance from
``docs/performance/NAME.json``, which ``make bench-gpu`` wrote, all others from ``docs/results/NAME.json``, which says
which commands printed it.
"""

import inspect
import json
import re
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from recyclegan.config import PerDomain, Weight  # noqa: E402
from recyclegan.evaluation.measure_catalogue import MEASURES  # noqa: E402
from recyclegan.settings.methods import METHODS, config_of  # noqa: E402
from recyclegan.settings.presets import PRESETS  # noqa: E402
from recyclegan.shipped import shipped  # noqa: E402

Rows = Iterator[Sequence[str]]
TABLE = re.compile(
    r"(?P<begin><!-- (?P<name>[\w-]+)(?: (?P<direction>ab|ba))?: made by docs/tables.py -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
ARROWS = {"lower": " ↓", "higher": " ↑", None: ""}
"""Which way a measure is better."""
MEASURED = DOCS / "performance"
NOT_YET = "not measured yet"


def methods() -> Rows:
    """Yield a row a method: its name, the clips that it needs, its directions and its source."""
    yield "method", "clips of", "directions", "source"
    for name, method in METHODS.items():
        frames = f"{method.clip_length} frame{'s' if method.clip_length > 1 else ''}"
        yield (
            f"`{name}`",
            frames,
            "both" if len(method.directions) > 1 else " to ".join(method.directions[0]),
            source(method),
        )


def source(method: type) -> str:
    """Return the source that the docstring of a method's file names, with a link where it is on arXiv."""
    found = re.search(r"Source: (.+?)\.?\s*(?:\n\n|$)", inspect.getmodule(method).__doc__ or "", re.DOTALL)
    text = " ".join(found[1].split()) if found else ""
    return re.sub(r"arXiv (\d{4}\.\d+)", r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def weights() -> Rows:
    """Yield a row a term: its weight in each method by default, and in each preset that has others."""
    columns = dict(_columns())
    yield "", *columns
    for term in dict.fromkeys(term for config in columns.values() for term in _terms(type(config))):
        yield f"`{term}`", *(_weight(getattr(config, term, None)) for config in columns.values())


def _columns() -> Iterator[tuple[str, Any]]:
    for name in METHODS:
        yield f"`{name}`", config_of(name)()
        for preset, recipe in PRESETS.items():
            if recipe.method == name and recipe.config != config_of(name)():
                yield f"`--preset {preset}`", recipe.config


def _terms(config: type) -> list[str]:
    hints = typing.get_type_hints(config, include_extras=True)
    return [name for name, hint in hints.items() if hint in (PerDomain, Weight)]


def _weight(weight: tuple[float, float] | float | None) -> str:
    if isinstance(weight, tuple):
        return "/".join(f"{value:g}" for value in weight)
    return "" if weight is None else f"{weight:g}"


def comparison(content: dict[str, Any], direction: str) -> Rows:
    """Yield a row a contender of one direction; bold is what differs from the baseline by more than chance."""
    scores, source_scores = (content["directions"][direction][name] for name in ("contenders", "source"))
    names = list(dict.fromkeys(name for measures in scores.values() for name in measures))
    steps = content.get("steps", {})
    yield "", *["steps"] * bool(steps), *_titles(names)
    for contender, measures in scores.items():
        yield contender, *[str(steps.get(contender))] * bool(steps), *(_score(measures[name]) for name in names)
    yield "source itself", *[""] * bool(steps), *(_number(source_scores.get(name)) for name in names)


def _titles(names: Sequence[str]) -> Iterator[str]:
    """Yield the titles of measures; what one shares with the one before, up to a comma, is left out."""
    before = ""
    for name in names:
        group, _, rest = MEASURES[name].title.partition(", ")
        yield (rest if rest and group == before else MEASURES[name].title) + ARROWS[MEASURES[name].better]
        before = group


def _score(score: dict[str, Any]) -> str:
    mark = "**" if score["beyond_chance"] else ""
    return f"{mark}{_number(score['value'])}{mark}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}" if value >= 0.1 else f"{value:.3g}"


def plain(content: dict[str, Any]) -> Rows:
    """Yield the rows of a table that says itself how the numbers of each column are written."""
    yield tuple(content["columns"])
    for row in content["rows"]:
        yield [_cell(cell, form) for cell, form in zip(row, content["columns"].values(), strict=True)]


def _cell(cell: float | str | None, form: str) -> str:
    if isinstance(cell, str | None):
        return cell or ""
    return f"{cell:{form}}".replace("%", " %")


def ran(name: str) -> Rows:
    """Yield what was measured on, and a row a part: its command, and how it ended."""
    content = _performance(name)
    yield "measured on", ", ".join(_machine(content.get("machine", {}))) or NOT_YET
    for part in content.get("parts", []):
        yield part["name"], f"`{part['command']}`: {_end(part)}"


def _performance(name: str) -> dict[str, Any]:
    """Return what a run of all benchmarks wrote; nothing where there was none."""
    file = MEASURED / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _machine(machine: dict[str, Any]) -> Iterator[str]:
    if machine:
        yield machine["card"] or "no GPU"
        yield f"{machine['cpu']} of {machine['cores']} cores"
        yield f"torch {machine['torch']}"
        yield f"Python {machine['python']}"


def _end(part: dict[str, Any]) -> str:
    how = "done" if part["code"] == 0 and not part["failures"] else "not whole" if part["in_time"] else "out of time"
    return f"{how}, {part['seconds']:.0f} s"


def results(name: str) -> Rows:
    """Yield a row a result: the work and how it was done, the median, and those of the rest that any row has."""
    lines = [line for part in _performance(name).get("parts", []) for line in part["lines"]]
    rows = [RESULT, *map(_result, lines or [None])]
    told = [place for place, column in enumerate(zip(*rows[1:], strict=True)) if any(column) or not lines]
    before = ""
    for row in rows:
        yield [_once(row[0], before), *(row[place] for place in told[1:])]
        before = row[0]


RESULT = ("work", "how", "median", "smallest to largest", "peak memory", "of the attainable rate", "limit")


def _result(line: dict[str, Any] | None) -> Sequence[str]:
    if line is None:
        return NOT_YET, *[""] * (len(RESULT) - 1)
    low, high = line["spread"]
    memory, share = line["peak_memory_mb"], line["share_of_attainable"]
    spread = f"{low:g} to {high:g} ({line['n']})" if line["n"] > 1 else ""
    numbers = f"{line['value']:g} {line['unit']}", spread, f"{memory:,.0f} MB" if memory is not None else ""
    return line["what"], line["how"], *numbers, f"{share:.1%}" if share is not None else "", line["limit"]


def _once(work: str, before: str) -> str:
    """Return what was done, with dots for what it shares, up to a colon, with the row before."""
    shared = before.partition(": ")[0]
    return f"…{work.removeprefix(shared)}" if work.partition(": ")[0] == shared else work


def translators() -> Rows:
    """Yield a row a translator that comes with the package: its size, and what it scores."""
    yield "", *_titles(SHIPPED_MEASURES), "PSNR to the truth ↑", "the source's", "size"
    for model in shipped().values():
        scores = [f"{model.scores[name]:.3g}" if name in model.scores else "" for name in SHIPPED_MEASURES]
        near = [f"{model.scores[name]:.1f} dB" if name in model.scores else "" for name in NEARNESS]
        yield f"`{model.name}`", *scores, *near, f"{model.weights.stat().st_size / 1e6:.1f} MB"


SHIPPED_MEASURES = ("mean_iou", "pixel_accuracy", "class_flips", "warping_error", "added_flicker", "patches_coarse")
NEARNESS = ("truth_psnr", "truth_psnr_of_source")

TABLES: dict[str, Callable[[], Rows]] = {
    "methods": methods,
    "weights": weights,
    "shipped": translators,
    "h100-run": partial(ran, "h100"),
    "h100": partial(results, "h100"),
    "cpu-run": partial(ran, "cpu"),
    "cpu": partial(results, "cpu"),
}


def made(page: str) -> str:
    """Return a page with each of its tables made anew."""
    return TABLE.sub(lambda place: f"{place['begin']}{_table(list(_rows(place)))}{place['end']}", page)


def _rows(place: re.Match[str]) -> Rows:
    if place["name"] in TABLES:
        return TABLES[place["name"]]()
    content = json.loads((DOCS / "results" / f"{place['name']}.json").read_text())
    return comparison(content, place["direction"]) if place["direction"] else plain(content)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]) + "\n"


if __name__ == "__main__":
    for page in DOCS.glob("*.md"):
        page.write_text(made(page.read_text()))
