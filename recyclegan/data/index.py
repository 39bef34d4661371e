"""Which clips a data folder holds.

Data is ``DIR/{train,val}/{A,B}/``. Each of these folders may hold, mixed and nested:

- videos: each is a clip;
- folders of frames: each is a clip;
- loose frames: those whose names are equal up to the frame number form a clip (``001_00001.jpg`` and ``002_00001.jpg``
  belong to two), and those without a number form one together.

With ``triplets`` each image is a clip of its own: three frames side by side, the first one at the left.

Frame numbers order a clip (``frame_9`` before ``frame_10``). Hidden files and files of other kinds are passed over.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Literal

from recyclegan.errors import InputError, nearest
from recyclegan.files import natural_key
from recyclegan.tensors import DOMAINS, Domain, Image
from recyclegan.video import (
    IMAGE_SUFFIXES,
    STRICT,
    VIDEO_SUFFIXES,
    Reading,
    VideoInfo,
    check_video,
    count_frames,
    probe,
    read_image,
    read_video,
)

SPLITS = ("train", "val")

_FRAME_NUMBER = re.compile(r"\d+(?![A-Za-z\d])")


@dataclass(frozen=True)
class Clip:
    """Consecutive frames of one scene: a video file, image files in order, or one image of three frames."""

    name: str
    """Path below the domain's folder, without a suffix; no two clips of a folder share one."""
    kind: Literal["video", "frames", "triplet"]
    files: tuple[Path, ...]
    """The one video, one image a frame, or the one image of three frames side by side."""
    reading: Reading = STRICT
    """How a video is read."""

    @cached_property
    def num_frames(self) -> int:
        """Number of frames that :meth:`images` yields, by the index of an MP4 or MOV, else by decoding the video.

        Raises:
            InputError: the video cannot be read, or is damaged and not to be kept.
        """
        match self.kind:
            case "frames":
                return len(self.files)
            case "triplet":
                return 3
            case "video":
                indexed = self._info.num_frames if self.reading.damaged == "refuse" else None
                return indexed or count_frames(self.files[0], self.reading)

    def notes(self) -> list[str]:
        """Return what there is to say of a video that is kept although it may be damaged; it is decoded for that.

        Raises:
            InputError: nothing of it can be decoded.
        """
        is_kept = self.kind == "video" and self.reading.damaged == "keep"
        return check_video(self.files[0], self.reading) if is_kept else []

    @cached_property
    def size(self) -> tuple[int, int]:
        """(height, width) of the first frame.

        Raises:
            InputError: the file cannot be read.
        """
        if self.kind == "video":
            return self._info.height, self._info.width
        height, width, _ = next(self.images()).shape
        return height, width

    @cached_property
    def _info(self) -> VideoInfo:
        return probe(self.files[0])

    def images(self) -> Iterator[Image]:
        """Yield the frames in order.

        Raises:
            InputError: a file cannot be read, or 3 does not divide the width of a triplet.
        """
        match self.kind:
            case "frames":
                return (read_image(file) for file in self.files)
            case "triplet":
                return _thirds(self.files[0])
            case "video":
                return (frame.image for frame in read_video(self.files[0], self.reading))


def index_data(
    root: Path,
    split: str,
    domains: Iterable[Domain] = DOMAINS,
    triplets: bool = False,
    reading: Reading = STRICT,
) -> dict[Domain, tuple[Clip, ...]]:
    """Return the clips of each domain in ``root/split``; with ``triplets`` each image is three frames side by side.

    Raises:
        InputError: a folder is missing or holds no clip.
    """
    folder = _subfolder(root, split, SPLITS)
    places = {domain: _subfolder(folder, domain.upper(), ("A", "B")) for domain in domains}
    return {domain: find_clips(place, triplets, reading) for domain, place in places.items()}


