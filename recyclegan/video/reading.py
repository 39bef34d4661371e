"""Videos as streams of RGB frames with exact times, decoded by FFmpeg in constant memory."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.format import Flags
from av.sidedata.sidedata import SideData
from av.video.stream import VideoStream
from jaxtyping import UInt8

from recyclegan.errors import InputError
from recyclegan.tensors import Image
from recyclegan.video.colours import ColourConverter

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *(
            "3gp",
            "asf",
            "avi",
            "divx",
            "dv",
            "f4v",
            "flv",
            "gif",
            "h264",
            "hevc",
            "m2ts",
            "m2v",
            "m4v",
            "mjpeg",
            "mjpg",
        ),
        *("mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "nut", "ogv", "rm", "ts", "vob", "webm", "wmv", "y4m"),
    )
)

_MICROSECONDS = 1_000_000
_ROUNDED_OFF = Fraction(1)
"""Seconds by which the last frame may end before the stated end: the length of the last frame is often a guess."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about itself."""

    width: int
    height: int
    """Size as displayed, after the rotation that the file asks for."""
    rate: Fraction
    """Frames per second; the average where frames come at varying times."""
    num_frames: int | None
    """None where the container does not say; :func:`count_frames` counts."""
    duration: float | None
    """Seconds."""
    has_audio: bool
    codec: str
    """FFmpeg's name of what the frames are compressed with, such as ``h264``."""
    tick: Fraction
    """Seconds in which the container counts; every frame's time is a multiple of it."""
    pixel_aspect: Fraction
    """Width of a displayed pixel over its height; 1 nearly always."""


@dataclass(frozen=True)
class VideoFrame:
    """One frame and the time in seconds at which it is shown."""

    image: Image
    time: Fraction


def probe(path: Path) -> VideoInfo:
    """Return what a video file says about itself; the first frame is decoded, so an unreadable file is found here.

    Raises:
        InputError: the file is missing, no video, or its first frame cannot be decoded.
    """
    with open_video(path) as (container, stream):
        frame = next(_decode(path, container, stream))
        matrix = _display_matrix(frame)
        shape, aspect = (frame.width, frame.height), stream.sample_aspect_ratio or Fraction(1)
        return VideoInfo(
            *(shape[::-1] if _swaps_axes(matrix) else shape),
            rate=frame_rate(stream),
            num_frames=_shown_frames(container, stream),
            duration=_duration(container, stream),
            has_audio=bool(container.streams.audio),
            codec=stream.codec_context.codec.canonical_name,
            tick=_tick(stream),
            pixel_aspect=1 / aspect if _swaps_axes(matrix) else aspect,
        )


def read_video(path: Path) -> Iterator[VideoFrame]:
    """Yield every frame of a video in the order of display: upright, RGB, with its time.

    Times strictly increase: a missing one is one frame after the last, a repeated one is one tick later. Formats whose
    clock may start anywhere (MPEG-TS, MPEG-PS) are read as if it started at 0. Memory does not grow with the length.

    Raises:
        InputError: the file is missing, no video, or damaged. A truncated file gives its whole frames first.
    """
    with open_video(path) as (container, stream):
        colours = ColourConverter()
        clock = _clock(container, stream)
        size = None
        for frame in _decode(path, container, stream):
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                found = f"{frame.width}x{frame.height} where it began with {size[0]}x{size[1]}"
                raise InputError(f"{path}: changes its size to {found}; re-encode it at one size")
            yield VideoFrame(_upright(colours.to_rgb(frame), _display_matrix(frame)), clock(frame.pts))


def read_frame(path: Path, index: int) -> Image:
    """Return frame ``index`` (from 0, in the order of display), decoding only from the key frame before it.

    Raises:
        InputError: as :func:`read_video`, or there is no such frame.
    """
    times = _packet_times(path)
    if not 0 <= index < len(times):
        raise InputError(f"{path}: has no frame {index}; expected 0 to {len(times) - 1}")
    shown = sorted(time for time in times if time is not None)
    sought = _seek_frame(path, shown[index]) if len(shown) == len(times) else None
    if sought is not None:
        return sought
    for frame in islice(read_video(path), index, None):
        return frame.image
    raise InputError(f"{path}: has no frame {index}; fewer frames decode than the file states")


def count_frames(path: Path) -> int:
    """Return the number of frames in a video by walking through the file, without decoding it.

    Raises:
        InputError: the file is missing or no video.
    """
    return len(_packet_times(path))


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield an open video file and its best video stream, which decodes in several threads.

    Raises:
        InputError: the file is missing or no video.
    """
    with open_media(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise InputError(f"{path}: holds no video stream; expected a video that FFmpeg decodes")
        stream.thread_type = "AUTO"
        yield container, stream


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Yield an open media file.

    Raises:
        InputError: the file is missing or no media file.
    """
    if not path.is_file():
        found = "is a folder; name a video file" if path.is_dir() else "no such file; check the path"
        raise InputError(f"{path}: {found}")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: not a readable video ({error.strerror}); expected a file that FFmpeg decodes, such as .mp4 or "
            ".mkv; if it should be one, it is truncated or damaged: re-encode it or download it again"
        ) from error
    with container:
        yield container


