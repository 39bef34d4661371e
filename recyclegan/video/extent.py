"""Where a media file ends, by what it says itself: a file that was cut off still states its whole length.

Each function walks over the outermost structure of one format and returns where it ought to end, in bytes, or None
where the file does not say (as recordings that were never closed do not).
"""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from recyclegan.video import matroska

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
        return matroska.defect_of(path)
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
