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
from recyclegan.video.reading import clock_start, open_media

_ENCODERS = {"opus": "libopus"}
_RATES = {"libopus": 48_000}
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class SoundTrack:
    """Carries every audio stream of ``source`` into ``output``.

    A stream that the output's format can hold is copied without re-encoding. Another is re-encoded with the format's
    own codec (AAC for MP4, Opus for WebM), and ``notes`` says so.

    Raises:
        InputError: ``source`` cannot be read, or the format holds no sound at all.
    """

    def __init__(self, source: Path, output: OutputContainer, stack: ExitStack) -> None:
        container = stack.enter_context(open_media(source))
        self.notes: list[str] = []
        self._output = output
        self._start = clock_start(container)
        self._carriers = {stream.index: self._carrier(source, stream) for stream in container.streams.audio}
        self._packets = container.demux(*container.streams.audio) if self._carriers else iter(())
        self._time = Fraction(0)

    def advance(self, until: Fraction | None = None) -> None:
        """Write the sound up to a time in seconds (or a packet more), or all of the rest."""
        while until is None or self._time <= until:
            packet = next(self._packets, None)
            if packet is None:
                return
            if packet.pts is not None and packet.dts is not None:
                shift = round(self._start / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                self._time = packet.pts * packet.time_base
            self._output.mux(self._carriers[packet.stream.index](packet))

    def _carrier(self, source: Path, stream: AudioStream) -> Callable[[av.Packet], list[av.Packet]]:
        """Return a function from the packets of ``stream``, the empty last one too, to packets of the output."""
        if _fits(source, stream, self._output.format.name):
            return _Copy(self._output.add_stream_from_template(stream))
        codec, name = self._output.default_audio_codec, self._output.format.name
        if codec not in self._output.supported_codecs:
            raise InputError(f"{source}: its sound does not fit into {name}; write an .mp4 or .mkv instead")
        self.notes.append(f"{source}: {name} cannot hold sound as {stream.codec_context.name}; re-encoded as {codec}")
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

    def __call__(self, packet: av.Packet) -> list[av.Packet]:
        if packet.dts is None:
            return []
        packet.stream = self._target
        return [packet]


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
        except (av.FFmpegError, ValueError):
            return False
        return True
