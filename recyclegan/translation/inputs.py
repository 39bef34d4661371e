"""What is to be translated: files and folders by name, and patterns such as ``clips/*.mp4``."""

import glob
from collections.abc import Sequence
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.files import kind_of, natural_key
from recyclegan.paths import AnyPath, as_path
from recyclegan.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES


def find_inputs(given: Sequence[AnyPath]) -> list[Path]:
    """Return the files and folders that are named, those of a pattern in the order of their names, each once.

    In a pattern ``*`` stands for any letters, ``?`` for one, ``[ab]`` for either, and ``**`` for folders at any depth.
    It finds videos, images and folders, hidden ones aside; what lies in a folder that it finds goes with that.

    Raises:
        InputError: a name or a pattern stands for nothing, or none is given.
    """
    if not given:
        raise InputError("no inputs: expected a video, an image or a folder of them")
    found: dict[Path, Path] = {}
    for name in given:
        for path in _matches(str(name)) if is_pattern(name) else [_named(as_path(name))]:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def is_pattern(name: AnyPath) -> bool:
    """Return whether a name is a pattern; one that stands for a file itself is none."""
    return glob.has_magic(str(name)) and kind_of(Path(name)) == "nothing"


def _named(path: Path) -> Path:
    if kind_of(path) == "nothing":
        raise InputError(f"{path}: no such file or folder; name a video, an image or a folder of them")
    return path


def _matches(pattern: str) -> list[Path]:
    found = {Path(name) for name in glob.iglob(pattern, recursive=True)}  # noqa: PTH207 (Path.glob takes no whole path)
    media = {path for path in found if path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES}
    outer = [path for path in media if media.isdisjoint(path.parents)]
    if not outer:
        kept = f"; {len(found)} other files are neither videos nor images" if found else ""
        raise InputError(f"{pattern}: matches no video, image or folder{kept}; check the pattern")
    return sorted(outer, key=natural_key)
