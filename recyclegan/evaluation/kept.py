"""Frames that are looked at several times, decoded once: kept in memory, as far as a bound allows."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.video import read_image

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
        plain = Clip(**_fields(self))
        return self.store.video(plain) if self.kind == "video" else plain.images(as_labels)


def _fields(clip: Clip) -> dict[str, Any]:
    return {field.name: getattr(clip, field.name) for field in fields(Clip)}


def kept(clip: Clip, store: Store) -> Clip:
    """Return a clip whose frames are kept in a store."""
    made = KeptClip(**_fields(clip), store=store)
    vars(made).update(vars(clip))  # with the count and the size, where they were asked for before
    return made
