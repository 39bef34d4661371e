"""Sound carried from one media file to another, packet by packet."""

import io
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from recyclegan.errors import InputError
from recyclegan.settings.frames import Damaged
from recyclegan.video.extent import REMEDY, WHOLE, Span
from recyclegan.video.opening import LIBRARY_ERRORS, open_media, reason_of
from recyclegan.video.timing import Timeline

_ENCODERS = {"opus": "libopus"}
_RATES = {"libopus": 48_000}
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class SoundTrack:
    """Carries every audio stream of ``source`` into ``output``, on the same clock as :class:`VideoReader` its frames.

    A stream that the output's format can hold is copied without re-encoding. Another is re-encoded with the format's
    own codec (AAC for MP4, Opus for WebM), and ``notes`` says so. Damaged sound is refused, or kept up to the damage.
    Of a ``span`` those packets are carried that begin in it, and times count from its start.

    Raises:
        InputError: ``source`` cannot be read, or the format holds no sound at all.
    """

    def __init__(self, source: Path, output: OutputContainer, stack: ExitStack, damaged: Damaged = "refuse") -> None:
        container = stack.enter_context(open_media(source))
        self.notes: list[str] = []
        self.span: Span = WHOLE
        """May be set before the first :meth:`advance`."""
        self._source, self._output, self._damaged = source, output, damaged
        self._timeline = Timeline(source, container)
        self._carriers = {
            stream.index: carrier for stream in container.streams.audio if (carrier := self._carrier(stream))
        }
        streams = [container.streams[index] for index in self._carriers]
        self._packets = container.demux(*streams) if streams else iter(())
        self._time = Fraction(0)

    def advance(self, until: Fraction | None = None) -> None:
        """Write the sound up to a time in seconds (or a packet more), or all of the rest."""
        while until is None or self._time <= until:
            packet = self._next()
            if packet is None:
                return
            if packet.pts is not None and packet.dts is not None:
                self._timeline.place(packet)
                is_wanted = self._is_in_span(packet)
                self._time = packet.pts * packet.time_base
                if not is_wanted:
                    continue
            self._output.mux(self._carried(packet))

    def _is_in_span(self, packet: av.Packet) -> bool:
        """Return whether a packet belongs to the span, and count its times from where that starts."""
        assert packet.pts is not None
        assert packet.dts is not None
        time = packet.pts * packet.time_base
        shift = round(self.span.start / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        is_early = self.span.start > 0 and time < self.span.start
        return not (is_early or self.span.is_over(time))

    def _next(self) -> av.Packet | None:
        try:
            return next(self._packets, None)
        except LIBRARY_ERRORS as error:
            self._damage(error)
            self._packets = iter(())
            return None

    def _carried(self, packet: av.Packet) -> list[av.Packet]:
        try:
            return self._carriers[packet.stream.index](packet)
        except LIBRARY_ERRORS as error:
            self._damage(error)
            return []

    def _damage(self, error: BaseException) -> None:
        """Refuse damaged sound, or tell of it once."""
        found = f"{self._source}: its sound is damaged ({reason_of(error)})"
        if self._damaged == "refuse":
            raise InputError(f"{found}; {REMEDY}") from error
        kept = f"{found}; kept what can be read of it"
        self.notes += [] if kept in self.notes else [kept]

    def _carrier(self, stream: AudioStream) -> Callable[[av.Packet], list[av.Packet]] | None:
        """Return a function from the packets of ``stream``, the empty last one too, to packets of the output.

        None for sound that can neither be copied nor decoded; it is left out, and told.
        """
        name = self._output.format.name
        if _fits(self._source, stream, name):
            return _Copy(self._output.add_stream_from_template(stream))
        codec = self._output.default_audio_codec
        if codec not in self._output.supported_codecs:
            raise InputError(f"{self._source}: its sound does not fit into {name}; write an .mp4 or .mkv instead")
        if stream.codec_context is None or not stream.codec_context.sample_rate:
            self.notes.append(f"{self._source}: its sound (stream {stream.index}) cannot be decoded; left out")
            return None
        held = stream.codec_context.name
        self.notes.append(f"{self._source}: {name} cannot hold sound as {held}; re-encoded as {codec}")
        encoder = _ENCODERS.get(codec, codec)
        target = self._output.add_stream(encoder, rate=_RATES.get(encoder, stream.codec_context.sample_rate))
        assert isinstance(target, AudioStream)
        return _Reencode(stream, target)


def ticks_per_second(source: Path) -> int:
    """Return the smallest clock rate on which every sound packet of ``source`` falls exactly."""
    with open_media(source) as container:
        return math.lcm(*(stream.time_base.denominator for stream in container.streams.audio if stream.time_base))


class _Copy:
    def __init__(self, target: AudioStream) -> None:
        self._target = target
        self._last: int | None = None

    def __call__(self, packet: av.Packet) -> list[av.Packet]:
        if packet.dts is None:
            return []
        self._keep_order(packet)
        packet.stream = self._target
        return [packet]

    def _keep_order(self, packet: av.Packet) -> None:
        """Move a packet that overlaps the one before it, where parts of a recording meet, to one tick after it."""
        late = 0 if self._last is None or packet.dts is None else max(0, self._last + 1 - packet.dts)
        if late and packet.pts is not None and packet.dts is not None:
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
        self._last = packet.dts


class _Reencode:
    def __init__(self, source: AudioStream, target: AudioStream) -> None:
        self._source = source
        self._target = target
        target.codec_context.layout = _LAYOUTS.get(source.codec_context.channels, "stereo")
        self._resampler: av.AudioResampler | None = None

    def __call__(self, packet: av.Packet) -> list[av.Packet]:
        made = [part for frame in self._source.decode(packet) for part in self._encode(frame)]
        return made if packet.size else made + self._encode(None) + self._target.encode(None)

    def _encode(self, frame: av.AudioFrame | None) -> list[av.Packet]:
        """Return the packets made from one more frame, or, for None, from what the resampler still holds."""
        if self._resampler is None:
            context = self._target.codec_context
            self._resampler = av.AudioResampler(context.format, context.layout, context.rate, context.frame_size)
        return [packet for part in self._resampler.resample(frame) for packet in self._target.encode(part)]


def _fits(source: Path, stream: AudioStream, format_name: str) -> bool:
    """Return whether a format holds a stream as it is, by writing the stream's first packet into memory."""
    with open_media(source) as container:
        twin = container.streams[stream.index]
        assert isinstance(twin, AudioStream)
        packets: Iterator[av.Packet] = container.demux(twin)
        try:
            with av.open(io.BytesIO(), "w", format=format_name) as output:
                copy = _Copy(output.add_stream_from_template(twin))
                output.mux(copy(next(packets)))
        except LIBRARY_ERRORS:
            return False
        return True
