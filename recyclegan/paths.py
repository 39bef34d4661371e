"""Strings as paths: what the public functions and configurations take for a place, converted here alone."""

import os
from collections.abc import Sequence
from pathlib import Path

from recyclegan.errors import InputError

AnyPath = str | os.PathLike[str]
"""A path, or a string that is one."""


def as_path(place: AnyPath) -> Path:
    """Return what a caller names as a place, a string or a path, as a path.

    Raises:
        InputError: it is something else, or an empty string, which would be the current folder.
    """
    if not isinstance(place, str | os.PathLike) or not str(place):
        raise InputError(f"{place!r}: is no path; expected a string or a Path")
    return Path(place)


def as_path_or_none(place: AnyPath | None) -> Path | None:
    """Return a place as a path, or None where there is none.

    Raises:
        InputError: as ``as_path``.
    """
    return None if place is None else as_path(place)


def as_paths(places: AnyPath | Sequence[AnyPath]) -> tuple[Path, ...]:
    """Return several places as paths; a single one counts as a list of one.

    Raises:
        InputError: one of them is no path.
    """
    return tuple(map(as_path, [places] if isinstance(places, str | os.PathLike) else places))
