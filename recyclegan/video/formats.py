"""Formats that videos are written in: those in which every frame's time comes back."""

from dataclasses import dataclass, field
from pathlib import Path

from recyclegan.errors import InputError

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
