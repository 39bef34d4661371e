"""The head of a y4m stream (YUV4MPEG2): a line of words, each a letter and what it states."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from recyclegan.errors import InputError, nearest
from recyclegan.streams.pixel_layouts import LAYOUTS
from recyclegan.video.opening import MOST_PIXELS

MAGIC = b"YUV4MPEG2"
LONGEST_LINE = 1024
"""Bytes of the head, or of the line before a frame."""
_FORMATS = {
    **dict.fromkeys(("420", "420jpeg", "420mpeg2", "420paldv"), "yuv420p"),
    **{"422": "yuv422p", "444": "yuv444p", "411": "yuv411p", "mono": "gray"},
    **{"420p10": "yuv420p10le", "422p10": "yuv422p10le", "444p10": "yuv444p10le"},
}
"""Pixel formats by y4m's names of them."""
_WRITTEN = {"yuv420p": "420jpeg", "yuv422p": "422", "yuv444p": "444", "gray": "mono"}


@dataclass(frozen=True)
class FrameFormat:
    """How frames lie in the bytes of a pipe."""

    height: int
    width: int
    rate: Fraction
    """Frames a second."""
    pixel_format: str
    """FFmpeg's name of it, one of ``LAYOUTS``."""
    is_full_range: bool = False
    """Whether black is 0 where it could be 16."""
    is_interlaced: bool = False
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel by its height."""

    def __post_init__(self) -> None:
        """Refuse what no frames are.

        Raises:
            InputError: sides, rate or pixel format are such.
        """
        if self.height < 1 or self.width < 1 or self.height * self.width > MOST_PIXELS:
            found = f"-: frames of {self.width}x{self.height}"
            raise InputError(f"{found}; expected at least one pixel and at most {MOST_PIXELS:,}")
        if not 0 < self.rate <= 1000:
            raise InputError(f"-: found {self.rate} frames a second, expected above 0 and at most 1000")
        if self.pixel_format not in LAYOUTS:
            hint = nearest(self.pixel_format, LAYOUTS)
            raise InputError(f"-: pixel format {self.pixel_format!r} is not read{hint}; known: {', '.join(LAYOUTS)}")


def read_head(line: Callable[[int], bytes | bytearray]) -> FrameFormat:
    """Return what the head of a stream states; ``line`` reads a line of so many bytes at most.

    Raises:
        InputError: there is none, or it states what is not read.
    """
    found = bytes(line(LONGEST_LINE))
    if not found:
        raise InputError("-: nothing came in; expected frames as y4m (ffmpeg ... -f yuv4mpegpipe -), or raw ones")
    if not found.startswith(MAGIC):
        raise InputError(
            f"-: begins with {found[:12]!r}, expected {MAGIC.decode()} (ffmpeg ... -f yuv4mpegpipe -); "
            "for raw frames give --size WIDTHxHEIGHT, --rate and --pixel-format"
        )
    words = found[len(MAGIC) :].decode("ascii", "replace").split()
    return _stated({word[0]: word[1:] for word in words if word[0] != "X"}, full="XCOLORRANGE=FULL" in words)


def write_head(format: FrameFormat) -> bytes:
    """Return the head of a stream of frames: progressive, limited range.

    Raises:
        InputError: y4m has no word for the pixel format.
    """
    if format.pixel_format not in _WRITTEN:
        raise InputError(f"-: y4m of {format.pixel_format}: is not written; expected one of {', '.join(_WRITTEN)}")
    rate, aspect = format.rate, format.pixel_aspect
    words = [f"W{format.width}", f"H{format.height}", f"F{rate.numerator}:{rate.denominator}", "Ip"]
    words += [f"A{aspect.numerator}:{aspect.denominator}", f"C{_WRITTEN[format.pixel_format]}"]
    limited = [] if format.pixel_format == "gray" else ["XCOLORRANGE=LIMITED"]
    return b" ".join([MAGIC, *(word.encode() for word in words + limited)]) + b"\n"


def _stated(words: dict[str, str], full: bool) -> FrameFormat:
    chroma = words.get("C", "420")
    if chroma not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise InputError(f"-: y4m of chroma {chroma!r} is not read; expected one of {known} (ffmpeg: -pix_fmt yuv420p)")
    return FrameFormat(
        _whole(words, "H"),
        _whole(words, "W"),
        _ratio(words, "F", "25:1"),
        _FORMATS[chroma],
        full,
        words.get("I", "p") in ("t", "b", "m"),
        _ratio(words, "A", "1:1") or Fraction(1),
    )


def _whole(words: dict[str, str], letter: str) -> int:
    if not re.fullmatch(r"\d{1,6}", words.get(letter, "")):
        raise InputError(f"-: y4m states {letter}{words.get(letter, '')}, expected {letter} and a number of pixels")
    return int(words[letter])


def _ratio(words: dict[str, str], letter: str, default: str) -> Fraction:
    """Return a ratio, 0 where it is stated as unknown (0:0)."""
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", words.get(letter, default))
    if not match:
        raise InputError(f"-: y4m states {letter}{words[letter]}, expected {letter} and a ratio such as {default}")
    return Fraction(int(match[1]), int(match[2])) if int(match[2]) else Fraction(0)
