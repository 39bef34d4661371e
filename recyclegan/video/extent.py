"""Where a media file ends, by what it says itself: a file that was cut off still states its whole length.

Each function walks over the outermost structure of one format and returns where it ought to end, in bytes, or None
where the file does not say (as recordings that were never closed do not).

A stretch of a video, in the times of the video itself.

What a video file promises to hold: by its index, by the number of frames or by the duration that it states.

What was decoded of a video and what was not, in numbers and in words.
"""

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer
from av.video.stream import VideoStream

from recyclegan.errors import InputError
from recyclegan.video import formats
from recyclegan.video.timing import frame_rate, tick_of

Time = float | str
"""Seconds, or a text such as ``90``, ``1:30`` or ``0:01:30.5``."""
_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Span:
    """The frames shown from ``start`` on, up to but not including ``end`` (in seconds; None: the end of the video)."""

    start: Fraction = Fraction(0)
    end: Fraction | None = None

    def __contains__(self, time: Fraction) -> bool:
        """Return whether a time lies in it."""
        return self.start <= time and not self.is_over(time)

    def is_over(self, time: Fraction) -> bool:
        """Return whether it has ended at a time."""
        return self.end is not None and time >= self.end

    def __str__(self) -> str:
        """Return it in words."""
        until = "to its end" if self.end is None else f"to {float(self.end):g} s"
        return f"from {float(self.start):g} s {until}"


WHOLE = Span()
"""All of a video."""


def seconds(time: Time, name: str) -> Fraction:
    """Return a time in seconds, exactly as it is written; ``name`` is what errors call it.

    Raises:
        InputError: it is no time, or a negative one.
    """
    if isinstance(time, str):
        return _of_clock(time, name)
    if not math.isfinite(time) or time < 0:
        raise InputError(f"{name}: found {time}, expected seconds from 0 on")
    return Fraction(str(time))


def _of_clock(text: str, name: str) -> Fraction:
    match = _CLOCK.fullmatch(text.strip())
    hours, minutes, rest = match.groups() if match else (None, None, None)
    if rest is None or (minutes is not None and Fraction(rest) >= 60):
        raise InputError(f"{name}: found {text!r}, expected seconds, mm:ss or hh:mm:ss, such as 90, 1:30 or 0:01:30.5")
    return Fraction(hours or 0) * 3600 + Fraction(minutes or 0) * 60 + Fraction(rest)


_MICROSECONDS = 1_000_000
_ROUNDED_OFF = Fraction(1, 10)
"""Seconds by which stated ends are rounded."""
_OF_SOUND = Fraction(1)
"""Seconds by which the end of pictures and sound together may be off: sound is padded, and begins early."""
_STATE_DURATIONS = frozenset({"asf", "flv", "nut", "rm"})
"""Formats whose header states a duration; for others FFmpeg guesses it from what is there."""
_ONE_FRAME_A_PACKET = frozenset(
    {
        *("av1", "libdav1d", "libaom-av1", "vp9", "h264", "hevc", "vvc", "mpeg1video", "mpeg2video"),
        *("mjpeg", "prores", "dnxhd", "ffv1", "ffvhuff", "huffyuv", "utvideo", "png", "qtrle", "dvvideo", "rawvideo"),
    }
)


@dataclass(frozen=True)
class Promise:
    """What a file says that it holds."""

    num_frames: int | None
    """None where it does not say."""
    is_exact: bool = False
    """Whether the number is stated, not worked out from a duration."""
    end: Fraction = Fraction(0)
    """Seconds at which the last frame ends; 0 where it does not say."""
    tolerance: Fraction = _ROUNDED_OFF
    """Seconds by which it may end earlier."""
    covers_sound: bool = False
    """Whether that is the end of pictures and sound together."""
    has_index: bool = False
    """Whether every frame is listed."""

    num_packets: int = 0
    """Packets that are stated; 0 where none are, or empty ones stand for frames that are shown on."""

    def num_listed(self, stream: VideoStream) -> int:
        """Return how many packets are stated, or listed in the index by now (that of a fragmented file grows).

        Edited-out ones are not counted. 0 for formats that do not say.
        """
        return sum(not entry.is_discard for entry in stream.index_entries) if self.has_index else self.num_packets


def promise_of(container: InputContainer, stream: VideoStream) -> Promise:
    """Return what an open video promises, by the customs of its format."""
    formats, rate = container.format.name.split(","), frame_rate(stream)
    if "mp4" in formats:
        listed = Promise(None, has_index=True).num_listed(stream) if stream.frames else None
        return Promise(listed, is_exact=True, has_index=True)
    if "avi" in formats and stream.frames:
        end = stream.frames * tick_of(stream)
        return Promise(stream.frames, is_exact=True, end=end, tolerance=tick_of(stream) / 2)
    if "mxf" in formats and stream.duration and stream.duration > 0:
        return Promise(stream.duration, is_exact=True, num_packets=stream.duration)
    if "gif" in formats and stream.frames:
        return Promise(stream.frames, is_exact=True)
    end = _stated_end(container, stream, formats)
    covers_sound = not _STATE_DURATIONS.isdisjoint(formats)
    tolerance = _OF_SOUND if covers_sound and container.streams.audio else _ROUNDED_OFF
    return Promise(round(end * rate) or None, end=end, tolerance=tolerance, covers_sound=covers_sound)


