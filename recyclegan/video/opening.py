"""The one door through which media files come in: every error of the library becomes one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from recyclegan.errors import InputError
from recyclegan.files import kind_of

MOST_PIXELS = 1 << 26
"""Of a frame: twice what 8K has. A file that states more is refused before any memory is taken."""
LIBRARY_ERRORS = (av.FFmpegError, ValueError, OSError, MemoryError, OverflowError, ArithmeticError, LookupError)
"""What PyAV and FFmpeg raise for files that are not what they seem."""

_POINTING_ELSEWHERE = frozenset(
    {"concat", "dash", "hds", "hls", "image2", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp", "smoothstreaming", "tty"}
)
"""Formats that are lists of other files or addresses, or that show any text."""
_FORMATS_WITHOUT_A_MARK = {
    ".ts": "mpegts",
    ".mts": "mpegts",
    ".m2ts": "mpegts",
    ".mpg": "mpeg",
    ".mpeg": "mpeg",
    ".vob": "mpeg",
    ".m2v": "mpegvideo",
    ".h264": "h264",
    ".hevc": "hevc",
    ".mjpeg": "mjpeg",
    ".mjpg": "mjpeg",
}
"""Formats that are only known by a repetition of their packets, by suffix."""
_ERROR_DETECTION = "crccheck+bitstream+buffer"
_TELL_OF_DAMAGE_LATE = frozenset({"h264", "mpeg4"})
"""Codecs that give a frame out, where several are decoded at once, before they know whether it is whole."""
_INTRA_ONLY = frozenset({"mjpeg", "mjpegb"})
"""Codecs whose frames stand alone, so that a decoder that gives up on a damaged one loses no other."""


def url_of(path: Path) -> str:
    """Return a path as FFmpeg takes it for a file, whatever colons and percent signs its name holds."""
    return f"file:{path}"


@contextmanager
def told_as_unreadable(path: Path) -> Iterator[None]:
    """Turn every error of the library inside the block into an ``InputError`` of one line about ``path``."""
    try:
        yield
    except InputError:
        raise
    except LIBRARY_ERRORS as error:
        raise InputError(
            f"{path}: not a readable video ({reason_of(error)}); expected a file that FFmpeg decodes, such as .mp4 or "
            ".mkv; if it should be one, it is truncated or damaged: re-encode it or download it again"
        ) from error


def reason_of(error: BaseException) -> str:
    """Return in a few words, on one line, what an error of the library says."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(words).split())


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Yield an open media file; nothing but the file itself is ever opened.

    Raises:
        InputError: the file is missing or no media file.
    """
    with told_as_unreadable(path):
        _check_is_file(path)
        container = _opened(path)
    with container:
        yield container


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield an open video file and its best video stream, which reports damage when it is decoded.

    Raises:
        InputError: the file is missing or no video, or its frames are larger than :data:`MOST_PIXELS`.
    """
    with open_media(path) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or is_picture(stream) or stream.codec_context is None:
            raise InputError(f"{path}: holds no video stream that can be decoded; expected one such as H.264 or VP9")
        _check_size(path, stream)
        stream.thread_type = "NONE" if stream.codec_context.name in _TELL_OF_DAMAGE_LATE else "AUTO"
        detection = _ERROR_DETECTION + ("+explode" if stream.codec_context.name in _INTRA_ONLY else "")
        stream.codec_context.options = {"err_detect": detection, "max_pixels": str(MOST_PIXELS)}
        yield container, stream


def is_picture(stream: VideoStream) -> bool:
    """Return whether a stream is a picture attached to a file, such as the cover of a song."""
    return bool(stream.disposition & Disposition.attached_pic)


def _opened(path: Path) -> InputContainer:
    """Return an open file, of the format that its suffix names where it is too short for its bytes to tell."""
    formats = ",".join(sorted(av.formats_available - _POINTING_ELSEWHERE))
    options = {"protocol_whitelist": "file", "format_whitelist": formats}
    try:
        return av.open(url_of(path), options=options, metadata_errors="replace")
    except av.FFmpegError:
        named = _FORMATS_WITHOUT_A_MARK.get(path.suffix.lower())
        if named is None:
            raise
        container = av.open(url_of(path), format=named, options=options, metadata_errors="replace")
        if not container.streams.video:
            container.close()
            raise
        return container


def _check_is_file(path: Path) -> None:
    kind = kind_of(path)
    if kind != "file":
        found = "no such file; check the path" if kind == "nothing" else f"is a {kind}; name a video file"
        raise InputError(f"{path}: {found}")


def _check_size(path: Path, stream: VideoStream) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise InputError(f"{path}: states frames of {width}x{height}; expected at most {MOST_PIXELS:,} pixels")
