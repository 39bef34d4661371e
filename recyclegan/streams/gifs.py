"""Animated GIFs: frames of 256 colours, which are chosen from all of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.stream import VideoStream

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.video import WHOLE, Span, VideoWriter, read_video
from recyclegan.video.opening import LIBRARY_ERRORS, reason_of

TICK = Fraction(1, 100)
"""Seconds that times of a GIF are whole numbers of."""
LEAST_TICKS = 2
"""That a frame lasts; browsers slow down what is shorter."""
_PALETTE = "max_colors=256:reserve_transparent=0:stats_mode=full"
_DITHER = "dither=bayer:bayer_scale=4"
"""A pattern that stands still, so that what does not move does not flicker."""


class GifWriter:
    """Writes frames as an animation that repeats for ever, as :class:`VideoWriter` does a video; it has no sound.

    Frames wait on the disk until all are there, as the colours are chosen from all; memory does not grow with them.

    Raises:
        InputError: no frames were written, or ``path`` cannot be written to.
    """

    def __init__(self, path: Path, width: int, height: int, rate: Fraction, span: Span = WHOLE) -> None:
        self.path, self.notes = path, list[str]()
        self._size, self._rate, self._span = (width, height), rate, span

    def check(self) -> None:
        """There is nothing that could not be written."""

    def __enter__(self) -> "GifWriter":
        with ExitStack() as stack:
            self._scratch = stack.enter_context(whole_file(self.path))
            frames = self._scratch.with_name("frames.mkv")
            self._frames = VideoWriter(frames, *self._size, self._rate, codec="ffv1", span=self._span)
            self._frames.__enter__()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._frames.__exit__(kind, error, trace)
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._frames.__exit__(None, None, None)
            self._write_all()
            self._frames.path.unlink()

    def write(self, image: Image, time: Fraction) -> None:
        """Append a frame shown at a time in seconds."""
        self._frames.write(image, time)

    def _write_all(self) -> None:
        try:
            palette = _palette(self._frames.path)
            with av.open(str(self._scratch), "w", format="gif") as output:
                stream = output.add_stream("gif", rate=self._rate)
                assert isinstance(stream, VideoStream)
                stream.width, stream.height = self._size
                stream.pix_fmt, stream.codec_context.time_base = "pal8", TICK
                for frame in _painted(self._frames.path, palette):
                    output.mux(stream.encode(frame))
                output.mux(stream.encode(None))
        except LIBRARY_ERRORS as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{self.path}: cannot be written ({reason_of(error)}); write an .mp4") from error


def _in_ticks(path: Path) -> Iterator[av.VideoFrame]:
    """Yield the frames of a video that are far enough apart, at times in ticks."""
    last = -LEAST_TICKS
    for shown in read_video(path):
        tick = round(shown.time / TICK)
        if tick - last >= LEAST_TICKS:
            frame = av.VideoFrame.from_ndarray(shown.image, format="rgb24")
            frame.pts, frame.time_base = tick, TICK
            last = tick
            yield frame


def _palette(path: Path) -> av.VideoFrame:
    """Return the 256 colours that suit all frames."""
    graph = Graph()
    for frame in _in_ticks(path):
        if not graph.configured:
            source = _buffer(graph, frame)
            made, sink = graph.add("palettegen", _PALETTE), graph.add("buffersink")
            source.link_to(made)
            made.link_to(sink)
            graph.configure()
        source.push(frame)
    source.push(None)
    palette = sink.pull()
    assert isinstance(palette, av.VideoFrame)
    return palette


def _painted(path: Path, palette: av.VideoFrame) -> Iterator[av.VideoFrame]:
    """Yield frames in colours of the palette."""
    graph = Graph()
    for frame in _in_ticks(path):
        if not graph.configured:
            source, colours = _buffer(graph, frame), _buffer(graph, palette)
            painter, sink = graph.add("paletteuse", _DITHER), graph.add("buffersink")
            source.link_to(painter, 0, 0)
            colours.link_to(painter, 0, 1)
            painter.link_to(sink)
            graph.configure()
            colours.push(palette)
            colours.push(None)
        source.push(frame)
        yield from _pulled(sink)
    source.push(None)
    yield from _pulled(sink)


def _buffer(graph: Graph, frame: av.VideoFrame) -> FilterContext:
    return graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=TICK)


def _pulled(sink: FilterContext) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = sink.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)
        yield frame
