"""Charts for the report, drawn as inline SVG with labels in HTML, so that text keeps its size when they stretch.

Curves as a picture, for those who take no page: small charts, three in a row.
"""

import html
import json
import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from recyclegan.arrays import Picture
from recyclegan.pages.grids import INK, SOFT_INK, fitted, font_of, image_grid
from recyclegan.pages.page import Html, Number, escape, number, tick

EXTENT = 1000
"""Side of the drawing's own coordinate square; the page stretches it to any size."""
NUM_STYLES = 6
SMALLEST = 1e-290
"""Span of values below which all are drawn as one."""

Series = Mapping[str, Sequence[Number]]
"""Lines by name."""

SWATCH = '<svg viewBox="0 0 24 8" aria-hidden="true"><path class="s{style}" d="M1 4H23"/></svg>'


def line_chart(
    series: Series,
    title: str,
    *,
    x_label: str = "frame",
    y_label: str = "",
    first: int = 0,
    places: Sequence[Number] = (),
    marks: Sequence[int] = (),
    first_style: int = 0,
) -> Html:
    """Return one line a series over its index, counted from ``first``, or over rising ``places``; NaN leaves a gap.

    The vertical axis starts at 0 unless a value is negative. ``marks`` are places on the horizontal axis to point out.
    A pointer over the chart shows the values beneath it.
    """
    assert any(len(values) for values in series.values()), f"{title}: no values to draw"
    ticks = _ticks(series)
    along = places or range(first, first + max(len(values) for values in series.values()))
    drawing = [_rules(ticks), *(_mark(mark, along) for mark in marks)]
    drawing += [_line(values, i % NUM_STYLES, along, ticks) for i, values in enumerate(series.values(), first_style)]
    return Html(
        f'<figure class="chart" data-values="{_readout(series, along)}"><h3>{escape(title)}</h3>'
        f"{_legend(series, x_label, first_style)}"
        f'<div class="plot" style="--gutter:{max(len(tick(value)) for value in ticks) * 0.52 + 0.9:.2f}rem">'
        f'<svg viewBox="0 0 {EXTENT} {EXTENT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{_in_words(series, title)}">{"".join(drawing)}</svg>'
        f"{_y_labels(ticks)}{_x_labels(along)}"
        f'<span class="axis-name">{escape(x_label)}{escape(f" · vertical: {y_label}") if y_label else ""}</span>'
        '<div class="cursor" hidden></div></div></figure>'
    )


def bar_chart(values: Mapping[str, Number], title: str, *, largest: Number | None = None) -> Html:
    """Return one horizontal bar a value, the full width being ``largest`` (the largest value where left out)."""
    full = largest or max((value for value in values.values() if not math.isnan(value)), default=1.0) or 1.0
    return Html(
        f'<figure class="chart"><h3>{escape(title)}</h3><dl class="bars">'
        + "".join(_bar(name, value, full) for name, value in values.items())
        + "</dl></figure>"
    )


def _bar(name: str, value: Number, full: Number) -> str:
    width = 0.0 if math.isnan(value) else 100 * min(max(value / full, 0), 1)
    return (
        f'<dt>{escape(name)}</dt><dd class="track"><div class="fill" style="width:{width:.2f}%"></div></dd>'
        f'<dd class="num">{number(value)}</dd>'
    )


def colour_scale(colours: Sequence[Sequence[int]], low: str, high: str, title: str) -> Html:
    """Return the key to a picture whose colours stand for numbers: evenly spaced red, green and blue, low to high."""
    ramp = ", ".join(f"rgb({red} {green} {blue})" for red, green, blue in colours)
    return Html(
        f'<p class="scale"><span>{escape(title)}</span><span class="low">{escape(low)}</span>'
        f'<span class="ramp" style="background:linear-gradient(to right, {ramp})"></span>'
        f"<span>{escape(high)}</span></p>"
    )


def nice_ticks(low: Number, high: Number, count: int = 4) -> list[float]:
    """Return about ``count`` round numbers, evenly spaced, whose ends enclose ``low`` to ``high``."""
    span = (high - low) or abs(high)
    rough = (span if span > SMALLEST else 1.0) / count
    exponent = math.floor(math.log10(rough))
    power = 10.0**exponent
    step = power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12 - exponent) for i in range(start, max(end, start + 1) + 1)]


def _ticks(series: Series) -> list[float]:
    finite = [value for values in series.values() for value in values if math.isfinite(value)]
    return nice_ticks(min([0.0, *finite]), max([0.0, *finite]))


def _height(value: Number, ticks: Sequence[float]) -> float:
    """Return how far from the top of the plot a value lies, in 0..1."""
    return (ticks[-1] - value) / (ticks[-1] - ticks[0])


def _share(place: Number, along: Sequence[Number]) -> float:
    """Return how far from the left of the plot a place lies, in 0..1."""
    return (place - along[0]) / (along[-1] - along[0]) if along[-1] > along[0] else 0.5


