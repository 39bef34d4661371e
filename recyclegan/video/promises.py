"""What a video file promises to hold: by its index, by the number of frames or by the duration that it states."""

import re
from dataclasses import dataclass
from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from recyclegan.video.timing import frame_rate, tick_of

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
