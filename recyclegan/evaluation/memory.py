"""What belongs to source and target alone is the same for every translation of them: worked out once, and kept.

Everything is kept as it was worked out, to the bit, under a key that names all that it follows from.
"""

import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from recyclegan.data.index import Clip
from recyclegan.files import digest_of

Arrays = Mapping[str, np.ndarray]

MOST_HELD = 2**28
"""Bytes that are kept in the memory of a process, where there is no folder."""
MOST_FILED = 2**32
"""Bytes that are kept in a folder."""


@dataclass
class Memory:
    """Arrays that are kept by key: in a folder, which processes share, or else in this process, up to a bound."""

    folder: Path | None = None
    held: dict[str, Arrays] = field(default_factory=dict)

    @cached_property
    def _room(self) -> list[int]:
        """The bytes that are left, in a list of one."""
        filed = sum(file.stat().st_size for file in self.folder.glob("*.npz")) if self.folder else 0
        return [MOST_FILED - filed if self.folder else MOST_HELD]

    def recall(self, key: str, make: Callable[[], Arrays]) -> Arrays:
        """Return what is kept under a key; else make it, and keep it as far as there is room. No key: nothing is kept.

        A file that cannot be read is made anew, and one that cannot be written is done without.
        """
        if not key:
            return make()
        found = self.held.get(key) if self.folder is None else _read(self._file(key))
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def _keep(self, key: str, arrays: Arrays) -> None:
        size = sum(array.nbytes for array in arrays.values())
        if size > self._room[0]:
            return
        self._room[0] -= size
        if self.folder is None:
            self.held[key] = arrays
        else:
            _write(self._file(key), arrays)

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{digest_of(key.encode())}.npz"

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process as the folder alone."""
        return Memory, (self.folder,)


def _read(file: Path) -> Arrays | None:
    with suppress(OSError, ValueError, EOFError, zipfile.BadZipFile), file.open("rb") as opened:
        return dict(np.load(opened, allow_pickle=False))
    return None


def _write(file: Path, arrays: Arrays) -> None:
    scratch = file.with_name(f".{uuid4().hex}.npz")
    with suppress(OSError):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(scratch, **arrays)  # type: ignore[arg-type]
            scratch.replace(file)
        finally:
            scratch.unlink(missing_ok=True)


def key_of(clips: Iterable[Clip], *settings: object) -> str:
    """Return a key of what follows from clips and settings alone: it changes with any file, and with any setting."""
    return digest_of(repr(([_told(clip) for clip in clips], settings)).encode())


def _told(clip: Clip) -> tuple[object, ...]:
    return clip.kind, clip.reading, [stamp(file) for file in clip.files]


def stamp(file: Path) -> tuple[str, int, int]:
    """Return what tells whether a file is still the same: its place, its size and when it was written."""
    told = file.stat()
    return str(file.resolve()), told.st_size, told.st_mtime_ns
