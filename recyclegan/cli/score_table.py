"""The numbers of an evaluation as a table for the console: plain, aligned, and which way is better."""

import math
from collections.abc import Mapping
from io import StringIO

from rich.console import Console
from rich.table import Table

from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.evaluation.results import Result
from recyclegan.metrics.intervals import Interval

WIDEST = 300
"""Columns that no table takes: numbers are never cut off; most tables fit into 80."""
BETTER = {"lower": "\N{DOWNWARDS ARROW} lower", "higher": "\N{UPWARDS ARROW} higher", None: "near target"}
"""Which way a measure is better."""


def score_table(results: Mapping[str, Result], encoding: str = "utf-8") -> str:
    """Return results as lines of text; what the encoding does not know is told without it."""
    references = list(dict.fromkeys(name for result in results.values() for name in result.references))
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="")
    table.add_column("measure", no_wrap=True)
    table.add_column("translated (95 % range)", no_wrap=True)
    for name in references:
        table.add_column(name.replace(" ", "\n"), no_wrap=True)
    table.add_column("better", no_wrap=True)
    for name, result in results.items():
        table.add_row(
            name, _with_range(result.translated), *(_beside(result, other) for other in references), _aim(name)
        )
    text = StringIO()
    Console(file=text, width=WIDEST, color_system=None).print(table)
    lines = "\n".join(line.rstrip() for line in text.getvalue().splitlines())
    return lines.encode(encoding, "ignore").decode(encoding)


def _aim(name: str) -> str:
    return BETTER[MEASURES[name].better]


def _beside(result: Result, other: str) -> str:
    return _number(result.references[other].value) if other in result.references else ""


def _with_range(interval: Interval) -> str:
    """Return a number with its 95 % interval, where it has one."""
    has_range = interval.low == interval.low
    return _number(interval.value) + (f" ({interval.low:.3g} to {interval.high:.3g})" if has_range else "")


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "no number"
