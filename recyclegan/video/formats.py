"""Formats that videos are written in: those in which every frame's time comes back.

The skeleton of Matroska and WebM files, which FFmpeg passes over silently where it is broken.

A file is an EBML header and a segment; the segment holds clusters among other elements, a cluster holds blocks.
"""

from dataclasses import dataclass, field
from os import SEEK_CUR
from pathlib import Path
from typing import BinaryIO

from recyclegan.errors import InputError

_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
_OF_ANY = frozenset({0xEC, 0xBF})
"""Padding, and checksums."""
_OF_SEGMENTS = _OF_ANY | {
    *(0x114D9B74, 0x1549A966, 0x1654AE6B, _CLUSTER, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367),
}
_OF_CLUSTERS = _OF_ANY | {0xE7, 0x5854, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF}


class _Broken(Exception):  # noqa: N818
    """There is no element where one must begin, or it reaches beyond the one that holds it."""


def defect_of(path: Path) -> str | None:
    """Return in words where the skeleton of a file is broken or cut off; None where it is whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            _walk(file, size)
        except (_Broken, IndexError):
            return f"its structure is broken or cut off at byte {file.tell():,} of {size:,}"
    return None


def _walk(file: BinaryIO, size: int) -> None:
    """Read over all elements; those of clusters follow their cluster's head as if they stood beside it."""
    _, length = _head(file)
    file.seek(length or 0, SEEK_CUR)
    name, length = _head(file)
    if name != _SEGMENT:
        raise _Broken
    end = size if length is None else file.tell() + length
    in_cluster = False
    while file.tell() < min(end, size):
        name, length = _head(file)
        in_cluster = name == _CLUSTER or (in_cluster and name in _OF_CLUSTERS)
        if not in_cluster and name not in _OF_SEGMENTS:
            raise _Broken
        if name != _CLUSTER:
            file.seek(length or 0, SEEK_CUR)
    if file.tell() != end or end > size:
        raise _Broken


def _head(file: BinaryIO) -> tuple[int, int | None]:
    """Return the name of an element and its length in bytes, None where it is not stated."""
    name, _ = _number(file)
    length, num_bytes = _number(file)
    payload = length & (1 << 7 * num_bytes) - 1
    return name, None if payload == (1 << 7 * num_bytes) - 1 else payload


def _number(file: BinaryIO) -> tuple[int, int]:
    """Return a number with the bit that marks its length, and that length in bytes."""
    first = file.read(1)[0]
    num_bytes = 9 - first.bit_length()
    return int.from_bytes(bytes([first]) + file.read(num_bytes - 1)), num_bytes


VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "asf", "avi", "divx", "dv", "f4v", "flv", "gif", "h264", "hevc", "m2ts", "m2v", "m4v", "mjpeg"),
        *("mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "nut", "ogv", "rm", "ts", "vob", "webm", "wmv"),
        *("y4m",),
    )
)
"""Of the files that are taken for videos."""


@dataclass(frozen=True)
class Format:
    """How a format is written."""

    name: str
    """FFmpeg's name of it."""
    any_tick: bool = False
    """Whether it takes any clock, so that times are kept exactly."""
    even_times: bool = False
    """Whether frames must come one a tick of the frame rate."""
    options: dict[str, str] = field(default_factory=dict)
    """Options of the container."""


_MATROSKA_OPTIONS = {"avoid_negative_ts": "disabled"}
"""Else everything would be shifted by the lead-in of the sound."""
_MPEGTS = Format("mpegts")
_FORMATS = {
    ".mp4": Format("mp4", any_tick=True),
    ".m4v": Format("mp4", any_tick=True),
    ".mov": Format("mov", any_tick=True),
    ".3gp": Format("3gp", any_tick=True),
    ".f4v": Format("f4v", any_tick=True),
    ".mkv": Format("matroska", options=_MATROSKA_OPTIONS),
    ".webm": Format("webm", options=_MATROSKA_OPTIONS),
    ".nut": Format("nut"),
    ".ts": _MPEGTS,
    ".mts": _MPEGTS,
    ".m2ts": Format("mpegts", options={"mpegts_m2ts_mode": "1"}),
    ".flv": Format("flv"),
    ".avi": Format("avi", even_times=True),
}
WRITTEN_SUFFIXES = frozenset(_FORMATS)
"""Of the videos that can be written."""


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a path names.

    Raises:
        InputError: it names none, or one that is not written.
    """
    suffix = path.suffix.lower()
    if suffix not in VIDEO_SUFFIXES:
        raise InputError(f"{path}: {suffix or 'no suffix'} is no video format; use .mp4, .mkv, .mov or .webm")
    if suffix not in _FORMATS:
        raise InputError(f"{path}: {suffix} is read but not written, for its times would not come back; write an .mp4")
    return _FORMATS[suffix]