def is_one_frame_a_packet(codec: str) -> bool:
    """Return whether every packet of a codec becomes a frame; others may skip frames, or hold hidden ones."""
    return codec in _ONE_FRAME_A_PACKET


def _stated_end(container: InputContainer, stream: VideoStream, formats: list[str]) -> Fraction:
    if "matroska" in formats:
        return _matroska_end(stream)
    if not _STATE_DURATIONS.isdisjoint(formats) and container.duration:
        return Fraction(container.duration, _MICROSECONDS)
    return Fraction(0)


def _matroska_end(stream: VideoStream) -> Fraction:
    """Return the seconds at which a Matroska stream says that it ends, 0 where it does not."""
    match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if match is None:
        return Fraction(0)
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


REMEDY = "re-encode it or download it again, or take what decodes with --damaged keep"


@dataclass
class Tally:
    """What was decoded of a video, and what was not."""

    path: Path
    promise: Promise
    num_frames: int = 0
    """Frames given out."""
    num_packets: int = 0
    """Packets that ought to become frames."""
    num_leading: int = 0
    """Frames left out because the file begins between key frames."""
    num_interlaced: int = 0
    """Frames given out that hold two moments, one in the even and one in the odd lines."""
    num_bad: int = 0
    """Frames that were patched up by the decoder, or not decoded at all."""
    num_missing: int = 0
    """Frames that seem to be missing where the times of a steady video make a leap."""
    num_late: int = 0
    """Frames whose time lies before that of the frame before."""
    num_silent: int = 0
    """Packets that became no frame, without an error."""
    reasons: list[str] = field(default_factory=list)
    """Why the file is taken for damaged; empty for a sound one."""

    @property
    def refusal(self) -> str:
        """Return in one line why the video is refused."""
        return (
            f"{self.path}: decoding stopped after {self.num_frames}{self._promised} frames ({self.reasons[0]}); the "
            f"file is truncated or damaged; {REMEDY}"
        )

    @property
    def notes(self) -> list[str]:
        """Return what the user should know of a video that was decoded to its end."""
        notes = []
        if self.num_leading:
            frames = "frame was" if self.num_leading == 1 else f"{self.num_leading} frames were"
            notes.append(f"{self.path}: begins between key frames; its first {frames} left out")
        if self.reasons:
            bad = f", {self.num_bad} frames damaged or missing" if self.num_bad else ""
            notes.append(
                f"{self.path}: damaged ({self.reasons[0]}); kept {self.num_frames}{self._promised} frames{bad}"
            )
        if self.num_missing:
            notes.append(f"{self.path}: its times leap over {self.num_missing} frames, which seem to be missing")
        if self.num_late:
            notes.append(
                f"{self.path}: {self.num_late} frames state times before their turn; shown right after another"
            )
        if self.num_silent and not self.reasons:
            notes.append(f"{self.path}: {self.num_silent} of its {self.num_packets} packets hold no frame to show")
        return notes

    @property
    def _promised(self) -> str:
        promised = self.promise.num_frames
        return "" if promised is None else f" of {'' if self.promise.is_exact else 'about '}{promised}"


StatedEnd = Callable[[BinaryIO, int], int | None]
"""Takes an open file and its size in bytes."""