def find_clips(folder: Path, triplets: bool = False, reading: Reading = STRICT) -> tuple[Clip, ...]:
    """Return the clips below a folder, in natural order; with ``triplets`` each image is three frames side by side.

    Raises:
        InputError: the folder is missing or holds neither videos nor frames.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected one with videos, or with folders of frames")
    clips = [clip for place in _places(folder) for clip in _clips_in(folder, place, triplets)]
    if not clips:
        raise InputError(
            f"{folder}: holds neither videos nor frames; put .mp4 files, or folders of .png files, into it"
        )
    named = sorted(_distinctly_named(folder, clips), key=lambda clip: natural_key(Path(clip.name)))
    return tuple(replace(clip, reading=reading) for clip in named)


def _subfolder(parent: Path, name: str, siblings: tuple[str, ...]) -> Path:
    """Return ``parent/name``, or explain what stands there instead."""
    folder = parent / name
    if folder.is_dir():
        return folder
    if not parent.is_dir():
        raise InputError(f"{parent}: no such folder; expected a data folder DIR with DIR/train/A and DIR/train/B")
    found = sorted(entry.name for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    lookalike = next((other for other in found if other.lower() == name.lower()), None)
    if lookalike is not None:
        raise InputError(f"{folder}: no such folder; found {parent / lookalike}: name it {name}")
    if name in SPLITS and {"A", "B"} <= set(found):
        raise InputError(f"{folder}: no such folder; {parent} itself holds A and B: move them into {folder}")
    held = ", ".join(found[:5]) or "no folders"
    others = f"expected {', '.join(siblings)}"
    raise InputError(f"{folder}: no such folder{nearest(name, found)}; {parent} holds {held}, {others}")


def _places(folder: Path) -> Iterator[Path]:
    """Yield a folder and all folders below it, links followed, hidden ones left out."""
    for place, below, _ in os.walk(folder, followlinks=True):
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        yield Path(place)


def _clips_in(root: Path, place: Path, triplets: bool) -> Iterator[Clip]:
    files = [file for file in place.iterdir() if not file.name.startswith(".") and not file.is_dir()]
    for file in files:
        if file.suffix.lower() in VIDEO_SUFFIXES:
            yield Clip(_name_below(root, file), "video", (file,))
    images = sorted((file for file in files if file.suffix.lower() in IMAGE_SUFFIXES), key=natural_key)
    if triplets:
        yield from (Clip(_name_below(root, image), "triplet", (image,)) for image in images)
    elif place != root and images:
        yield Clip(place.relative_to(root).as_posix(), "frames", tuple(images))
    elif images:
        yield from _loose_clips(images)


def _name_below(root: Path, file: Path) -> str:
    return file.relative_to(root).with_suffix("").as_posix()


def _thirds(file: Path) -> Iterator[Image]:
    """Yield the left, the middle and the right third of an image."""
    image = read_image(file)
    height, width, _ = image.shape
    if width % 3:
        raise InputError(f"{file}: is {width}x{height}, expected three frames side by side; 3 must divide the width")
    for start in range(0, width, width // 3):
        yield image[:, start : start + width // 3]


def _loose_clips(images: list[Path]) -> Iterator[Clip]:
    for name, group in groupby(sorted(images, key=_scene), key=_scene):
        yield Clip(name, "frames", tuple(sorted(group, key=natural_key)))


def _scene(image: Path) -> str:
    """Return an image's name without its frame number, the last number that no letter follows."""
    numbers = list(_FRAME_NUMBER.finditer(image.stem))
    if not numbers:
        return "frames"
    start, end = numbers[-1].span()
    before, after = image.stem[:start].rstrip("_-. "), image.stem[end:].strip("_-. ")
    return "_".join(filter(None, (before, after))) or "frames"


def _distinctly_named(root: Path, clips: list[Clip]) -> Iterator[Clip]:
    """Yield the clips; of those that share a name, all but a folder of frames take a suffix (``drive.mp4``)."""
    uses = Counter(clip.name for clip in clips)
    for clip in clips:
        first = clip.files[0]
        unique = uses[clip.name] == 1 or first.parent == root / clip.name
        yield clip if unique else replace(clip, name=clip.name + first.suffix)
