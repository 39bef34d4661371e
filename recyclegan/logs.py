"""What a run leaves to read: one JSON line a logged step, curves drawn from them, and sample grids."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageDraw

from recyclegan.errors import InputError
from recyclegan.files import append_text, write_text
from recyclegan.paths import AnyPath, as_path

LARGEST_STEP = 2**53
"""The last step that floating point tells from the next one."""
LARGEST_DRAWN = 1e30
"""Size from which values lie at the edge of their chart."""

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


def read_stats(path: AnyPath) -> list[dict[str, Any]]:
    """Return the entries of ``stats.jsonl`` as they stand there, none where there is no file.

    Lines that are no entries, such as one that a crash cut off, are left out; `damaged_lines` tells which.

    Raises:
        InputError: the file cannot be read, or is a folder.
    """
    return [entry for _, entry in _lines(as_path(path)) if entry is not None]


def damaged_lines(path: Path) -> list[int]:
    """Return the numbers, from 1, of the lines of ``stats.jsonl`` that are no entries; empty lines do not count.

    Raises:
        InputError: as `read_stats`.
    """
    return [number for number, entry in _lines(path) if entry is None]


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield the number of each line and its entry, None where it is none."""
    for number, line in enumerate(_content(path).splitlines(), start=1):
        if line.strip():
            yield number, _entry(line)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); expected the file of a run's course, one JSON line a step"
        ) from error


def _entry(line: bytes) -> dict[str, Any] | None:
    """Return what a line says: a table with a step, a whole number of 0 or more."""
    try:
        entry = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and _is_step(entry.get("step")) else None


def _is_step(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_STEP


def is_number(value: Any) -> bool:
    """Return whether a logged value is a number, be it not finite; whole ones beyond floating point are none."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= LARGEST_STEP)


def series(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Return, for each number that was logged, its (step, value) points by rising step; of one step the last counts."""
    points: dict[str, dict[float, float]] = defaultdict(dict)
    for entry in entries:
        for key, value in entry.items():
            if key != "step" and is_number(value):
                points[key][entry["step"]] = value
    return {key: sorted(values.items()) for key, values in points.items()}


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
    """Return a picture of small charts, one a series of (step, value), three in a row, with their last values.

    Values that are not finite leave the line out where they are.
    """
    charts = [_draw_curve(name, points[name], width, height) for name in sorted(points)]
    blank = np.full_like(charts[0], 255)
    charts += [blank] * (-len(charts) % 3)
    return image_grid([charts[start : start + 3] for start in range(0, len(charts), 3)])


def _draw_curve(name: str, points: list[tuple[float, float]], width: int, height: int) -> Picture:
    picture = PillowImage.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    steps, values = np.array(points, float).T
    drawn = values[np.isfinite(values)].clip(-LARGEST_DRAWN, LARGEST_DRAWN)
    low, high = min(0.0, *drawn), max(1e-12, *drawn)
    left, top, right, bottom = 48, 26, width - 10, height - 20
    x = left + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (right - left)
    y = bottom - (values.clip(low, high) - low) / (high - low) * (bottom - top)
    draw.line([(left, bottom), (right, bottom)], fill="#999999")
    for stretch in _stretches(values):
        _draw_line(draw, list(zip(x[stretch].tolist(), y[stretch].tolist(), strict=True)))
    draw.text((left, 6), f"{name}   {values[-1]:.4g}", fill="#222222")
    draw.text((4, top - 5), f"{high:.3g}", fill="#777777")
    draw.text((4, bottom - 6), f"{low:.3g}", fill="#777777")
    draw.text((right - 50, bottom + 5), f"step {steps[-1]:.0f}", fill="#777777")
    return np.asarray(picture)


def _stretches(values: np.ndarray) -> Iterator[slice]:
    """Yield the stretches of values that are all finite."""
    edges = np.flatnonzero(np.diff(np.isfinite(values), prepend=False, append=False))
    return (slice(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True))


def _draw_line(draw: ImageDraw.ImageDraw, places: list[tuple[float, float]]) -> None:
    draw.line(places, fill="#1f5fbf", width=2)
    if len(places) == 1:
        ((x, y),) = places
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill="#1f5fbf")
