"""Where translations go: what there is to translate, what may be written, and frames that replace frames."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recyclegan.data.scenes import in_order
from recyclegan.data.walk import walk
from recyclegan.errors import InputError
from recyclegan.files import kind_of, natural_key
from recyclegan.notes import notify
from recyclegan.paths import as_path
from recyclegan.settings.frames import Damaged, Reading
from recyclegan.translation.mixing import check_strength
from recyclegan.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Span, Time, read_comment, seconds

Existing = Literal["refuse", "skip", "replace"]
LOSSY_SUFFIXES = frozenset({".jpg", ".jpeg", ".webp"})
LEAST_SIDE = 16
"""Pixels that the longest side may be bounded to."""
FRAME_COMMENT = "recyclegan: a frame of a translated video"
"""Stands inside every frame of a translated video, so that no other file is ever taken for one."""


@dataclass(frozen=True)
class Output:
    """How translations are written.

    Example:
        >>> Output(start="1:30", end=100, max_side=640).size(height=1080, width=1920)
        (360, 640)
    """

    codec: str | None = None
    """Encoder; by default H.264, or VP9 for .webm."""
    crf: int = 18
    """Quality, lower is better and larger: 0 to 51 for H.264 and H.265, 0 to 63 for VP9 and AV1."""
    side_by_side: bool = False
    """Show the source to the left of its translation."""
    frames: bool = False
    """Write each video as a folder of PNG frames, which keeps the colours of label maps exactly."""
    existing: Existing = "refuse"
    """What to do with an output that is already there."""
    damaged: Damaged = "refuse"
    """Refuse damaged source videos, or keep what decodes of them, with a note."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""
    start: Time = 0.0
    """Where in each video to begin: seconds, or a text such as ``1:30`` or ``0:01:30.5``."""
    end: Time | None = None
    """Where to end: the frame shown then is left out. By default the end of the video."""
    max_side: int | None = None
    """Most pixels of the longer side of what is written; larger frames are made smaller, in their shape."""
    strength: float = 1.0
    """Share of the translation in what is written, 0 to 1; the rest is the source."""
    encoder_preset: str | None = None
    """The encoder's preset, from its fastest and largest to its slowest: ``veryfast`` or ``slow`` for H.264."""
    extra: Path | None = None
    """Folder of what some translators read beside each frame, such as depth: NAME/CLIP for each clip. By default the
    one beside the clips' own folder, ``val/A_extra`` for ``val/A``."""

    def __post_init__(self) -> None:
        """Refuse times and sizes that leave nothing.

        Raises:
            InputError: a time is none, the end is not after the start, the longest side is shorter than 16 pixels, or
                the strength is no share.
        """
        if self.span.is_over(self.span.start):
            raise InputError(f"end: found {self.end}, expected a time after the start, {self.start}")
        if self.max_side is not None and self.max_side < LEAST_SIDE:
            raise InputError(f"max side: found {self.max_side}, expected at least {LEAST_SIDE} pixels")
        check_strength(self.strength)
        if self.extra is not None:
            object.__setattr__(self, "extra", as_path(self.extra))

    @property
    def reading(self) -> Reading:
        """Return how source videos are read."""
        return Reading(self.damaged, self.deinterlace)

    @property
    def span(self) -> Span:
        """Return the stretch of each video that is translated."""
        return Span(seconds(self.start, "start"), None if self.end is None else seconds(self.end, "end"))

    def size(self, height: int, width: int, even: bool = False) -> tuple[int, int]:
        """Return the (height, width) at which a frame is written, alone or as each half of two side by side.

        Only what is longer than the longest side is changed; it gets sides that ``even`` makes even, as videos want it.
        """
        halves = 2 if self.side_by_side else 1
        longest, unit = max(height, width * halves), 2 if even else 1
        if self.max_side is None or longest <= self.max_side:
            return height, width
        scale = self.max_side / longest
        return _scaled(height, scale, self.max_side, unit), _scaled(width, scale, self.max_side // halves, unit)


def _scaled(side: int, scale: float, most: int, unit: int) -> int:
    """Return a side scaled to a whole number of units, at least one and at most as many as fit."""
    return unit * max(1, min(round(side * scale / unit), most // unit))


def video_place(target: Path, output: Output) -> Path:
    """Return where a translated video goes: the file itself, or the folder of its name for frames."""
    return target.with_suffix("") if output.frames and target.suffix.lower() in VIDEO_SUFFIXES else target


def kind_of_output(output: Output) -> Literal["file", "folder"]:
    """Return what a translated video is: a file, or a folder of frames."""
    return "folder" if output.frames else "file"


def may_write(source: Path, target: Path, output: Output, wanted: Literal["file", "folder"] = "file") -> bool:
    """Return whether to write ``target``, a file or folder; one that is there is refused, skipped or replaced.

    Raises:
        InputError: it is there and must not be, it is the source itself, or it is of another kind than wanted.
    """
    if (kind := kind_of(target)) == "nothing":
        return True
    if target.resolve() == source.resolve():
        raise InputError(f"{target}: is the input itself; name another output")
    if kind != wanted:
        raise InputError(f"{target}: is a {kind}; name a {wanted} to write")
    if output.existing == "refuse":
        raise InputError(f"{target}: is there already; name another output, or give --existing replace or skip")
    return output.existing == "replace"


def find_media(folder: Path) -> tuple[list[Path], dict[Path, list[Path]]]:
    """Return the videos below a folder, and the frames of each folder below it in order, parents first.

    What training reads is found, neither more nor less; what is left out is told.

    Raises:
        InputError: a folder cannot be read, or a link leads nowhere.
    """
    found = walk(folder, VIDEO_SUFFIXES | IMAGE_SUFFIXES)
    notify(found.note)
    videos = sorted((file for file in found.files if file.suffix.lower() in VIDEO_SUFFIXES), key=natural_key)
    clips = {place: [f for f in files if f.suffix.lower() in IMAGE_SUFFIXES] for place, files in found.folders}
    places = sorted((place for place, files in clips.items() if files), key=lambda place: len(place.parts))
    return videos, {place: list(in_order(clips[place])) for place in places}


def remove_frames_from(folder: Path, first: int) -> None:
    """Remove frame number ``first`` and later ones of a video that was translated into the folder before."""
    for path in folder.glob("*.png"):
        is_later = re.fullmatch(r"\d{6,}", path.stem) and int(path.stem) >= first
        if is_later and read_comment(path) == FRAME_COMMENT:
            path.unlink()
