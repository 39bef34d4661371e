"""What a run leaves to read: one JSON line a logged step, curves drawn from them, and sample grids."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageDraw

from recyclegan.files import append_text, write_text

Picture = UInt8[np.ndarray, "_ _ _"]
"""An 8-bit image among others, which may differ from it in size."""


class StatsLog:
    """Appends to ``stats.jsonl``; after a resume, what the lost steps had written is dropped."""

    def __init__(self, path: Path, first_step: int) -> None:
        """Open ``path``, keeping only entries before ``first_step``.

        Raises:
            InputError: it cannot be written.
        """
        self.path = path
        kept = [entry for entry in read_stats(path) if entry["step"] < first_step]
        write_text(path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def write(self, entry: Mapping[str, Any]) -> None:
        """Append one entry; it must hold ``step``. A line that a full disk cuts off is left out when it is read.

        Raises:
            InputError: it cannot be written.
        """
        append_text(self.path, json.dumps(entry) + "\n")


def read_stats(path: Path) -> list[dict[str, Any]]:
    """Return the entries of ``stats.jsonl``, oldest first; a line cut off by a crash is left out."""
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text().splitlines():
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return entries


def series(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return, for each number that was logged, its (step, value) points."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for entry in entries:
        for key, value in entry.items():
            if key != "step" and isinstance(value, int | float):
                points[key].append((entry["step"], value))
    return dict(points)


def image_grid(rows: list[list[Picture]], gap: int = 4) -> Picture:
    """Return one RGB picture of rows of images, each scaled to the height of the first, on white."""
    height = rows[0][0].shape[0]
    strips = [_strip([_as_rgb(image, height) for image in row], gap) for row in rows]
    width = max(strip.shape[1] for strip in strips)
    padded = [np.pad(s, ((0, gap), (0, width - s.shape[1]), (0, 0)), constant_values=255) for s in strips]
    return np.concatenate(padded)[:-gap]


def _strip(images: list[Picture], gap: int) -> Picture:
    spaced = [np.pad(image, ((0, 0), (0, gap), (0, 0)), constant_values=255) for image in images]
    return np.concatenate(spaced, axis=1)[:, :-gap]


def _as_rgb(image: Picture, height: int) -> Picture:
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return np.asarray(PillowImage.fromarray(image).resize((width, height), PillowImage.Resampling.BICUBIC))


def draw_curves(points: Mapping[str, list[tuple[float, float]]], width: int = 360, height: int = 150) -> Picture:
    """Return a picture of small charts, one a series of (step, value), three in a row, with their last values."""
    charts = [_draw_curve(name, points[name], width, height) for name in sorted(points)]
    blank = np.full_like(charts[0], 255)
    charts += [blank] * (-len(charts) % 3)
    return image_grid([charts[start : start + 3] for start in range(0, len(charts), 3)])


def _draw_curve(name: str, points: list[tuple[float, float]], width: int, height: int) -> Picture:
    picture = PillowImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    steps, values = np.array(points).T
    low, high = min(0.0, float(values.min())), max(float(values.max()), 1e-12)
    left, top, right, bottom = 48, 26, width - 10, height - 20
    x = left + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (right - left)
    y = bottom - (values - low) / (high - low) * (bottom - top)
    draw.line([(left, bottom), (right, bottom)], fill="#999999")
    draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill="#1f5fbf", width=2)
    if len(points) == 1:
        draw.ellipse((x[0] - 2, y[0] - 2, x[0] + 2, y[0] + 2), fill="#1f5fbf")
    draw.text((left, 6), f"{name}   {values[-1]:.4g}", fill="#222222")
    draw.text((4, top - 5), f"{high:.3g}", fill="#777777")
    draw.text((4, bottom - 6), f"{low:.3g}", fill="#777777")
    draw.text((right - 50, bottom + 5), f"step {steps[-1]:.0f}", fill="#777777")
    return np.asarray(picture)
