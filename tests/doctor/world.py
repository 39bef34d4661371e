"""Footage and runs with something wrong, and with nothing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from recyclegan.arrays import Image
from recyclegan.doctor import Finding
from recyclegan.doctor.run_view import RunView, Translations
from recyclegan.doctor.scan import Scan, look_at
from recyclegan.domains import Direction
from recyclegan.metrics.frame_numbers import pair_of
from recyclegan.settings.training import TrainConfig
from recyclegan.video import write_image, write_video
from tests.small import small_config

SIZE = (48, 64)


def scene(seed: int, num_frames: int = 12, speed: int = 3, size: tuple[int, int] = SIZE) -> list[Image]:
    """Return frames of a camera that moves along a painted wall; every seed has a wall of its own."""
    height, width = size
    cells = np.random.default_rng(seed).integers(0, 256, (6, (width + speed * num_frames) // 8 + 2, 3), np.uint8)
    wall = np.asarray(Pillow.fromarray(cells).resize((8 * cells.shape[1], height), Pillow.Resampling.BICUBIC))
    return [wall[:, speed * number : speed * number + width] for number in range(num_frames)]


def write_frames(folder: Path, images: Iterable[Image], suffix: str = ".png") -> Path:
    """Write a clip as a folder of frames."""
    for number, image in enumerate(images):
        write_image(folder / f"{number:04d}{suffix}", image)
    return folder


def film(path: Path, images: list[Image], rate: float = 30, **options: Any) -> Path:
    """Write a clip as a video."""
    write_video(path, images, Fraction(rate), **options)
    return path


def resized(images: list[Image], height: int, width: int) -> list[Image]:
    """Return frames at another size, smoothly."""
    return [np.asarray(Pillow.fromarray(image).resize((width, height), Pillow.Resampling.BICUBIC)) for image in images]


def make_world(root: Path, clips: int = 3, num_frames: int = 12) -> Path:
    """Write a data folder in which nothing is wrong but its small size."""
    for number, (split, domain) in enumerate((s, d) for s in ("train", "val") for d in ("A", "B")):
        for clip in range(clips if split == "train" else 1):
            write_frames(root / split / domain / f"clip-{clip}", scene(100 * number + clip, num_frames))
    return root


def survey_of(root: Path, frames: int = 16, **changes: Any) -> Scan:
    """Return what is seen of a data folder."""
    return replace(look_at(root, frames, None, None, lambda *_: None), **changes)


def severities(findings: Iterable[Finding]) -> list[str]:
    return [finding.severity for finding in findings]


def only(findings: Iterable[Finding], severity: str, *parts: str) -> Finding:
    """Return the only finding, which has this severity and tells all parts."""
    (finding,) = findings
    assert finding.severity == severity, finding
    for part in parts:
        assert part in finding.what, finding
    assert finding.remedy
    return finding


def translations(
    direction: Direction, sources: Sequence[Image], translated: Sequence[Image], has_labels: bool = False
) -> Translations:
    """Return what is seen of translated frames beside their sources."""
    pairs = tuple(pair_of(source, image) for source, image in zip(sources, translated, strict=True))
    return Translations(direction, pairs, (), has_labels)


def run_view(
    folder: Path,
    courses: dict[str, Iterable[float]] | None = None,
    every: int = 10,
    seen: Translations | None = None,
    data: Path | None = None,
    **changes: Any,
) -> RunView:
    """Return the view of a run whose numbers took these courses, one value every ``every`` steps."""
    folder.mkdir(parents=True, exist_ok=True)
    series = {name: list(values) for name, values in (courses or {}).items()}
    with (folder / "stats.jsonl").open("w") as file:
        for number in range(max(map(len, series.values()), default=0)):
            entry = {name: values[number] for name, values in series.items() if number < len(values)}
            file.write(json.dumps({"step": every * (number + 1), **entry}) + "\n")
    config: TrainConfig = small_config(data or folder / "data", folder, **changes)
    view = RunView(folder, config, (), data)
    view.__dict__["translations"] = () if seen is None else (seen,)
    return view


def noisy(values: Iterable[float], spread: float = 0.01, seed: int = 0) -> list[float]:
    """Return values with relative noise, as losses have."""
    exact = np.array(list(values), float)
    return (exact * (1 + spread * np.random.default_rng(seed).standard_normal(len(exact)))).tolist()