def frame_rate(stream: VideoStream) -> Fraction:
    """Return the frames per second of a stream, 25 where it has no notion of a rate."""
    return stream.average_rate or stream.guessed_rate or Fraction(25)


def clock_start(container: InputContainer) -> Fraction:
    """Return the time in seconds that is read as 0: not 0 only where clocks may start anywhere (MPEG-TS, MPEG-PS)."""
    if Flags.ts_discont in Flags(container.format.flags) and container.start_time is not None:
        return Fraction(container.start_time, _MICROSECONDS)
    return Fraction(0)


def _decode(
    path: Path, container: InputContainer, stream: VideoStream, *, whole: bool = True
) -> Iterator[av.VideoFrame]:
    """Yield decoded frames; raise at the end if the file stopped before the number of frames that it states."""
    stated = _stated_frames(container, stream)
    num_packets = num_frames = 0
    end = Fraction(0)
    try:
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                num_packets += 1
                end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            for frame in packet.decode():
                num_frames += 1
                yield frame
    except av.FFmpegError as error:
        raise InputError(_stopped(path, num_frames, stated)) from error
    too_short = num_packets < stated or end + _ROUNDED_OFF < _stated_end(stream) or num_frames == 0
    if whole and too_short:
        raise InputError(_stopped(path, num_frames, stated))


def _stopped(path: Path, num_frames: int, stated: int) -> str:
    of = f" of {stated}" if stated else ""
    return (
        f"{path}: decoding stopped after {num_frames}{of} frames; the file is truncated or damaged; "
        "re-encode it or download it again"
    )


def _stated_frames(container: InputContainer, stream: VideoStream) -> int:
    """Return how many packets the index of an MP4 or MOV lists (edited-out ones included), 0 for other formats."""
    return len(stream.index_entries) if "mp4" in container.format.name else 0


def _seek_frame(path: Path, ticks: int) -> Image | None:
    """Return the frame shown at ``ticks``, or None where seeking is not exact in this file."""
    with open_video(path) as (container, stream):
        container.seek(ticks, stream=stream)
        for frame in _decode(path, container, stream, whole=False):
            if frame.pts == ticks:
                return _upright(ColourConverter().to_rgb(frame), _display_matrix(frame))
    return None


def _shown_frames(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the number of frames in a complete index, less those that are edited out; None without such an index."""
    if not stream.frames or not _stated_frames(container, stream):
        return None
    return sum(not entry.is_discard for entry in stream.index_entries)


def _stated_end(stream: VideoStream) -> Fraction:
    """Return the seconds at which a Matroska stream says it ends, 0 for other formats."""
    match = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if match is None:
        return Fraction(0)
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)


def _packet_times(path: Path) -> list[int | None]:
    """Return the display times of all shown packets, in ticks and in the order of the file."""
    with open_video(path) as (container, stream):
        return [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration is not None else None


def _clock(container: InputContainer, stream: VideoStream) -> Callable[[int | None], Fraction]:
    """Return a function from the ticks of consecutive frames to strictly increasing times in seconds."""
    tick = _tick(stream)
    ticks_per_frame = max(1, round(1 / frame_rate(stream) / tick))
    start = round(clock_start(container) / tick)
    last: int | None = None

    def time(pts: int | None) -> Fraction:
        nonlocal last
        if pts is None:
            ticks = 0 if last is None else last + ticks_per_frame
        else:
            ticks = pts - start if last is None else max(pts - start, last + 1)
        last = ticks
        return ticks * tick

    return time


def _tick(stream: VideoStream) -> Fraction:
    return stream.time_base or 1 / frame_rate(stream)


def _display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """Return (a, b, c, d) of the matrix that turns a frame upright: x' = a x + c y, y' = b x + d y."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if isinstance(matrix, SideData):
        a, b, _, c, d = (int(entry) for entry in np.frombuffer(bytes(matrix), np.int32)[:5])
        return a, b, c, d
    return 1, 0, 0, 1


def _swaps_axes(matrix: tuple[int, int, int, int]) -> bool:
    return abs(matrix[2]) > abs(matrix[0])


def _upright(
    image: Image, matrix: tuple[int, int, int, int]
) -> UInt8[np.ndarray, "upright_height upright_width channels"]:
    """Return an image turned by quarter turns and mirrored as the display matrix asks."""
    a, b, c, d = matrix
    if _swaps_axes(matrix):
        image, x_sign, y_sign = image.transpose(1, 0, 2), c, b
    else:
        x_sign, y_sign = a, d
    image = image[:: -1 if y_sign < 0 else 1, :: -1 if x_sign < 0 else 1]
    return np.ascontiguousarray(image)
