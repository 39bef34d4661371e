"""Which clips a data folder holds.

Data is ``DIR/{train,val}/{A,B}/``. Each of these folders may hold, mixed and nested:

- videos: each is a clip;
- folders of frames: each is a clip;
- loose frames: those whose names are equal up to the frame number form a clip (``001_00001.jpg`` and ``002_00001.jpg``
  belong to two), and those without a number form one together: see `recyclegan.data.scenes`.

With ``triplets`` each image is a clip of its own: three frames side by side, the first one at the left.

Frame numbers order a clip (``frame_9`` before ``frame_10``). What is left out, as hidden files are, is
told: see `recyclegan.data.walk`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from recyclegan.arrays import Image
from recyclegan.data.scenes import in_order, scenes_of
from recyclegan.data.walk import in_short, subfolders, walk
from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError, nearest
from recyclegan.files import kind_of, natural_key
from recyclegan.notes import notify
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.frames import Reading
from recyclegan.video import (
    IMAGE_SUFFIXES,
    STRICT,
    VIDEO_SUFFIXES,
    VideoInfo,
    check_video,
    count_frames,
    probe,
    read_image,
    read_video,
)

SPLITS = ("train", "val")


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

    def images(self, as_labels: bool = False) -> Iterator[Image]:
        """Yield the frames in order; ``as_labels`` as for :func:`recyclegan.video.read_image`.

        Raises:
            InputError: a file cannot be read, or 3 does not divide the width of a triplet.
        """
        match self.kind:
            case "frames":
                return (read_image(file, as_labels) for file in self.files)
            case "triplet":
                return _thirds(self.files[0], as_labels)
            case "video":
                return (frame.image for frame in read_video(self.files[0], self.reading))


def index_data(
    root: AnyPath,
    split: str,
    domains: Iterable[Domain] = DOMAINS,
    triplets: bool = False,
    reading: Reading = STRICT,
) -> dict[Domain, tuple[Clip, ...]]:
    """Return the clips of each domain in ``root/split``; with ``triplets`` each image is three frames side by side.

    Raises:
        InputError: a folder is missing or holds no clip.
    """
    folder = _subfolder(as_path(root), split, SPLITS)
    places = {domain: _subfolder(folder, domain.upper(), ("A", "B")) for domain in domains}
    return {domain: find_clips(place, triplets, reading) for domain, place in places.items()}


def find_clips(folder: AnyPath, triplets: bool = False, reading: Reading = STRICT) -> tuple[Clip, ...]:
    """Return the clips below a folder, in natural order; with ``triplets`` each image is three frames side by side.

    Raises:
        InputError: the folder is missing, cannot be read, or holds neither videos nor frames, or a link leads nowhere.
    """
    folder = as_path(folder)
    if kind_of(folder) != "folder":
        raise InputError(f"{folder}: no such folder; expected one with videos, or with folders of frames")
    found = walk(folder, VIDEO_SUFFIXES | IMAGE_SUFFIXES)
    clips = [clip for place, files in found.folders for clip in _clips_in(folder, place, files, triplets)]
    if not clips:
        held = f" ({found.left_out})" if found.left_out else ""
        raise InputError(
            f"{folder}: holds neither videos nor frames{held}; put .mp4 files, or folders of .png files, into it"
        )
    clips = sorted(_distinctly_named(folder, clips), key=lambda clip: natural_key(Path(clip.name)))
    for note in (found.note, *_notes_on_names(folder, clips)):
        notify(note)
    return tuple(replace(clip, reading=reading) for clip in clips)


def single_frames(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips of one image, where they are at least half of all and more than one; else none."""
    single = [clip for clip in clips if clip.kind == "frames" and len(clip.files) == 1]
    return single if len(single) > 1 and 2 * len(single) >= len(clips) else []


