"""The ends of a stream that is translated: what frames come from, and what they are written to."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import count
from pathlib import Path

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.files import added_to, sweep
from recyclegan.settings.streaming import PIPE, PipeOptions
from recyclegan.streams import (
    FIRST,
    EvenWriter,
    FramePipeReader,
    GifWriter,
    InputPipe,
    gap_in,
    is_image_pattern,
    numbered_images,
    numbered_path,
    pipe_writer,
    rate_of,
    raw_format,
    standard_output,
)
from recyclegan.translation.outputs import Output, may_write
from recyclegan.video import (
    VIDEO_SUFFIXES,
    WHOLE,
    Span,
    VideoFrame,
    VideoReader,
    VideoWriter,
    check_whole,
    image_size,
    probe,
    read_image,
    write_image,
)

RATE = "25"
"""Frames a second of numbered images, unless it is given."""


class SpanOfPipe:
    """The frames of a pipe that are shown in a span."""

    def __init__(self, reader: FramePipeReader, span: Span) -> None:
        self._reader, self._span = reader, span
        self.size, self.rate, self.num_frames = (reader.format.height, reader.format.width), reader.format.rate, None
        self.notes, self.numbers = reader.notes, count(FIRST)

    def __iter__(self) -> Iterator[VideoFrame]:
        return self

    def __next__(self) -> VideoFrame:
        for frame in self._reader:
            if self._span.is_over(frame.time):
                break
            if frame.time in self._span:
                return frame
        raise StopIteration

    def stop(self) -> None:
        """Let a thread that waits for a frame end."""
        self._reader.stop()


class FramesOfVideo:
    """The frames of a video that are shown in a span."""

    def __init__(self, path: Path, output: Output) -> None:
        check_whole(path, output.reading)
        info = probe(path)
        self._reader = VideoReader(path, output.reading, output.span)
        self.size, self.rate = (info.height, info.width), info.rate
        self.num_frames = info.num_frames if output.span == WHOLE else None
        self.numbers = count(FIRST)

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self._reader)

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return self._reader.notes


class NumberedImages:
    """The images of a pattern, so many a second."""

    def __init__(self, pattern: str, rate: Fraction, as_labels: bool) -> None:
        images = numbered_images(pattern)
        self._paths, self._as_labels = list(images.values()), as_labels
        self.size, self.rate, self.num_frames = image_size(self._paths[0]), rate, len(images)
        self.numbers = iter(images)
        self.notes = [gap] if (gap := gap_in(pattern, images)) else []

    def __iter__(self) -> Iterator[VideoFrame]:
        for place, path in enumerate(self._paths):
            yield VideoFrame(read_image(path, self._as_labels), place / self.rate)


class ImageWriter:
    """Writes frames as numbered images into a folder."""

    def __init__(self, folder: Path, pattern: str, numbers: Iterator[int]) -> None:
        self._folder, self._pattern, self._numbers = folder, pattern, numbers
        self.notes = list[str]()

    def write(self, image: Image, time: Fraction) -> None:
        """Write a frame under the next number."""
        write_image(self._folder / numbered_path(self._pattern, next(self._numbers)).name, image)


StreamSource = SpanOfPipe | FramesOfVideo | NumberedImages
StreamTarget = EvenWriter | VideoWriter | GifWriter | ImageWriter


def stream_source(name: str, output: Output, pipe: PipeOptions, as_labels: bool) -> StreamSource:
    """Return the frames of a pipe (``-``), a pattern of images or a video.

    Raises:
        InputError: there are none, or images are to be cut by time.
    """
    if name == PIPE:
        return SpanOfPipe(FramePipeReader(InputPipe(), raw_format(pipe), output.damaged), output.span)
    if not is_image_pattern(name):
        return FramesOfVideo(Path(name), output)
    if output.span != WHOLE:
        raise InputError(f"{name}: images have no times; leave --start and --end out")
    return NumberedImages(name, rate_of(pipe.rate or RATE), as_labels)


@contextmanager
def stream_target(
    name: str, output: Output, pipe: PipeOptions, source: StreamSource, size: tuple[int, int]
) -> Iterator[StreamTarget]:
    """Yield what writes frames of a (height, width) into a pipe, a video, an animation or numbered images.

    Raises:
        InputError: they cannot be written as asked.
    """
    place, (height, width), rate = Path(name), size, source.rate
    if name == PIPE:
        with standard_output() as out:
            yield pipe_writer(out, pipe.pipe_format, height, width, rate)
        return
    sweep(place.parent)
    if is_image_pattern(name):
        with added_to(place.parent.resolve()) as folder:
            yield ImageWriter(folder, name, source.numbers)
    elif place.suffix.lower() == ".gif":
        with GifWriter(place, width, height, rate, output.span) as animation:
            yield animation
    else:
        codec, crf, preset = output.codec, output.crf, output.encoder_preset
        with VideoWriter(place, width, height, rate, codec=codec, crf=crf, span=output.span, preset=preset) as writer:
            yield writer


def may_write_stream(source: str, target: str, output: Output) -> bool:
    """Return whether to write what a stream becomes.

    Raises:
        InputError: it is there and must not be, or a stream does not become such.
    """
    if target == PIPE:
        return True
    if is_image_pattern(target):
        there = _first_of(target)
        return there is None or may_write(Path(source), there, output)
    if output.frames or Path(target).suffix.lower() not in VIDEO_SUFFIXES:
        what = "a pipe becomes" if source == PIPE else "numbered images become"
        raise InputError(f"{target}: {what} a video, numbered images (out_%05d.png) or a pipe (-); name one")
    return may_write(Path(source), Path(target), output)


def _first_of(pattern: str) -> Path | None:
    """Return the first image of a pattern that is there."""
    try:
        return next(iter(numbered_images(pattern).values()))
    except InputError:
        numbered_path(pattern, FIRST)
        return None
