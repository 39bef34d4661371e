"""Where translations go: what there is to translate, what may be written, and frames that replace frames."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from recyclegan.errors import InputError
from recyclegan.files import natural_key, whole_folder
from recyclegan.video import IMAGE_SUFFIXES, STRICT, VIDEO_SUFFIXES, WRITTEN_SUFFIXES, Reading, read_comment

Existing = Literal["refuse", "skip", "replace"]
LOSSY_SUFFIXES = frozenset({".jpg", ".jpeg", ".webp"})
FRAME_COMMENT = "recyclegan: a frame of a translated video"
"""Stands inside every frame of a translated video, so that no other file is ever taken for one."""


@dataclass(frozen=True)
class Output:
    """How translated videos are written."""

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
    reading: Reading = STRICT
    """How source videos are read."""


def video_place(target: Path, output: Output) -> Path:
    """Return where a translated video goes: the file itself, or the folder of its name for frames."""
    return target.with_suffix("") if output.frames and target.suffix.lower() in VIDEO_SUFFIXES else target


def video_targets(videos: list[Path], source: Path, target: Path, output: Output) -> dict[Path, Path]:
    """Return where each video of a folder goes: to its own name, as ``.mp4`` where its format is read but not written.

    Raises:
        InputError: two videos would become one file.
    """
    targets = {}
    for video in videos:
        place = target / video.relative_to(source)
        written = output.frames or place.suffix.lower() in WRITTEN_SUFFIXES
        targets[video] = place if written else place.with_suffix(".mp4")
    twice = [place for place, uses in Counter(targets.values()).items() if uses > 1]
    if twice:
        raise InputError(f"{source}: two videos would both become {twice[0]}; rename one")
    return targets


def may_write(source: Path, target: Path, existing: Existing) -> bool:
    """Return whether to write ``target``; an output that is there is refused, skipped or replaced.

    Raises:
        InputError: it is there and must not be, or it is the source itself.
    """
    if target.exists() and target.resolve() == source.resolve():
        raise InputError(f"{target}: is the input itself; name another output")
    if target.exists() and existing == "refuse":
        raise InputError(f"{target}: is there already; name another output, or give --existing replace or skip")
    return not (target.exists() and existing == "skip")


def find_media(folder: Path) -> tuple[list[Path], dict[Path, list[Path]]]:
    """Return the videos below a folder, and the frames of each folder below it, parents first."""
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path, folder)), key=natural_key
    )
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    clips: dict[Path, list[Path]] = {}
    for path in files:
        if path.suffix.lower() in IMAGE_SUFFIXES and path not in videos:
            clips.setdefault(path.parent, []).append(path)
    return videos, dict(sorted(clips.items(), key=lambda item: len(item[0].parts)))


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


@contextmanager
def frames_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder for frames; on success they appear together in ``target``, which keeps its other files.

    Raises:
        InputError: the place cannot be written to.
    """
    if not target.exists():
        with whole_folder(target) as folder:
            yield folder
        return
    try:
        scratch = TemporaryDirectory(prefix=".new.", dir=target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); choose another place") from error
    with scratch as name:
        yield Path(name)
        for frame in Path(name).iterdir():
            frame.replace(target / frame.name)


def remove_frames_from(folder: Path, first: int) -> None:
    """Remove frame number ``first`` and later ones of a video that was translated into the folder before."""
    for path in folder.glob("*.png"):
        is_later = re.fullmatch(r"\d{6,}", path.stem) and int(path.stem) >= first
        if is_later and read_comment(path) == FRAME_COMMENT:
            path.unlink()