def _notes_on_names(folder: Path, clips: Sequence[Clip]) -> Iterator[str]:
    """Yield what there is to say of clips that were told apart by the names of loose frames."""
    loose = [clip for clip in clips if clip.kind == "frames" and clip.files[0].parent == folder]
    if len(loose) > 1:
        counts = in_short(f"{clip.name}: {len(clip.files)}" for clip in loose)
        yield (
            f"{folder}: loose frames were taken for {len(loose)} clips by the numbers in their names ({counts}); put "
            "the frames of each scene into a folder to say it for sure"
        )
    several = {clip.name: scenes for clip in clips if (scenes := _scenes_within(folder, clip)) > 1}
    if several:
        counts = in_short(f"{name}: {scenes}" for name, scenes in several.items())
        yield (
            f"{folder}: names of frames look like several scenes within one folder ({counts}); a folder is one clip, "
            "give each scene its own"
        )
    if doubles := sum(len(clip.files) - len({file.stem for file in clip.files}) for clip in clips):
        yield f"{folder}: {doubles} frames are there under one name in different formats; keep one of each"
    if single := single_frames(clips):
        names = in_short(clip.files[0].relative_to(folder).as_posix() for clip in single)
        yield (
            f"{folder}: {len(single)} of {len(clips)} clips have a single frame ({names}); frames of one scene belong "
            "into a folder of their own"
        )


def _subfolder(parent: Path, name: str, siblings: tuple[str, ...]) -> Path:
    """Return ``parent/name``, or explain what stands there instead."""
    folder = parent / name
    if kind_of(folder) == "folder":
        return folder
    if kind_of(parent) != "folder":
        raise InputError(f"{parent}: no such folder; expected a data folder DIR with DIR/train/A and DIR/train/B")
    found = subfolders(parent)
    lookalike = next((other for other in found if other.lower() == name.lower()), None)
    if lookalike is not None:
        raise InputError(f"{folder}: no such folder; found {parent / lookalike}: name it {name}")
    if name in SPLITS and {"A", "B"} <= set(found):
        raise InputError(f"{folder}: no such folder; {parent} itself holds A and B: move them into {folder}")
    held = ", ".join(found[:5]) or "no folders"
    others = f"expected {', '.join(siblings)}"
    raise InputError(f"{folder}: no such folder{nearest(name, found)}; {parent} holds {held}, {others}")


def _clips_in(root: Path, place: Path, files: Sequence[Path], triplets: bool) -> Iterator[Clip]:
    """Yield the clips of the files in one folder."""
    for file in files:
        if file.suffix.lower() in VIDEO_SUFFIXES:
            yield Clip(_name_below(root, file), "video", (file,))
    images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    if triplets:
        yield from (Clip(_name_below(root, image), "triplet", (image,)) for image in images)
    elif place != root and images:
        yield Clip(place.relative_to(root).as_posix(), "frames", in_order(images))
    else:
        yield from (Clip(scene.name, "frames", scene.files) for scene in scenes_of(images))


def _name_below(root: Path, file: Path) -> str:
    return file.relative_to(root).with_suffix("").as_posix()


def _scenes_within(folder: Path, clip: Clip) -> int:
    """Return how many scenes the names of a folder's frames look like."""
    return len(scenes_of(clip.files)) if clip.kind == "frames" and clip.files[0].parent != folder else 1


class Names:
    """Names that are taken, so that a new one differs from all."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._uses: Counter[str] = Counter()

    def new(self, name: str) -> str:
        """Return a name that was not taken, and take it: the name itself, or with the next number (``drive-2``)."""
        found = name
        while found in self._taken:
            self._uses[name] += 1
            found = f"{name}-{self._uses[name] + 1}"
        self._taken.add(found)
        return found


def _thirds(file: Path, as_labels: bool) -> Iterator[Image]:
    """Yield the left, the middle and the right third of an image."""
    image = read_image(file, as_labels)
    height, width, _ = image.shape
    if width % 3:
        raise InputError(f"{file}: is {width}x{height}, expected three frames side by side; 3 must divide the width")
    for start in range(0, width, width // 3):
        yield image[:, start : start + width // 3]


def _distinctly_named(root: Path, clips: list[Clip]) -> Iterator[Clip]:
    """Yield the clips; of those that share a name, all but a folder of frames take a suffix (``drive.mp4``).

    Where that does not tell them apart, as for scenes of loose frames, they take a number.
    """
    uses = Counter(clip.name for clip in clips)
    kept = [uses[clip.name] == 1 or clip.files[0].parent == root / clip.name for clip in clips]
    names = Names(clip.name for clip, keeps in zip(clips, kept, strict=True) if keeps)
    for clip, keeps in zip(clips, kept, strict=True):
        yield clip if keeps else replace(clip, name=names.new(clip.name + clip.files[0].suffix))
