"""Frames that are looked at several times, decoded once: kept in memory, as far as a bound allows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recyclegan.data.index import Clip
from recyclegan.tensors import Image
from recyclegan.video import read_image

MOST_BYTES = 2**29
"""Bytes of decoded frames that are kept in memory; what is beyond is decoded anew at every look."""


@dataclass
class Store:
    """The frames that are kept."""

    room: int = MOST_BYTES
    """Bytes that are left."""
    images: dict[Path, Image] = field(default_factory=dict)
    """By the file of an image."""
    videos: dict[Path, list[Image]] = field(default_factory=dict)
    """All frames of a video, by its file."""

    def image(self, file: Path) -> Image:
        """Return the image of a file."""
        if file in self.images:
            return self.images[file]
        image = read_image(file)
        if image.nbytes <= self.room:
            self.room -= image.nbytes
            self.images[file] = image
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

    def images(self) -> Iterator[Image]:
        """Yield the frames in order; they must not be changed.

        Raises:
            InputError: a file cannot be read.
        """
        if self.kind == "frames":
            return (self.store.image(file) for file in self.files)
        plain = Clip(self.name, self.kind, self.files)
        return self.store.video(plain) if self.kind == "video" else plain.images()


def kept(clip: Clip, store: Store) -> Clip:
    """Return a clip whose frames are kept in a store."""
    made = KeptClip(clip.name, clip.kind, clip.files, store)
    vars(made).update(vars(clip))  # with the count and the size, where they were asked for before
    return made
