"""Videos as streams of RGB frames with exact times, decoded by FFmpeg in constant memory.

Work done ahead in a thread of its own.

Interlaced frames, which hold two moments in their even and odd lines, turned into whole ones.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

import av
from av.filter import Graph
from av.video.stream import VideoStream

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.frames import Reading
from recyclegan.video.colour_tags import ColourConverter
from recyclegan.video.decoding import Decoder, Tally
from recyclegan.video.extent import WHOLE, Span, defect_of, is_one_frame_a_packet
from recyclegan.video.opening import open_media, open_video, told_as_unreadable
from recyclegan.video.probing import display_matrix, upright
from recyclegan.video.timing import FrameClock, Timeline, states_display_times, tick_of

T = TypeVar("T")

_WAIT = 0.05
"""Seconds after which the thread looks whether it is still wanted."""


def made_ahead(items: Iterable[T], depth: int = 4, stop: Callable[[], None] = lambda: None) -> Generator[T, None, None]:
    """Yield items that a thread makes up to ``depth`` ahead; what making them raises is raised in its turn.

    The thread has ended when the iterator is exhausted, closed or interrupted, and closes the items where they are a
    generator. ``stop`` lets items end that may be waited for for ever, as at a pipe.
    """
    queue: Queue[T | _End] = Queue(depth)
    unwanted = Event()
    thread = Thread(target=_make, args=(items, queue, unwanted), daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        stop()
        thread.join()


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _make(items: Iterable[T], queue: "Queue[T | _End]", unwanted: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(item, queue, unwanted):
                return
    except BaseException as error:
        end = _End(error)
    finally:
        if isinstance(items, Generator):
            items.close()
    _put(end, queue, unwanted)


def _put(item: T, queue: "Queue[T]", unwanted: Event) -> bool:
    """Put an item as soon as there is room, and return True; False where nobody wants it any more."""
    while not unwanted.is_set():
        try:
            queue.put(item, timeout=_WAIT)
        except Full:
            continue
        return True
    return False


def deinterlaced(path: Path, frames: Iterable[av.VideoFrame], stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield as many frames as come in, at the same times, each showing the earlier of its two moments (bwdif).

    Where the first frame says that it is interlaced, only frames that say so are changed; else all are.

    Raises:
        InputError: frames of a kind that cannot be deinterlaced; ``path`` names them.
    """
    graph: Graph | None = None
    for frame in frames:
        with told_as_unreadable(path):
            graph = graph or _graph(stream, only_marked=frame.interlaced_frame)
            made = _pushed(graph, frame)
        yield from made
    if graph is not None:
        yield from _pushed(graph, None)


def _graph(stream: VideoStream, only_marked: bool) -> Graph:
    graph = Graph()
    source = graph.add_buffer(template=stream)
    change = graph.add("bwdif", f"mode=send_frame:parity=auto:deint={'interlaced' if only_marked else 'all'}")
    sink = graph.add("buffersink")
    source.link_to(change)
    change.link_to(sink)
    graph.configure()
    return graph


