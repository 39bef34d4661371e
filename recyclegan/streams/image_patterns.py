"""Numbered images, named by a pattern such as ``frame_%05d.png``, as FFmpeg has them."""

import re
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.video import IMAGE_SUFFIXES

_FIELD = re.compile(r"%(?:0(\d))?d")
FIRST = 1
"""Number of the first image, where a video becomes images; FFmpeg's too."""


def is_image_pattern(name: str) -> bool:
    """Return whether a name is a pattern of numbered images, and of no file of just that name."""
    path = Path(name)
    return path.suffix.lower() in IMAGE_SUFFIXES and "%" in path.name and kind_of(path) == "nothing"


def numbered_images(pattern: str) -> dict[int, Path]:
    """Return the images of a pattern in the order of their numbers.

    Raises:
        InputError: there are none, or it is no pattern.
    """
    folder = Path(pattern).parent
    begin, end = _split(pattern)
    found = re.compile(rf"{re.escape(begin)}(\d+){re.escape(end)}")
    matches = (found.fullmatch(path.name) for path in (folder.iterdir() if folder.is_dir() else ()))
    numbers = sorted(int(match[1]) for match in matches if match)
    images = {n: path for n in numbers if (path := numbered_path(pattern, n)).is_file()}
    if not images:
        raise InputError(f"{pattern}: matches no image; expected names such as {numbered_path(pattern, FIRST).name}")
    return images


def numbered_path(pattern: str, number: int) -> Path:
    """Return the path of the image of a number.

    Raises:
        InputError: it is no pattern.
    """
    begin, end = _split(pattern)
    field = _FIELD.search(Path(pattern).name)
    digits = int(field[1] or 1) if field else 1
    return Path(pattern).with_name(f"{begin}{number:0{digits}d}{end}")


def gap_in(pattern: str, images: dict[int, Path]) -> str:
    """Return in words where numbers are missing; nothing where none are."""
    numbers = list(images)
    missing = numbers[-1] - numbers[0] + 1 - len(numbers)
    return f"{pattern}: {missing} numbers are missing between {numbers[0]} and {numbers[-1]}" if missing else ""


def _split(pattern: str) -> tuple[str, str]:
    """Return what stands before and behind the number in a pattern's name."""
    parts = _FIELD.split(Path(pattern).name)
    if len(parts) != 3 or "%" in Path(pattern).parent.name + parts[0] + parts[2]:
        raise InputError(f"{pattern}: expected one number in the name, as in frame_%05d.png")
    return parts[0], parts[2]
