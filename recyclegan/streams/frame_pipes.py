"""Frames out of a pipe and into one: y4m, which says how they lie, or raw ones, of which it must be known."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorRange

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.settings.frames import Damaged
from recyclegan.settings.streaming import PipeFormat, PipeOptions
from recyclegan.streams.even_writing import EvenWriter
from recyclegan.streams.pixel_layouts import frame_bytes, packed_frame, unpacked_frame
from recyclegan.streams.standard_pipes import InputPipe, OutputPipe
from recyclegan.streams.y4m import LONGEST_LINE, FrameFormat, read_head, write_head
from recyclegan.video import VideoFrame
from recyclegan.video.colour_tags import ColourConverter, unstated_matrix

_FRAME = b"FRAME"
_HERE = Path("-")
_RATE = "25"
_OF_Y4M: dict[str, str] = {"y4m": "yuv420p", "y4m444": "yuv444p"}


class FramePipeReader:
    """Frames that come in through a pipe, each with its time: its number by the rate.

    ``format`` says how raw frames lie; without one the pipe carries y4m, whose head is read at once. ``notes`` says
    afterwards what the user should know.

    Raises:
        InputError: the pipe carries something else; while iterating: it ends in the middle of a frame, and what is
            ``damaged`` is not to be kept.
    """

    def __init__(self, pipe: InputPipe, format: FrameFormat | None = None, damaged: Damaged = "refuse") -> None:
        self._pipe, self._is_y4m, self._damaged = pipe, format is None, damaged
        self.format = format or read_head(pipe.line)
        self._colours = ColourConverter(_HERE)
        self._number = 0
        self._is_stopped = False
        self.notes = ["-: frames are interlaced; moving edges look like combs"] if self.format.is_interlaced else []

    def __iter__(self) -> Iterator[VideoFrame]:
        return self

    def __next__(self) -> VideoFrame:
        data = self._data()
        if data is None:
            raise StopIteration
        frame = unpacked_frame(data, self.format.pixel_format, self.format.height, self.format.width)
        if self.format.is_full_range:
            frame.color_range = ColorRange.JPEG
        self._number += 1
        return VideoFrame(self._colours.to_rgb(frame), (self._number - 1) / self.format.rate)

    def stop(self) -> None:
        """Let another thread that waits for a frame end."""
        self._is_stopped = True
        self._pipe.close()

    def _data(self) -> bytearray | None:
        """Return the bytes of the next frame, None behind the last one."""
        if self._is_y4m:
            line = self._pipe.line(LONGEST_LINE)
            if not line:
                return None
            if not line.startswith(_FRAME) or not line.endswith(b"\n"):
                self._tell_broken(f"found {bytes(line[:12])!r} where frame {self._number + 1} must begin")
                return None
        size = frame_bytes(self.format.pixel_format, self.format.height, self.format.width)
        data = self._pipe.read(size)
        if len(data) < size and (data or self._is_y4m):
            self._tell_broken(f"it ends in the middle of frame {self._number + 1}")
            return None
        return data or None

    def _tell_broken(self, found: str) -> None:
        if self._is_stopped:
            return
        if self._damaged == "refuse":
            raise InputError(f"-: {found}; look at what sends the frames, or keep what there is: --damaged keep")
        self.notes.append(f"-: {found}; kept the {self._number} frames before it")


class FramePipeWriter:
    """Writes RGB frames into a pipe, as y4m or, where ``is_raw``, without any head.

    Colours have the matrix that players take frames of the size for, as neither kind of pipe states one: BT.709 from
    720 lines upward or 1280 columns, else BT.601; limited range.

    Raises:
        InputError: the format is not written.
    """

    def __init__(self, pipe: OutputPipe, format: FrameFormat, is_raw: bool = False) -> None:
        self._pipe, self.format, self._is_raw = pipe, format, is_raw
        self._colours = ColourConverter(_HERE)
        self._head = b"" if is_raw else write_head(format)
        self.num_frames = 0

    def write(self, image: Image, times: int = 1) -> None:
        """Write a frame of the format's size, so many times.

        Raises:
            BrokenPipeError: nobody reads any more.
        """
        data = packed_frame(self._frame(image))
        for _ in range(times):
            self._pipe.write(self._head + (b"" if self._is_raw else _FRAME + b"\n") + data)
            self._head = b""
            self.num_frames += 1

    def _frame(self, image: Image) -> av.VideoFrame:
        height, width = image.shape[:2]
        assert (height, width) == (self.format.height, self.format.width), "all frames of a pipe are of one size"
        return self._colours.from_rgb(image, self.format.pixel_format, unstated_matrix(height, width))


def pipe_writer(pipe: OutputPipe, kind: PipeFormat, height: int, width: int, rate: Fraction) -> EvenWriter:
    """Return what writes frames of a size, shown at any times, at an even rate as ``kind`` says."""
    pixel_format = _OF_Y4M.get(kind, kind)
    writer = FramePipeWriter(pipe, FrameFormat(height, width, rate, pixel_format), is_raw=kind not in _OF_Y4M)
    return EvenWriter(writer.write, rate)


def raw_format(options: PipeOptions) -> FrameFormat | None:
    """Return how raw frames lie in a pipe; None where it carries y4m.

    Raises:
        InputError: the rate is none, or there are no such frames.
    """
    if options.size is None:
        return None
    return FrameFormat(*size_of(options.size), rate_of(options.rate or _RATE), options.pixel_format)


def size_of(text: str) -> tuple[int, int]:
    """Return the (height, width) that a text such as ``256x128`` states, width first.

    Raises:
        InputError: it states none.
    """
    match = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", text)
    if not match:
        raise InputError(f"size: found {text!r}, expected width and height, such as 256x128")
    return int(match[2]), int(match[1])


def rate_of(text: str) -> Fraction:
    """Return the frames a second that a text such as ``25``, ``29.97`` or ``30000/1001`` states.

    Raises:
        InputError: it states none.
    """
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"rate: found {text!r}, expected frames a second, such as 25 or 30000/1001") from error
