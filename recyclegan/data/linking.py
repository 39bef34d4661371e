"""Putting clips into a data folder: linked, copied, or cut in time."""

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from recyclegan.data.index import Clip
from recyclegan.errors import InputError
from recyclegan.settings.frames import Reading
from recyclegan.video import VideoWriter, probe, read_video

Step = Callable[[int, int], None]
"""Told of (done, in all)."""

_LOSSLESS_CODECS = frozenset({"ffv1", "ffvhuff", "huffyuv", "png", "qtrle", "rawvideo", "utvideo"})
_LONGEST_GAP = 0.05
"""Of a clip's frames."""
_FRAMES_OF_A_GAP = 30
_CUT_CRF = 12
_CHUNK = 1 << 20


def place_clip(clip: Clip, folder: Path, link: bool) -> None:
    """Put a clip into ``folder`` under its name.

    With ``link``, files are hard links where the file system allows, else symbolic links, else copies.
    """
    if clip.kind == "video":
        file = clip.files[0]
        place_file(file, folder / f"{clip.name}{file.suffix}", link)
        return
    for file in clip.files:
        place_file(file, folder / clip.name / file.name, link)


def cut_clip(clip: Clip, train: Path, val: Path, share: float, link: bool, step: Step = lambda *_: None) -> str:
    """Put the first frames of a clip into ``train`` and the last ``share`` of them into ``val``; return a note on it.

    Up to a second of frames between the two is dropped (never more than one in twenty), because neighbouring frames
    look alike. A video is encoded anew: at CRF 12, or lossless where it was lossless; ``step`` is told of (frames read,
    frames to read), for the last part from the beginning again.

    Raises:
        InputError: the clip cannot be read, or is too short to be cut.
    """
    num_frames = clip.num_frames
    num_val = max(1, round(share * num_frames))
    gap = min(_FRAMES_OF_A_GAP, int(_LONGEST_GAP * num_frames))
    num_train = num_frames - gap - num_val
    if num_train < 1:
        raise InputError(f"{clip.name}: has {num_frames} frames, too few to hold some out; add clips, or set val to 0")
    reads = 0

    def read() -> None:
        nonlocal reads
        reads += 1
        step(reads, num_train + num_frames)

    for folder, start, stop in ((train, 0, num_train), (val, num_train + gap, num_frames)):
        if clip.kind == "frames":
            part = Clip(clip.name, "frames", clip.files[start:stop])
            place_clip(part, folder, link)
        else:
            _encode_part(clip.files[0], clip.reading, folder / clip.name, range(start, stop), read)
    return f"{clip.name}: the only clip; frames 0 to {num_train - 1} train, the last {num_val} are held out"


def _encode_part(source: Path, reading: Reading, target: Path, part: range, read: Callable[[], None]) -> None:
    info = probe(source)
    lossless = info.codec in _LOSSLESS_CODECS
    suffix, codec = (".mkv", "ffv1") if lossless else (".mp4", "libx264")
    target = target.with_name(target.name + suffix)
    with VideoWriter(target, info.width, info.height, like=source, codec=codec, crf=_CUT_CRF) as writer:
        first = None
        for number, frame in enumerate(islice(read_video(source, reading), part.stop)):
            if number in part:
                first = frame.time if first is None else first
                writer.write(frame.image, frame.time - first)
            read()


def place_file(source: Path, target: Path, link: bool) -> None:
    """Put a file at ``target``, as ``place_clip`` does.

    Raises:
        InputError: the file cannot be read, or another one is there already.
        OSError: the target cannot be written.
    """
    if os.path.lexists(target):
        raise InputError(f"{source}: would become {target.name}, as another file does; rename one")
    target.parent.mkdir(parents=True, exist_ok=True)
    source = source.resolve()
    for place in (os.link, os.symlink) if link else ():
        try:
            place(source, target)
        except OSError:
            continue
        return
    _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    with _opened(source) as file, target.open("xb") as copy:
        for chunk in iter(lambda: _chunk(file, source), b""):
            copy.write(chunk)
    times = source.stat()
    os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def _opened(source: Path) -> BinaryIO:
    try:
        return source.open("rb")
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}); check its permissions") from error


def _chunk(file: BinaryIO, source: Path) -> bytes:
    try:
        return file.read(_CHUNK)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror}); check its disk") from error
