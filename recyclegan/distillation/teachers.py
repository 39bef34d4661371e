"""Teachers: whatever makes a translation of a frame, behind one small interface."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from recyclegan.arrays import Image
from recyclegan.data import Clip, Resize, find_clips
from recyclegan.data.label_maps import shows_label_map
from recyclegan.data.walk import in_short
from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.paths import AnyPath
from recyclegan.settings.frames import DataConfig, Labels
from recyclegan.translation import Translator

Images = UInt8[np.ndarray, "batch height width channels"]
TranslatedImages = UInt8[np.ndarray, "batch height_out width_out channels_out"]
BATCH = 4
"""Frames that a network translates at once."""
LARGEST_WINDOW = 256
"""Pixels along a side of what a student is shown at once, where its teacher does not say."""


class Teacher(ABC):
    """Makes a translation of each frame of the clips that a student learns from."""

    name: str
    """What it is, in words."""
    direction: Direction = "ab"
    """Which domain of a data folder it translates."""

    @abstractmethod
    def frames(self, shown: Clip) -> DataConfig:
        """Return the scale that it works at, what is a label map, and channels; ``shown`` is one of the clips.

        Raises:
            InputError: a file cannot be read.
        """

    @abstractmethod
    def translated(self, clip: Clip, whole: Resize, as_labels: bool) -> Iterator[Image]:
        """Yield what it makes of each frame of a clip, at the size that ``whole`` brings frames to.

        ``as_labels`` says whether the clip shows label maps.

        Raises:
            InputError: frames cannot be read, or not be translated.
        """

    def check(self, clips: Sequence[Clip]) -> None:  # noqa: B027
        """Refuse clips that it cannot translate, before the first of them is; by default none.

        Raises:
            InputError: there is one.
        """

    def knows(self, clip: Clip) -> bool:
        """Return whether it can translate a clip that is held out; by default any."""
        return True


class NetworkTeacher(Teacher):
    """A teacher that translates any frame, whatever clip it is of."""

    @abstractmethod
    def translate(self, images: Images, size: tuple[int, int]) -> TranslatedImages:
        """Return what it makes of 8-bit frames of one size, at a (height, width).

        Raises:
            InputError: it cannot be run on them.
        """

    def translated(self, clip: Clip, whole: Resize, as_labels: bool) -> Iterator[Image]:
        """Yield what it makes of each frame of a clip."""
        images = clip.images(as_labels)
        while batch := list(islice(images, BATCH)):
            if len({image.shape for image in batch}) > 1:
                raise InputError(f"{clip.name}: its frames differ in size; resize all to one, or split the clip")
            yield from self.translate(np.stack(batch), whole.size(*batch[0].shape[:2]))


class TranslatorTeacher(NetworkTeacher):
    """A translator of ours: a run, a file, an exported file, or one of the hub."""

    def __init__(self, place: AnyPath, direction: Direction | None, device: str) -> None:
        """Load it.

        Raises:
            InputError: there is no such translator.
        """
        self._translator = Translator.from_pretrained(place, direction, device)
        card = self._translator.card
        card.refuse_extras("distill")
        self.direction = card.direction
        self.name = f"{place} ({card.generator} of width {card.width}, {card.direction})"

    def frames(self, shown: Clip) -> DataConfig:
        """Return how it was trained."""
        card = self._translator.card
        return DataConfig(
            size=card.size,
            load_size=card.load_size or card.size,
            resize=card.resize,
            labels=labels_of(card.labels_in, bool(card.palette)),
            channels=(card.channels_in, card.channels_out),
        )

    def translate(self, images: Images, size: tuple[int, int]) -> TranslatedImages:
        """Return its translation of frames."""
        return self._translator.translate_images(images, size)


def labels_of(reads: bool, writes: bool) -> Labels:
    """Return which domains hold label maps."""
    return "ab" if reads and writes else "a" if reads else "b" if writes else "none"


def at_size(height: int, width: int, labels: Labels = "none") -> DataConfig:
    """Return frames of one size, of which no more is seen at once than the window of a student."""
    window = min(height, LARGEST_WINDOW), min(width, LARGEST_WINDOW)
    return DataConfig(size=window, load_size=(height, width), resize="rectangle", labels=labels)


class FootageTeacher(Teacher):
    """A folder of clips that any model made of the source's, named alike; of one clip alone the name may differ."""

    def __init__(self, folder: Path) -> None:
        """Find its clips.

        Raises:
            InputError: it holds none.
        """
        self._folder, self._clips = folder, {clip.name: clip for clip in find_clips(folder)}
        self.name = f"{folder} ({len(self._clips)} translated clips)"

    def frames(self, shown: Clip) -> DataConfig:
        """Return the size of the translated frames, and which sides look like label maps."""
        made = next(iter(self._clips.values()))
        labels = labels_of(*(shows_label_map(next(iter(clip.images()))) for clip in (shown, made)))
        return at_size(*made.size, labels)

    def check(self, clips: Sequence[Clip]) -> None:
        """Refuse clips of which there is no translation, or one of another length; names that do not fit are told.

        Raises:
            InputError: there is one.
        """
        self._pair_single(clips)
        missing = [clip.name for clip in clips if clip.name not in self._clips]
        if missing:
            left = [name for name in self._clips if name not in {clip.name for clip in clips}]
            besides = f"; nothing is called like its {in_short(left)}" if left else ""
            raise InputError(
                f"{self._folder}: holds nothing named {in_short(missing)}{besides}; name translated clips as their "
                "sources"
            )
        for clip in clips:
            if (found := self._clips[clip.name].num_frames) != clip.num_frames:
                raise InputError(
                    f"{self._folder}: {clip.name} has {found} frames, and its source {clip.num_frames}; translate each "
                    "frame"
                )

    def knows(self, clip: Clip) -> bool:
        """Return whether there is a translation of a clip that is held out."""
        return clip.name in self._clips

    def translated(self, clip: Clip, whole: Resize, as_labels: bool) -> Iterator[Image]:
        """Yield the translated frames, of label maps with no new colour."""
        for image in self._clips[clip.name].images():
            is_label = shows_label_map(image)
            yield Resize("rectangle", *whole.size(*image.shape[:2]))(image, is_label=is_label)

    def _pair_single(self, clips: Sequence[Clip]) -> None:
        if len(clips) == len(self._clips) == 1:
            self._clips = {clips[0].name: next(iter(self._clips.values()))}
