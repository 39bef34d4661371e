"""What a video file says about itself, and what of it a translation loses.

Frames turned upright, as the file asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.video.reformatter import ColorPrimaries, ColorTrc
from av.video.stream import VideoStream
from jaxtyping import UInt8

from recyclegan.arrays import Image
from recyclegan.paths import AnyPath, as_path
from recyclegan.video.decoding import Decoder
from recyclegan.video.extent import is_one_frame_a_packet, promise_of
from recyclegan.video.opening import is_picture, open_video
from recyclegan.video.timing import frame_rate, tick_of

Matrix = tuple[int, int, int, int]
"""(a, b, c, d) of the matrix that turns a frame upright: x' = a x + c y, y' = b x + d y."""
_TRANSFERS: dict[int, str] = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}

_WIDE_GAMUTS: dict[int, str] = {
    ColorPrimaries.BT2020: "BT.2020",
    ColorPrimaries.SMPTE431: "DCI-P3",
    ColorPrimaries.SMPTE432: "Display P3",
}

_SIDE_DATA = {
    "A53_CC": "closed captions",
    "STEREO3D": "the arrangement of two eyes",
    "SPHERICAL": "the projection of a panorama",
}

_BITS_KEPT = 8


def display_matrix(frame: av.VideoFrame) -> Matrix:
    """Return the matrix that turns a frame upright, that of a frame that stands already where none is stated."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if isinstance(matrix, SideData):
        a, b, _, c, d = (int(entry) for entry in np.frombuffer(bytes(matrix), np.int32)[:5])
        return a, b, c, d
    return 1, 0, 0, 1


def swaps_axes(matrix: Matrix) -> bool:
    """Return whether a frame lies on its side."""
    return abs(matrix[2]) > abs(matrix[0])


def upright(image: Image, matrix: Matrix) -> UInt8[np.ndarray, "upright_height upright_width channels"]:
    """Return an image turned by quarter turns and mirrored as the display matrix asks."""
    a, b, c, d = matrix
    if swaps_axes(matrix):
        image, x_sign, y_sign = image.transpose(1, 0, 2), c, b
    else:
        x_sign, y_sign = a, d
    image = image[:: -1 if y_sign < 0 else 1, :: -1 if x_sign < 0 else 1]
    return np.ascontiguousarray(image)


_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class VideoInfo:
    """What a video file says about itself."""

    width: int
    height: int
    """Size as displayed, after the rotation that the file asks for."""
    rate: Fraction
    """Frames per second; the average where frames come at varying times."""
    num_frames: int | None
    """None where the container has no complete index; :func:`count_frames` counts."""
    duration: float | None
    """Seconds."""
    has_audio: bool
    codec: str
    """FFmpeg's name of what the frames are compressed with, such as ``h264``."""
    tick: Fraction
    """Seconds in which the container counts; every frame's time is a multiple of it."""
    pixel_aspect: Fraction
    """Width of a displayed pixel over its height; 1 nearly always."""
    is_interlaced: bool
    """Whether the first frame holds two moments, one in the even and one in the odd lines."""


def probe(path: AnyPath) -> VideoInfo:
    """Return what a video file says about itself; the first frame is decoded, so an unreadable file is found here.

    Raises:
        InputError: the file is missing, no video, or no frame in it can be decoded.
    """
    path = as_path(path)
    with open_video(path) as (container, stream):
        frame = next(Decoder(path, container, stream, "keep").frames())
        matrix = display_matrix(frame)
        shape, aspect = (frame.width, frame.height), stream.sample_aspect_ratio or Fraction(1)
        return VideoInfo(
            *(shape[::-1] if swaps_axes(matrix) else shape),
            rate=frame_rate(stream),
            num_frames=_num_shown(path, container, stream, frame),
            duration=_duration(container, stream),
            has_audio=bool(container.streams.audio),
            codec=stream.codec_context.codec.canonical_name,
            tick=tick_of(stream),
            pixel_aspect=1 / aspect if swaps_axes(matrix) else aspect,
            is_interlaced=frame.interlaced_frame,
        )


def _num_shown(path: Path, container: InputContainer, stream: VideoStream, first: av.VideoFrame) -> int | None:
    """Return the number of frames in a complete index, None without one.

    Frames that are edited out, and those before the first one that can be decoded, are not shown.
    """
    complete = "mp4" in container.format.name.split(",") and stream.frames
    if not complete or not is_one_frame_a_packet(stream.codec_context.name) or first.interlaced_frame:
        return None
    if first.pts is None:
        return None
    return promise_of(container, stream).num_listed(stream) - _num_before(path, first.pts)


def _num_before(path: Path, first: int) -> int:
    """Return how many frames of a file would be shown before the one at ``first`` (in ticks)."""
    with open_video(path) as (container, stream):
        packets = (packet for packet in container.demux(stream) if packet.size and not packet.is_discard)
        early = takewhile(lambda packet: packet.dts is not None and packet.dts <= first, packets)
        return sum(packet.pts is not None and packet.pts < first for packet in early)


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration is not None else None


def losses(path: Path) -> list[str]:
    """Return, in a sentence each, what of a video is not carried into a translation.

    Raises:
        InputError: the file is missing, no video, or no frame in it can be decoded.
    """
    with open_video(path) as (container, stream):
        frame = next(Decoder(path, container, stream, "keep").frames())
        found = [*_of_colours(frame), *_of_streams(container, stream), *_of_side_data(frame)]
    return [f"{path}: {loss}" for loss in found]


def _of_colours(frame: av.VideoFrame) -> Iterator[str]:
    transfer, gamut = _TRANSFERS.get(frame.color_trc), _WIDE_GAMUTS.get(frame.color_primaries)
    if transfer:
        yield f"its high dynamic range ({transfer}) is read without tone mapping and written as BT.709"
    if gamut:
        yield f"its wide gamut of colours ({gamut}) is written as if it were BT.709"
    components = frame.format.components
    if any(component.is_alpha for component in components):
        yield "its transparency is dropped"
    bits = max(component.bits for component in components)
    if bits > _BITS_KEPT:
        yield f"its {bits} bits a colour are rounded to {_BITS_KEPT}"


def _of_streams(container: InputContainer, stream: VideoStream) -> Iterator[str]:
    videos = [one for one in container.streams.video if not is_picture(one)]
    pictures = len(container.streams.video) - len(videos)
    if len(videos) > 1:
        yield f"of its {len(videos)} video streams only number {videos.index(stream)} is taken"
    counts = {
        "subtitle": len(container.streams.subtitles),
        "attached picture": pictures,
        "attachment": len(container.streams.attachments),
        "data stream": len(container.streams.data),
        "chapter": len(container.chapters()),
    }
    dropped = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items() if count]
    if dropped:
        yield f"dropped: {', '.join(dropped)}"


def _of_side_data(frame: av.VideoFrame) -> Iterator[str]:
    found = [words for name, words in _SIDE_DATA.items() if name in frame.side_data]
    if found:
        yield f"dropped: {', '.join(found)}"