def _line(values: Sequence[Number], style: int, along: Sequence[Number], ticks: Sequence[float]) -> str:
    commands, pen_down = [], False
    for place, value in zip(along, values, strict=False):
        if math.isfinite(value):
            x, y = EXTENT * _share(place, along), EXTENT * _height(value, ticks)
            commands.append(f"{'L' if pen_down else 'M'}{x:.1f} {y:.1f}" + ("" if pen_down else "h0"))
        pen_down = math.isfinite(value)
    dot = " dot" if len(commands) == 1 else ""
    return f'<path class="s{style}{dot}" d="{"".join(commands)}"/>'


def _rules(ticks: Sequence[float]) -> str:
    lines = []
    for value in ticks:
        y = EXTENT * _height(value, ticks)
        axis = ' class="axis"' if value == 0 else ""
        lines.append(f'<line{axis} x1="0" x2="{EXTENT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return "".join(lines)


def _mark(place: Number, along: Sequence[Number]) -> str:
    x = EXTENT * _share(place, along)
    return f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{EXTENT}"/>'


def _y_labels(ticks: Sequence[float]) -> str:
    return "".join(
        f'<span class="tick y" style="top:{100 * _height(value, ticks):.2f}%">{tick(value)}</span>' for value in ticks
    )


def _x_labels(along: Sequence[Number]) -> str:
    first, end = along[0], along[-1]
    whole = [int(value) for value in nice_ticks(first, end, 5) if value.is_integer() and first <= value <= end]
    return "".join(
        f'<span class="tick x" style="left:{100 * _share(value, along):.2f}%">{value}</span>' for value in whole
    )


def _legend(series: Series, x_label: str, first_style: int) -> str:
    entries = "".join(
        f"<li>{SWATCH.format(style=i % NUM_STYLES)}{escape(name)} <output></output></li>"
        for i, name in enumerate(series, first_style)
    )
    return f'<ul class="legend">{entries}<li class="place" hidden>{escape(x_label)} <output></output></li></ul>'


def _readout(series: Series, along: Sequence[Number]) -> str:
    """Return places and values for the page's script; places that follow each other by their first alone."""
    values = [[number(value) for value in line] for line in series.values()]
    places = {"first": along[0]} if isinstance(along, range) else {"places": list(along)}
    return html.escape(json.dumps({**places, "values": values}, separators=(",", ":"), ensure_ascii=False))


def _in_words(series: Series, title: str) -> str:
    parts = []
    for name, values in series.items():
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            mean = sum(finite) / len(finite)
            parts.append(f"{name} from {number(min(finite))} to {number(max(finite))}, mean {number(mean)}")
    return escape(f"{title}: {'; '.join(parts) or 'no values'}")


LARGEST_DRAWN = 1e30
"""Size from which values lie at the edge of their chart."""
LETTERS = 13
LINE = "#1f5fbf"

Points = Sequence[tuple[float, float]]


def draw_curves(points: Mapping[str, Points], width: int = 360, height: int = 150) -> Picture:
    """Return a picture of small charts, one a series of (step, value), three in a row, with their last values.

    Values that are not finite leave the line out where they are.
    """
    charts = [_draw_curve(name, points[name], width, height) for name in sorted(points)]
    blank = np.full_like(charts[0], 255)
    charts += [blank] * (-len(charts) % 3)
    return image_grid([charts[start : start + 3] for start in range(0, len(charts), 3)])


def _draw_curve(name: str, points: Points, width: int, height: int) -> Picture:
    picture = PillowImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    steps, values = np.array(points, float).T
    drawn = values[np.isfinite(values)].clip(-LARGEST_DRAWN, LARGEST_DRAWN)
    low, high = min(0.0, *drawn), max(1e-12, *drawn)
    left, top, right, bottom = 76, 28, width - 10, height - 22
    x = left + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (right - left)
    y = bottom - (values.clip(low, high) - low) / (high - low) * (bottom - top)
    draw.line([(left, bottom), (right, bottom)], fill="#999999")
    for stretch in _stretches(values):
        _draw_line(draw, list(zip(x[stretch].tolist(), y[stretch].tolist(), strict=True)))
    _write(draw, (left, 4), f"{name}   {values[-1]:.4g}", "la", right - left, INK)
    _write(draw, (left - 6, top), f"{high:.3g}", "rm", left - 8)
    _write(draw, (left - 6, bottom), f"{low:.3g}", "rm", left - 8)
    _write(draw, (right, bottom + 4), f"step {steps[-1]:.0f}", "ra", right - left)
    return np.asarray(picture)


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], words: str, anchor: str, width: int, colour: str = SOFT_INK
) -> None:
    font = font_of(LETTERS)
    draw.text(place, fitted(words, font, width), fill=colour, font=font, anchor=anchor)


def _stretches(values: np.ndarray) -> Iterator[slice]:
    """Yield the stretches of values that are all finite."""
    edges = np.flatnonzero(np.diff(np.isfinite(values), prepend=False, append=False))
    return (slice(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True))


def _draw_line(draw: ImageDraw.ImageDraw, places: list[tuple[float, float]]) -> None:
    draw.line(places, fill=LINE, width=2)
    if len(places) == 1:
        ((x, y),) = places
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=LINE)