def _pushed(graph: Graph, frame: av.VideoFrame | None) -> list[av.VideoFrame]:
    """Return the frames that are done after one more, or, for None, all that are left."""
    graph.push(frame)
    made = []
    while True:
        try:
            made.append(graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return [one for one in made if isinstance(one, av.VideoFrame)]


STRICT = Reading()
"""Damaged videos are refused, and frames are taken as they are."""


@dataclass(frozen=True)
class VideoFrame:
    """One frame and the time in seconds at which it is shown."""

    image: Image
    time: Fraction


class VideoReader:
    """The frames of a video in the order of display: upright, RGB, with their times; each iteration begins anew.

    Times strictly increase: a missing one is one frame after the last, a repeated one is one tick later. Formats whose
    clock may start anywhere (MPEG-TS, MPEG-PS) are read as if it started at 0, and go on after a jump of it. Frames
    that cannot be decoded because the file begins between key frames are left out. Memory does not grow with the
    length. ``notes`` says after an iteration what the user should know. Of a ``span`` only its frames are given, with
    the times of the whole; nothing behind it is decoded.

    Raises (while iterating):
        InputError: the file is missing or no video, or damaged and not to be kept. A truncated file gives its whole
            frames first.
    """

    def __init__(self, path: AnyPath, reading: Reading = STRICT, span: Span = WHOLE) -> None:
        self.path, self.reading, self.span = as_path(path), reading, span
        self.notes: list[str] = []

    def __iter__(self) -> Generator[VideoFrame, None, None]:
        with open_video(self.path) as (container, stream):
            decoder = Decoder(self.path, container, stream, self.reading.damaged)
            colours = ColourConverter(self.path)
            with closing(made_ahead(decoder.frames())) as frames:
                for frame, time in self._in_span(self._whole(self._of_one_size(frames), stream), stream):
                    with told_as_unreadable(self.path):
                        image = upright(colours.to_rgb(frame), display_matrix(frame))
                    yield VideoFrame(image, time)
            self.notes = [*decoder.timeline.notes, *decoder.tally.notes, *self._on_fields(decoder.tally)]

    def _in_span(
        self, frames: Iterator[av.VideoFrame], stream: VideoStream
    ) -> Iterator[tuple[av.VideoFrame, Fraction]]:
        """Yield the frames of the span with their times."""
        clock = FrameClock(stream)
        for frame in frames:
            time = clock.time(_time(frame, stream))
            if self.span.is_over(time):
                return
            if time in self.span:
                yield frame, time

    def _whole(self, frames: Iterator[av.VideoFrame], stream: VideoStream) -> Iterator[av.VideoFrame]:
        return deinterlaced(self.path, frames, stream) if self.reading.deinterlace else frames

    def _of_one_size(self, frames: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        size = None
        for frame in frames:
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                found = f"{frame.width}x{frame.height} where it began with {size[0]}x{size[1]}"
                raise InputError(f"{self.path}: changes its size to {found}; re-encode it at one size")
            yield frame

    def _on_fields(self, tally: Tally) -> list[str]:
        if not tally.num_interlaced:
            return []
        found = f"{self.path}: {tally.num_interlaced} of {tally.num_frames} frames are interlaced"
        done = "each was made whole" if self.reading.deinterlace else "moving edges look like combs; give --deinterlace"
        return [f"{found}; {done}"]


def read_video(path: AnyPath, reading: Reading = STRICT) -> Iterator[VideoFrame]:
    """Yield the frames of a video in the order of display: RGB, 8 bits, upright, each with its time in seconds.

    Raises:
        InputError: the file is missing, no video, or damaged and not to be kept.

    Example:
        >>> [frame.image.shape for frame in read_video("drive.mp4")][:2]
        [(48, 64, 3), (48, 64, 3)]
    """
    return iter(VideoReader(path, reading))


def check_video(path: AnyPath, reading: Reading = STRICT) -> list[str]:
    """Decode a video without looking at its frames, and return what the user should know of it.

    Raises:
        InputError: as :class:`VideoReader`.
    """
    path = as_path(path)
    with open_video(path) as (container, stream):
        decoder = Decoder(path, container, stream, reading.damaged)
        for _ in decoder.frames():
            pass
        return [*decoder.timeline.notes, *decoder.tally.notes]


def check_whole(path: Path, reading: Reading = STRICT) -> None:
    """Refuse a video that is cut off, before work that would be lost; a sound one is not decoded for that.

    Raises:
        InputError: it is shorter than it says, is not to be kept, and does not decode to the end.
    """
    if reading.damaged == "keep":
        return
    with open_media(path) as container, told_as_unreadable(path):
        defect = defect_of(path, container.format.name)
    if defect:
        check_video(path, reading)


def read_frame(path: AnyPath, index: int, reading: Reading = STRICT) -> Image:
    """Return frame ``index`` (from 0, in the order of display), decoding only from the key frame before it.

    Raises:
        InputError: as :func:`read_video`, or there is no such frame.
    """
    path = as_path(path)
    ticks = None if reading.deinterlace else _ticks_of(path, index)
    sought = None if ticks is None else _seek_frame(path, ticks)
    if sought is not None:
        return sought
    number = -1
    for number, frame in enumerate(read_video(path, reading)):
        if number == index:
            return frame.image
    raise InputError(f"{path}: has no frame {index}; expected 0 to {number}")


def count_frames(path: AnyPath, reading: Reading = STRICT) -> int:
    """Return the number of frames that a video gives, by decoding it.

    Raises:
        InputError: as :func:`read_video`.
    """
    path = as_path(path)
    with open_video(path) as (container, stream):
        decoder = Decoder(path, container, stream, reading.damaged)
        return sum(1 for _ in decoder.frames())


def _time(frame: av.VideoFrame, stream: VideoStream) -> Fraction | None:
    """Return the seconds at which a frame says that it is shown."""
    return None if frame.pts is None else frame.pts * (frame.time_base or tick_of(stream))


def _ticks_of(path: Path, index: int) -> int | None:
    """Return the time in ticks at which frame ``index`` is shown, None where it cannot be known without decoding."""
    with open_video(path) as (container, stream):
        one_to_one = is_one_frame_a_packet(stream.codec_context.name) and states_display_times(container, stream)
        if not one_to_one or Timeline(path, container).has_jumps:
            return None
        first = next(Decoder(path, container, stream, "keep").frames()).pts
    with open_video(path) as (container, stream), told_as_unreadable(path):
        packets = (packet for packet in container.demux(stream) if packet.size and not packet.is_discard)
        times = [packet.pts for packet in packets]
    known = sorted(time for time in times if time is not None)
    shown = [time for time in known if first is not None and time >= first]
    return shown[index] if len(known) == len(times) and 0 <= index < len(shown) else None


def _seek_frame(path: Path, ticks: int) -> Image | None:
    """Return the frame shown at ``ticks``, or None where seeking is not exact in this file."""
    with open_video(path) as (container, stream), suppress(av.FFmpegError):
        container.seek(ticks, stream=stream)
        for frame in container.decode(stream):
            if frame.pts == ticks and not frame.is_corrupt:
                return upright(ColourConverter(path).to_rgb(frame), display_matrix(frame))
    return None
