"""Videos written whole or not at all, with exact times, stated colours and the sound of another file."""

import io
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from recyclegan.arrays import Image
from recyclegan.errors import InputError, nearest
from recyclegan.files import whole_file
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.settings.frames import Damaged
from recyclegan.video.audio import SoundTrack, ticks_per_second
from recyclegan.video.colour_tags import ColourConverter, state_colours
from recyclegan.video.encoders import (
    MOST_HARDWARE_QUALITY,
    hardware_quality,
    is_hardware,
    preset_options,
    usual_priority,
)
from recyclegan.video.extent import WHOLE, Span
from recyclegan.video.formats import format_of
from recyclegan.video.opening import LIBRARY_ERRORS, reason_of, url_of
from recyclegan.video.probing import probe
from recyclegan.video.segments import (
    SEGMENTED_CODECS,
    SegmentedEncoder,
    encoder_threads,
    encoders_at_once,
    segment_options,
)
from recyclegan.video.timing import shown_times

_DEFAULT_CODECS = {".webm": "libvpx-vp9"}
_MOST_CRF = {"libx264": 51, "libx264rgb": 51, "libx265": 51, "libvpx-vp9": 63, "libsvtav1": 63, "libaom-av1": 63}
"""Largest quality number of the encoders that take one; all begin at 0."""
_CODEC_OPTIONS = {"libvpx-vp9": {"b:v": "0", "row-mt": "1"}}
_RGB_FORMATS = ("bgr0", "rgb24", "bgr24", "gbrp")
_EVEN_FORMATS = ("yuv420p", "yuv444p", "yuv422p10le", "nv12")
_ODD_FORMATS = ("yuv444p", "yuv444p10le")
_RGB_CODECS = frozenset({"ffv1", "libx264rgb", "png", "huffyuv", "ffvhuff", "utvideo", "qtrle"})
_REORDERING_CODECS = frozenset({"libx264", "libx264rgb", "libx265", "mpeg4", "mpeg2video"})
"""Encoders that would store frames in another order than that of display."""
_HEVC_CODECS = frozenset({"libx265", "hevc_nvenc", "hevc_qsv", "hevc_amf"})
_APPLES_HEVC = "hvc1"
"""What Apple's players call HEVC; they refuse FFmpeg's own word for it."""
_MOST_OFF = Fraction(1, 10)
"""Of a tick, by which a time may lie off it where frames must be evenly spaced."""
_LEAST_TICKS_PER_SECOND = 10_000
_MOST_TICKS_PER_SECOND = 2**31 - 1


