"""Frames as they are decoded, and a tally of what goes wrong on the way.

Every sign of damage counts: packets that the decoder refuses, frames that it marks as patched up, packets that the
container marks as incomplete, slices whose checksum is wrong, and less in the file than its index, its duration or its
own size promise. What no decoder can see (a changed bit that happens to mean something else) is not seen here either.

A recording may begin between key frames. The frames before the first one that can be decoded are left out and counted;
that is no damage.

The checksums that lossless FFV1 carries; FFmpeg's decoder reads them, but tells nobody.
"""

import zlib
from collections.abc import Iterator
from fractions import Fraction
from heapq import heappop, heappush
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from recyclegan.errors import InputError
from recyclegan.settings.frames import Damaged
from recyclegan.video.extent import Promise, Tally, defect_of, is_one_frame_a_packet, promise_of
from recyclegan.video.opening import LIBRARY_ERRORS, reason_of
from recyclegan.video.timing import Gaps, Timeline, frame_rate, states_display_times, tick_of

_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_TRAILER = 8
"""Bytes at the end of a slice: its size in three, its state in one, and the checksum."""


def is_sound_ffv1(packet: bytes) -> bool:
    """Return whether every slice of an FFV1 packet has the checksum that it states; true where none are stated."""
    slices = _slices(packet)
    return slices is None or all(_remainder(part) == 0 for part in slices)


def _slices(packet: bytes) -> list[bytes] | None:
    """Return the slices of a packet with their trailers, found from its end; None where they carry no checksums."""
    slices = []
    end = len(packet)
    while end >= _TRAILER:
        start = end - _TRAILER - int.from_bytes(packet[end - _TRAILER : end - _TRAILER + 3])
        if start < 0:
            return None
        slices.append(packet[start:end])
        end = start
    return slices if end == 0 else None


def _remainder(data: bytes) -> int:
    """Return the CRC-32 of data with the highest bit first and without a start value; 0 where it ends in its own."""
    return zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF


_FIND_THEIR_START = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "vvc"})
"""Codecs whose decoders give no frame before the first one that is whole."""