_CONTAINERS = frozenset(
    {".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".mkv", ".mov", ".mp4", ".mxf", ".nut", ".ogv", ".webm", ".wmv"}
)
_BARE_STREAMS = frozenset({"dv", "h263", "h264", "hevc", "m4v", "mjpeg", "mpegvideo", "obu"})
"""Formats that FFmpeg falls back to where the head of a container is lost."""
_ASF_HEADER_BYTES = 30
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_BROADCAST = 1
_FLV_FILE_SIZE = b"\0\x08filesize\0"
_FLV_HEAD_BYTES = 4096
_FLV_TAGS = (8, 9, 18)
_OGG_LAST_PAGE = 4
_OGG_LARGEST_PAGE = 65_307
_MXF_PARTITION = bytes.fromhex("060e2b34020501010d0102010102")
_LONGEST_LINE = 256
_YUV4MPEG_420 = frozenset({b"420", b"420jpeg", b"420mpeg2", b"420paldv"})
_MPEGTS_SYNC = 0x47
_MPEGTS_PACKETS = (188, 192, 204)


def defect_of(path: Path, format_name: str) -> str | None:
    """Return in words where a file is broken or cut off by what it says itself, None where it is not.

    ``format_name`` is FFmpeg's name of the container's format.

    Raises:
        InputError: the file cannot be read.
    """
    names = format_name.split(",")
    if path.suffix.lower() in _CONTAINERS and not _BARE_STREAMS.isdisjoint(names):
        return f"it is no {path.suffix} any more, but a bare stream"
    if "matroska" in names:
        return formats.defect_of(path)
    stated_end = next((end for name, end in _STATED_ENDS.items() if name in names), None)
    missing = _bytes_missing(path, stated_end) if stated_end else 0
    return f"it is cut off, {missing:,} bytes or more before its end" if missing else None


def _bytes_missing(path: Path, stated_end: StatedEnd) -> int:
    """Return how many bytes a file is shorter than it says, at least 1 where only that it is cut off is known."""
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            end = stated_end(file, size)
        except (struct.error, ValueError, IndexError):
            return 1
    return max(0, end - size) if end is not None else 0


def _riff_end(file: BinaryIO, size: int) -> int | None:
    """AVI: one RIFF chunk after another."""
    end = 0
    while end < size:
        file.seek(end)
        name, length = struct.unpack("<4sI", file.read(8))
        if name != b"RIFF" or length in (0, 0xFFFFFFFF):
            return end or None
        end += 8 + length
    return end


def _mp4_end(file: BinaryIO, size: int) -> int | None:
    """MP4 and MOV: one box after another."""
    end = 0
    while end < size:
        file.seek(end)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = struct.unpack(">Q", file.read(8))[0]
        if length < 8 or not name.isalnum():
            return None
        end += length
    return end


def _flv_end(file: BinaryIO, size: int) -> int | None:
    """FLV: one tag after another, each followed by its length; the first one often states the size of the file."""
    head = file.read(_FLV_HEAD_BYTES)
    stated = head.find(_FLV_FILE_SIZE) + len(_FLV_FILE_SIZE)
    if stated >= len(_FLV_FILE_SIZE) and (whole := struct.unpack_from(">d", head, stated)[0]) > size:
        return int(min(whole, 1 << 62))
    end = struct.unpack_from(">I", head, 5)[0] + 4
    while end < size:
        file.seek(end)
        head = file.read(4)
        if head[0] & 0x1F not in _FLV_TAGS:
            return None
        end += 11 + int.from_bytes(head[1:4]) + 4
    return end


def _asf_end(file: BinaryIO, _: int) -> int | None:
    """ASF and WMV: the header states the size of the file, unless it is a broadcast."""
    header = file.read(_ASF_HEADER_BYTES)
    header += file.read(min(struct.unpack_from("<Q", header, 16)[0], 1 << 20))
    start = header.find(_ASF_FILE_PROPERTIES)
    if start < 0:
        return None
    stated, flags = struct.unpack_from("<Q", header, start + 40)[0], struct.unpack_from("<I", header, start + 88)[0]
    return None if flags & _BROADCAST or stated == 0 else stated


def _ogg_end(file: BinaryIO, size: int) -> int | None:
    """Ogg: the last page says that it is the last."""
    file.seek(max(0, size - _OGG_LARGEST_PAGE))
    tail = file.read()
    page = tail.rfind(b"OggS")
    is_last = page >= 0 and tail[page + 5] & _OGG_LAST_PAGE
    return size if is_last else size + 1


def _gif_end(file: BinaryIO, size: int) -> int | None:
    """GIF: a semicolon."""
    file.seek(max(0, size - 16))
    return size if file.read().rstrip(b"\0").endswith(b";") else size + 1


def _mxf_end(file: BinaryIO, _: int) -> int | None:
    """MXF: the header states where the footer begins."""
    key = file.read(16)
    if not key.startswith(_MXF_PARTITION):
        return None
    first = file.read(1)[0]
    file.read(first & 0x7F if first & 0x80 else 0)
    footer = struct.unpack(">HHIQQQ", file.read(32))[5]
    return footer + 16 if footer else None


def _yuv4mpeg_end(file: BinaryIO, size: int) -> int | None:
    """YUV4MPEG2: a line of text, then frames of one size."""
    head = file.readline(_LONGEST_LINE)
    found = dict(re.findall(rb" ([WHC])(\w+)", head))
    pixels = [int(found[b"W"]), int(found[b"H"])] if {b"W", b"H"} <= set(found) else None
    if pixels is None or found.get(b"C", b"420jpeg") not in _YUV4MPEG_420:
        return None
    width, height = pixels
    frame = len(b"FRAME\n") + width * height + 2 * -(-width // 2) * -(-height // 2)
    return size + -(size - len(head)) % frame


def _mpegts_end(file: BinaryIO, size: int) -> int | None:
    """MPEG-TS: whole packets."""
    head = file.read(16 * max(_MPEGTS_PACKETS))
    for length in _MPEGTS_PACKETS:
        for start in range(length):
            marks = head[start::length][:8]
            if len(marks) > 1 and set(marks) == {_MPEGTS_SYNC}:
                return size + -(size - _lead(start, length)) % length
    return None


def _lead(start: int, length: int) -> int:
    """Return where the first whole packet begins, from where its mark stands (after four bytes in Blu-ray's)."""
    return start - 4 if length == 192 and start >= 4 else start


_STATED_ENDS: dict[str, StatedEnd] = {
    "avi": _riff_end,
    "mp4": _mp4_end,
    "flv": _flv_end,
    "asf": _asf_end,
    "ogg": _ogg_end,
    "gif": _gif_end,
    "mxf": _mxf_end,
    "yuv4mpegpipe": _yuv4mpeg_end,
    "mpegts": _mpegts_end,
}