class VideoWriter:
    """Writes frames to a video file; use it in a ``with`` statement: the file appears when that ends without an error.

    The suffix of ``path`` names the format. The codec is H.264 (VP9 for WebM) unless given; ``ffv1`` in an ``.mkv`` is
    lossless. Odd sizes are kept, by writing full chroma. Colours are BT.709 at limited range, and the file says so.

    ``like`` is a source whose rate, clock and pixel shape are taken over, so that times are kept exactly in MP4 and
    MOV; Matroska, WebM and FLV round times to 1 ms, and an AVI takes even times only. ``audio_from`` is a source whose
    sound is copied without re-encoding; sound that the format cannot hold is re-encoded, and ``notes`` says so.
    ``damaged`` says what to do where that sound is damaged. Where only a ``span`` of the source is written, its first
    frame is shown at 0, and its sound is cut alike, to a packet (a few hundredths of a second). ``preset`` tells
    an encoder that has presets how much work to put into making the file small.

    Raises:
        InputError: a format that is not written or an unknown codec, a codec that the format or the size does not
            allow, a ``crf`` (quality; lower is better) or ``preset`` that the codec does not have, a source that cannot
            be read, uneven times in a format that cannot hold them, no frames written, or a place that cannot be
            written to.
    """

    def __init__(
        self,
        path: AnyPath,
        width: int,
        height: int,
        rate: Fraction | None = None,
        like: AnyPath | None = None,
        codec: str | None = None,
        crf: int = 18,
        audio_from: AnyPath | None = None,
        damaged: Damaged = "refuse",
        span: Span = WHOLE,
        preset: str | None = None,
    ) -> None:
        path, like, audio_from = as_path(path), as_path_or_none(like), as_path_or_none(audio_from)
        source = probe(like) if like is not None else None
        rate = rate or (source.rate if source else None)
        assert rate is not None, "a video needs a rate, or a source to take it from"
        self.path = path
        self.notes: list[str] = []
        self._size = (height, width)
        self._rate = rate
        self._format = format_of(path)
        self._tick = 1 / rate if self._format.even_times else source.tick if source else _fine_tick(rate)
        same_shape = source is not None and _is_shaped_alike((source.height, source.width), (height, width))
        self._pixel_aspect = source.pixel_aspect if source is not None and same_shape else Fraction(1)
        self._codec = _known_codec(path, codec)
        self._crf = _known_crf(path, self._codec, crf)
        self._preset = preset_options(path, self._codec, preset)
        self._audio_from, self._damaged = audio_from, damaged
        self._num_frames = 0
        self._span, self._origin = span, Fraction(0)
        times = shown_times(like) if like is not None and self._format.even_times else ()
        inside = [time for time in times if span == WHOLE or time in span]
        for time in inside:
            self._check_even(time - (inside[0] if span != WHOLE else 0))

    def check(self) -> None:
        """Open the encoder and write the head of the file in memory, so that what does not fit is told before work.

        Raises:
            InputError: the format cannot hold the codec or the sound, or the codec cannot be opened at this size.
        """
        with ExitStack() as stack, _as_input_error(self.path, self._codec):
            self._open(io.BytesIO(), stack)
        self.notes.clear()

    def __enter__(self) -> "VideoWriter":
        with ExitStack() as stack:
            scratch = stack.enter_context(whole_file(self.path))
            with _as_input_error(self.path, self._codec):
                self._open(url_of(scratch), stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack, _as_input_error(self.path):
            self._finish()

    def write(self, image: Image, time: Fraction | None = None) -> None:
        """Append a frame shown at ``time`` seconds (strictly increasing), by default one frame after the last.

        Times are those of the source; where a span of it is written, the first one becomes 0.
        """
        height, width = self._size
        assert image.shape == (height, width, 3), f"{self.path}: frame of {image.shape}, expected {(height, width, 3)}"
        if time is None:
            time = self._num_frames / self._rate
        elif self._span != WHOLE:
            time = self._from_first(time)
        frame = self._colours.from_rgb(image, self._pixel_format)
        self._check_even(time)
        frame.pts, frame.time_base = round(time / self._tick), self._tick
        with _as_input_error(self.path):
            self._mux(self._encoder.encode(frame))
        self._num_frames += 1

    def _mux(self, packets: list[av.Packet]) -> None:
        """Write encoded frames, and the sound up to each."""
        for packet in packets:
            assert packet.dts is not None
            time = packet.dts * self._tick
            self._container.mux(packet)
            if self._sound is not None:
                self._sound.advance(time)

    def _from_first(self, time: Fraction) -> Fraction:
        """Return a time as it counts from the first frame; the sound is told when that is."""
        if self._num_frames == 0:
            self._origin = time
            if self._sound is not None:
                self._sound.span = Span(time, self._span.end)
        return time - self._origin

    def _check_even(self, time: Fraction) -> None:
        """Refuse a time that lies between two ticks of a format in which every frame lasts one."""
        off = abs(time - round(time / self._tick) * self._tick)
        if self._format.even_times and off > _MOST_OFF * self._tick:
            rate = f"{float(self._rate):.6g} frames a second"
            raise InputError(
                f"{self.path}: {self.path.suffix} holds {rate} only, found one at {float(time):.4f} s; write an .mp4"
            )

    def _open(self, target: str | io.BytesIO, stack: ExitStack) -> None:
        self._pixel_format = _pixel_format(self.path, self._codec, *self._size)
        self._colours = ColourConverter(self.path)
        self._container = av.open(target, "w", format=self._format.name, container_options=self._container_options())
        stack.callback(_close_quietly, self._container)
        stream = self._video_stream()
        self._encoder = self._encoder_of(stream, stack)
        self._sound = None
        if self._audio_from:
            self._sound = SoundTrack(self._audio_from, self._container, stack, self._damaged)
            self.notes = self._sound.notes
        with usual_priority():
            self._container.start_encoding()

    def _finish(self) -> None:
        if self._num_frames == 0:
            raise InputError(f"{self.path}: no frames to write; the source is empty")
        self._mux(self._encoder.encode(None))
        if self._sound is not None:
            self._sound.advance()
        self._container.close()

    def _video_stream(self) -> VideoStream:
        stream = self._container.add_stream(self._codec, rate=self._rate, options=self._codec_options())
        assert isinstance(stream, VideoStream)
        self._set_up(stream.codec_context)
        return stream

    def _encoder_of(self, stream: VideoStream, stack: ExitStack) -> VideoStream | SegmentedEncoder:
        """Return what encodes frames for a stream: its own encoder, or several like it, whose packets it takes."""
        if self._codec not in SEGMENTED_CODECS:
            return stream

        def make() -> av.VideoCodecContext:
            context = av.VideoCodecContext.create(self._codec, "w")
            assert isinstance(context, av.VideoCodecContext)
            context.framerate, context.flags = self._rate, stream.codec_context.flags
            context.options = self._codec_options()
            self._set_up(context)
            return context

        return stack.enter_context(SegmentedEncoder(make, encoders_at_once(self._size[0])))

    def _codec_options(self) -> dict[str, str]:
        options = _CODEC_OPTIONS.get(self._codec, {}) | _quality_options(self._codec, self._crf) | self._preset
        options |= segment_options() if self._codec in SEGMENTED_CODECS else {}
        reorders = self._codec in _REORDERING_CODECS or is_hardware(self._codec)
        return options | ({"bf": "0"} if self._format.even_times and reorders else {})

    def _set_up(self, context: av.VideoCodecContext) -> None:
        """Tell an encoder of size, clock, shape and colours of the frames, and how it works."""
        context.height, context.width = self._size
        context.pix_fmt = self._pixel_format
        context.time_base = self._tick
        context.sample_aspect_ratio = self._pixel_aspect
        if self._format.any_tick and self._codec in _HEVC_CODECS:
            context.codec_tag = _APPLES_HEVC
        if self._codec in SEGMENTED_CODECS:
            context.thread_type, context.thread_count = "FRAME", encoder_threads(self._size[0])
        state_colours(context, self._pixel_format)

    def _container_options(self) -> dict[str, str]:
        """Return what keeps times exact.

        An MP4 or MOV would round delays to 1 ms. It also gets its index at the front, so that it plays while it loads.
        """
        if not self._format.any_tick:
            return self._format.options
        track = self._tick.denominator
        movie = math.lcm(track, ticks_per_second(self._audio_from)) if self._audio_from else track
        movie = movie if movie <= _MOST_TICKS_PER_SECOND else track
        return {"video_track_timescale": str(track), "movie_timescale": str(movie), "movflags": "+faststart"}


def write_video(
    path: AnyPath, images: Iterable[Image], rate: Fraction | int, codec: str | None = None, crf: int = 18
) -> None:
    """Write images of one size (height x width x 3, 8 bits) as a video of ``rate`` frames a second.

    ``codec`` is by default H.264, or VP9 for .webm. ``crf`` is the quality; lower is better and larger.

    Raises:
        InputError: there are no images, the format or codec is unknown or does not fit, or ``path`` cannot be written.

    Example:
        >>> write_video("slow.mp4", (frame.image for frame in read_video("drive.mp4")), rate=5)
    """
    remaining = iter(images)
    first = next(remaining, None)
    if first is None:
        raise InputError(f"{path}: no frames to write; the source is empty")
    height, width, _ = first.shape
    with VideoWriter(path, width, height, rate=Fraction(rate), codec=codec, crf=crf) as writer:
        for image in chain([first], remaining):
            writer.write(image)


@contextmanager
def _as_input_error(path: Path, opened: str = "") -> Iterator[None]:
    """Turn what FFmpeg says where it fails into one line; ``opened`` is the encoder that is being opened.

    Raises:
        InputError: it failed.
    """
    try:
        yield
    except InputError:
        raise
    except LIBRARY_ERRORS as error:
        if is_hardware(opened):
            needs = f"{opened} needs a graphics card that has it, and its driver"
            raise InputError(f"{path}: {needs} ({reason_of(error)}); leave --codec out") from error
        found = f"{path}: cannot be written ({reason_of(error)})"
        raise InputError(f"{found}; choose another codec, format or place") from error


def _close_quietly(container: OutputContainer) -> None:
    """Close a container whose file is about to be thrown away."""
    with suppress(*LIBRARY_ERRORS):
        container.close()


def _fine_tick(rate: Fraction) -> Fraction:
    """Return a clock on which constant frames fall exactly, and others within a tenth of a millisecond."""
    return Fraction(1, rate.numerator * math.ceil(_LEAST_TICKS_PER_SECOND / rate.numerator))


def _known_codec(path: Path, name: str | None) -> str:
    """Return the encoder to use, by default the one that suits the suffix of ``path``."""
    chosen = name or _DEFAULT_CODECS.get(path.suffix.lower(), "libx264")
    try:
        codec = av.Codec(chosen, "w")
    except av.codec.codec.UnknownCodecError as error:
        hint = nearest(chosen, av.codecs_available)
        raise InputError(f"{path}: no encoder called {chosen!r}{hint}; libx264 plays everywhere") from error
    if codec.type != "video":
        raise InputError(f"{path}: {chosen} encodes {codec.type}; name a video encoder such as libx264")
    return chosen


def _known_crf(path: Path, codec: str, crf: int) -> int:
    """Return the quality, checked against the encoder's range; encoders without one ignore it."""
    most = MOST_HARDWARE_QUALITY if is_hardware(codec) else _MOST_CRF.get(codec)
    if most is not None and not 0 <= crf <= most:
        raise InputError(f"{path}: crf: found {crf}, expected 0 (best) to {most} for {codec}")
    return crf


def _quality_options(codec: str, crf: int) -> dict[str, str]:
    """Return how an encoder is told the quality; one that has no such number is told nothing."""
    if is_hardware(codec):
        return hardware_quality(codec, crf)
    return {"crf": str(crf)} if codec in _MOST_CRF else {}


def _is_shaped_alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether two sizes have one shape, up to two pixels of rounding."""
    return abs(one[1] * other[0] - other[1] * one[0]) <= 2 * max(one)


def _pixel_format(path: Path, codec: str, height: int, width: int) -> str:
    """Return the best 8-bit format that an encoder offers for a size: RGB where it can be lossless, else 4:2:0."""
    offered = [video_format.name for video_format in av.Codec(codec, "w").video_formats or ()]
    wanted = _RGB_FORMATS if codec in _RGB_CODECS else _ODD_FORMATS if height % 2 or width % 2 else _EVEN_FORMATS
    for name in wanted:
        if name in offered:
            return name
    raise InputError(f"{path}: {codec} cannot write frames of {width}x{height}; use libx264 or an even size")
