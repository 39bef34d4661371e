"""The course of a run as charts: what is measured first, then each term of the loss, both directions in one chart."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from recyclegan.pages.charts import line_chart
from recyclegan.pages.page import Html

MOST_POINTS = 240
"""Points of a line in a chart: more are means of neighbours."""
LARGEST = 1e30
"""Values are drawn as if they were no larger."""
MEASURES = {
    "lightness_agreement": ("Lightness agreement", "1: as in the source; below 0: swapped"),
    "equivariance": ("Equivariance error", "black to white = 1; lower is steadier"),
    "variety": ("Variety", "near 0: all frames become alike"),
    "edges_kept": ("Edges kept", "share of the source's"),
    "swapped_area": ("Light and dark swapped", "share of the area"),
    "holes": ("Holes", "share of the area"),
    "detail_kept": ("Detail kept", "share of the source's or target's"),
    "ghosts": ("Ghosts", "share of the flat area"),
    "checkerboard": ("Checkerboard", "decibels beyond source and target"),
    "tint": ("Tint", "levels of 255"),
    "saturated": ("Saturated", "share of values"),
    "variety_kept": ("Variety kept", "share of the sources'"),
    "contrast": ("Contrast", "levels of 255"),
    "change": ("Change", "levels of 255"),
}
"""Measures of held-out frames, those that tell most first: title, and how to read the vertical axis."""
SECOND = {"ba", "b"}
"""Lines that have the second colour, also where the first is not there."""
WORDS = {"lr": "Learning rate"}

Points = Sequence[tuple[float, float]]


def charts(course: Mapping[str, Points], measured: bool) -> list[Html]:
    """Return a chart for each quantity of ``stats.jsonl``: either the measures of held-out frames, or all others.

    ``course`` holds the (step, value) points of each, such as ``ab/cycle``; those of both directions share a chart.
    """
    by_quantity: dict[str, dict[str, Points]] = {}
    for name, points in course.items():
        owner, _, quantity = name.rpartition("/")
        by_quantity.setdefault(quantity, {})[owner or quantity] = points
    known = [name for name in MEASURES if name in by_quantity]
    wanted = known if measured else [name for name in by_quantity if name not in known]
    return [_chart(name, by_quantity[name]) for name in wanted]


def _chart(quantity: str, lines: Mapping[str, Points]) -> Html:
    title, reading = MEASURES.get(quantity, (WORDS.get(quantity, quantity.replace("_", " ").capitalize()), ""))
    places, values = thinned(dict(sorted(lines.items())), MOST_POINTS)
    first_style = 0 if lines.keys() - SECOND else 1
    return line_chart(values, title, x_label="step", y_label=reading, places=places, first_style=first_style)


def thinned(lines: Mapping[str, Points], most: int) -> tuple[list[float], dict[str, list[float]]]:
    """Return at most ``most`` steps and the value of each line there: means of stretches, as long for all lines.

    A stretch that holds a value that is not finite has none, nor has one without a value.
    """
    columns = {name: np.fromiter(chain.from_iterable(points), float).reshape(-1, 2).T for name, points in lines.items()}
    steps = np.unique(np.concatenate([own for own, _ in columns.values()]))
    stretch = -(-len(steps) // most)
    ends = np.append(np.arange(stretch, len(steps), stretch), len(steps)) - 1
    return steps[ends].tolist(), {
        name: _means(np.searchsorted(steps, own) // stretch, values, len(ends)).tolist()
        for name, (own, values) in columns.items()
    }


def _means(stretches: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    with np.errstate(all="ignore"):
        drawn = np.where(np.isfinite(values), values.clip(-LARGEST, LARGEST), np.nan)
        return np.bincount(stretches, drawn, count) / np.bincount(stretches, minlength=count)