class Decoder:
    """Decodes one video stream to the end; ``tally`` is complete then.

    With ``damaged="refuse"`` the first sign of damage ends the iteration with an ``InputError``.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream, damaged: Damaged) -> None:
        self.timeline = Timeline(path, container)
        self.tally = Tally(path, promise_of(container, stream))
        self._path, self._container, self._stream, self._damaged = path, container, stream, damaged
        self._codec = stream.codec_context.name
        self._last = Fraction(0)
        self._early: list[int] = []
        self._bad_times: set[int] = set()
        self._begins_whole: bool | None = None
        self._first: int | None = None
        self._is_ordered = True
        self._gaps = Gaps()
        self._states_times = states_display_times(container, stream)
        self._decode_times: list[int] = []

    def frames(self) -> Iterator[av.VideoFrame]:
        """Yield the frames in the order of display, their times as :class:`Timeline` places them.

        Raises:
            InputError: damage, where it is refused; no frame at all in any case.
        """
        for packet in self._packets():
            for frame in self._decoded(packet):
                is_shown = self._is_shown(frame)
                self._set_time(frame)
                if is_shown:
                    self.tally.num_frames += 1
                    self.tally.num_interlaced += frame.interlaced_frame
                    self._gaps.add(None if frame.pts is None else frame.pts * tick_of(self._stream))
                    yield frame
        self._sum_up()
        self._compare()
        if self.tally.num_frames == 0:
            self.tally.reasons = self.tally.reasons or ["no frame in it can be decoded"]
            raise InputError(self.tally.refusal)

    def _packets(self) -> Iterator[av.Packet]:
        """Yield the placed packets of the video, and an empty one at the end, that of a damaged file too."""
        sound = self._container.streams.audio if self.tally.promise.covers_sound else ()
        packets = self._container.demux(self._stream, *sound)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                break
            except LIBRARY_ERRORS as error:
                self._damage(reason_of(error))
                break
            if packet.size and packet.pts is not None:
                self._last = max(self._last, packet.pts * packet.time_base)
            if packet.size and packet.stream_index == self._stream.index:
                self._note(packet)
                yield packet
        yield av.Packet()

    def _note(self, packet: av.Packet) -> None:
        """Take down what a packet says before it is decoded."""
        if self._begins_whole is None:
            self._begins_whole = packet.is_keyframe
        self.timeline.place(packet)
        if not packet.is_discard:
            self.tally.num_packets += 1
            self._note_order(packet)
            if not self._states_times and packet.dts is not None:
                heappush(self._decode_times, packet.dts)
        if packet.is_corrupt and not self.timeline.is_by_a_seam(packet):
            self._suspect(packet, "a packet is incomplete")
        elif self._codec == "ffv1" and not is_sound_ffv1(bytes(packet)):
            self._suspect(packet, "a checksum is wrong")

    def _note_order(self, packet: av.Packet) -> None:
        """Count a packet that would be shown before the first frame that can be decoded."""
        if packet.pts is None:
            self._is_ordered = False
        elif self._first is None:
            self._early.append(packet.pts)
        else:
            self.tally.num_leading += packet.pts < self._first

    def _suspect(self, packet: av.Packet, reason: str) -> None:
        """Remember that the frame of a packet will be damaged, or tell at once where its time is not known."""
        if packet.pts is None:
            self._damage(reason)
        else:
            self._bad_times.add(packet.pts)

    def _decoded(self, packet: av.Packet) -> list[av.VideoFrame]:
        try:
            return self._stream.codec_context.decode(packet if packet.size else None)
        except av.error.EOFError:
            return []
        except LIBRARY_ERRORS as error:
            if self.tally.num_frames == 0 and not self._begins_whole:
                self.tally.num_leading += 1
            else:
                self.tally.num_bad += 1
                self._damage(reason_of(error))
            return []

    def _is_shown(self, frame: av.VideoFrame) -> bool:
        """Return whether a frame is given out; damage is told on the way."""
        bad = frame.is_corrupt or frame.pts in self._bad_times
        if self.tally.num_frames == 0 and not self._begins_whole and (bad or not self._is_start(frame)):
            self.tally.num_leading += 1
            return False
        if self.tally.num_frames == 0 and frame.pts is not None:
            self._first = frame.pts
            self.tally.num_leading = sum(early < frame.pts for early in self._early)
        if bad:
            self._bad_times.discard(frame.pts)
            self.tally.num_bad += 1
            self._damage("the decoder had to patch up a frame")
        return True

    def _set_time(self, frame: av.VideoFrame) -> None:
        """Give a frame its time where packets only say when they are decoded: as many, in the order of the clock."""
        if not self._states_times and self._decode_times:
            frame.pts = heappop(self._decode_times)

    def _is_start(self, frame: av.VideoFrame) -> bool:
        return frame.key_frame or self._codec in _FIND_THEIR_START

    @property
    def _is_one_to_one(self) -> bool:
        """Whether every packet ought to have become a frame; two of them may make one where there are fields."""
        return is_one_frame_a_packet(self._codec) and self.tally.num_interlaced == 0

    def _sum_up(self) -> None:
        tally = self.tally
        tally.num_missing, tally.num_late = self._gaps.num_missing, self._gaps.num_late
        if self._is_ordered and tally.num_interlaced == 0:
            given = tally.num_frames + tally.num_leading + tally.num_bad
            tally.num_silent = max(0, tally.num_packets - given)

    def _compare(self) -> None:
        """Compare what was decoded with what the file promises."""
        tally, promise = self.tally, self.tally.promise
        if self._bad_times:
            tally.num_bad += len(self._bad_times)
            self._damage("a packet is incomplete or its checksum is wrong")
        for holds, reason in self._shortfalls(tally, promise):
            if holds:
                self._damage(reason)

    def _shortfalls(self, tally: Tally, promise: Promise) -> Iterator[tuple[bool, str]]:
        listed = promise.num_listed(self._stream)
        yield tally.num_packets < listed, f"it lists {listed} frames, {tally.num_packets} are there"
        early = promise.end - self._last - (self._gaps.longest or 1 / frame_rate(self._stream))
        yield early > promise.tolerance, f"it ends {float(early):.2f} s before its stated end"
        defect = None if self._is_complete(listed) else defect_of(self._path, self._container.format.name)
        yield defect is not None, str(defect)
        yield tally.num_silent > 0 and self._is_one_to_one, f"{tally.num_silent} packets became no frame"

    def _is_complete(self, listed: int) -> bool:
        """Return whether all frames of the index are there, so that a few missing bytes do not matter."""
        return listed > 0 and self.tally.num_packets >= listed

    def _damage(self, reason: str) -> None:
        self.tally.reasons.append(reason)
        if self._damaged == "refuse":
            raise InputError(self.tally.refusal)
