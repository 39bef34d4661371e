"""What belongs to source and target alone is the same for every translation of them: worked out once, and kept.

Everything is kept as it was worked out, to the bit, under a key that names all that it follows from.

Frames that are looked at several times, decoded once: kept in memory, as far as a bound allows.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from filelock import FileLock

from recyclegan.arrays import Image
from recyclegan.config import fields_of
from recyclegan.data.eviction import bytes_of
from recyclegan.data.index import Clip
from recyclegan.files import digest_of
from recyclegan.video import read_image

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
        filed = sum(map(bytes_of, self.folder.glob("*.npz"))) if self.folder else 0
        return [MOST_FILED - filed if self.folder else MOST_HELD]

    def recall(self, key: str, make: Callable[[], Arrays]) -> Arrays:
        """Return what is kept under a key; else make it, and keep it as far as there is room. No key: nothing is kept.

        What another process is making in the same folder is waited for. A file that cannot be read is made anew, and
        one that cannot be written is done without.
        """
        if not key:
            return make()
        found = self._found(key)
        if found is not None:
            return found
        with self._alone(key):
            found = self._found(key)
            if found is None:
                found = make()
                self._keep(key, found)
        return found

    def _found(self, key: str) -> Arrays | None:
        return self.held.get(key) if self.folder is None else _read(self._file(key))

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Keep other processes from making what is under a key meanwhile, where there is a folder to be locked in."""
        with ExitStack() as stack:
            if self.folder is not None:
                with suppress(OSError, NotImplementedError):  # the latter where a disk knows no locks
                    self.folder.mkdir(parents=True, exist_ok=True)
                    lock = self._file(key).with_suffix(".lock")
                    stack.enter_context(FileLock(lock))
                    stack.callback(_remove, lock)  # who waits for it holds it still, and finds what was made
            yield

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


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()


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
    return digest_of(repr(([_identity(clip) for clip in clips], settings)).encode())


def _identity(clip: Clip) -> tuple[object, ...]:
    return clip.kind, clip.reading, [stamp(file) for file in clip.files]


def stamp(file: Path) -> tuple[str, int, int]:
    """Return what tells whether a file is still the same: its place, its size and when it was written."""
    status = file.stat()
    return str(file.resolve()), status.st_size, status.st_mtime_ns


MOST_BYTES = 2**29
"""Bytes of decoded frames that are kept in memory; what is beyond is decoded anew at every look."""


@dataclass
class Store:
    """The frames that are kept."""

    room: int = MOST_BYTES
    """Bytes that are left."""
    images: dict[tuple[Path, bool], Image] = field(default_factory=dict)
    """By the file of an image, and whether it was read as a label map."""
    videos: dict[Path, list[Image]] = field(default_factory=dict)
    """All frames of a video, by its file."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without anything, and without room for it."""
        return Store, (0,)

    def image(self, file: Path, as_labels: bool) -> Image:
        """Return the image of a file."""
        key = file, as_labels
        if key in self.images:
            return self.images[key]
        image = read_image(file, as_labels)
        if image.nbytes <= self.room:
            self.room -= image.nbytes
            self.images[key] = image
        return image

    def video(self, clip: Clip) -> Iterator[Image]:
        """Yield the frames of a video; it is kept where it was decoded to its end and there is room for all of it."""
        (file,) = clip.files
        if file in self.videos:
            yield from self.videos[file]
            return
        images: list[Image] = []
        is_whole = True
        try:
            for image in clip.images():
                is_whole = is_whole and self._take(images, image)
                yield image
            if is_whole:
                self.videos[file], images = images, []
        finally:
            self._give_back(images)

    def _take(self, images: list[Image], image: Image) -> bool:
        """Add an image where there is room for it, else give up all; return whether there was."""
        if image.nbytes > self.room:
            self._give_back(images)
            return False
        self.room -= image.nbytes
        images.append(image)
        return True

    def _give_back(self, images: list[Image]) -> None:
        self.room += sum(image.nbytes for image in images)
        images.clear()


@dataclass(frozen=True)
class KeptClip(Clip):
    """A clip whose frames are decoded once, if they find room."""

    store: Store = field(default_factory=Store, compare=False, repr=False)

    def images(self, as_labels: bool = False) -> Iterator[Image]:
        """Yield the frames in order; they must not be changed. ``as_labels`` is as for ``read_image``.

        Raises:
            InputError: a file cannot be read.
        """
        if self.kind == "frames":
            return (self.store.image(file, as_labels) for file in self.files)
        plain = Clip(**fields_of(Clip, self))
        return self.store.video(plain) if self.kind == "video" else plain.images(as_labels)


def kept(clip: Clip, store: Store) -> Clip:
    """Return a clip whose frames are kept in a store."""
    made = KeptClip(**fields_of(Clip, clip), store=store)
    vars(made).update(vars(clip))  # with the count and the size, where they were asked for before
    return made
