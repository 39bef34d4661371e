"""Frames that come or go one after the other: through pipes as y4m or raw, as numbered images, as an animation.

For: ``recyclegan live``, and ``-``, ``frame_%05d.png`` and ``.gif`` of ``recyclegan translate``.
In: bytes of a pipe, a pattern, RGB frames. Out: frames, UInt8[height width 3], with their times; bytes, files.
"""

from recyclegan.streams.even_writing import EvenWriter
from recyclegan.streams.frame_pipes import FramePipeReader, FramePipeWriter, pipe_writer, rate_of, raw_format
from recyclegan.streams.gifs import GifWriter
from recyclegan.streams.image_patterns import FIRST, gap_in, is_image_pattern, numbered_images, numbered_path
from recyclegan.streams.standard_pipes import InputPipe, OutputPipe, standard_output
from recyclegan.streams.y4m import FrameFormat

__all__ = [
    "FIRST",
    "EvenWriter",
    "FrameFormat",
    "FramePipeReader",
    "FramePipeWriter",
    "GifWriter",
    "InputPipe",
    "OutputPipe",
    "gap_in",
    "is_image_pattern",
    "numbered_images",
    "numbered_path",
    "pipe_writer",
    "rate_of",
    "raw_format",
    "standard_output",
]
