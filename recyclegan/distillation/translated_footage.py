"""A teacher of whom nothing is known but what it made: videos or frames under the names of their sources."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from recyclegan.arrays import Image
from recyclegan.data import Clip, Resize, find_clips
from recyclegan.data.label_maps import shows_label_map
from recyclegan.distillation.teachers import Teacher, at_size, labels_of
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig

MOST_NAMED = 3
"""Clips that are named in an error; of more it is said how many."""


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
            besides = f"; nothing is called like its {_named(left)}" if left else ""
            raise InputError(
                f"{self._folder}: holds nothing named {_named(missing)}{besides}; name translated clips as their "
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


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
