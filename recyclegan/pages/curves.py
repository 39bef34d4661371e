"""Curves as a picture, for those who take no page: small charts, three in a row."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from recyclegan.arrays import Picture
from recyclegan.pages.grids import image_grid
from recyclegan.pages.lettering import INK, SOFT_INK, fitted, font_of

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
