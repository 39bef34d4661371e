"""One video encoded by several encoders at once, each at work on a segment of its own.

A segment begins with a key frame and refers to nothing outside, so that the packets of all of them, put end to end, are
one stream. Which frames a segment has and how an encoder works depends on the height of frames alone: the bytes are the
same on every machine, however many cores it has and whoever is faster.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import TracebackType

import av

from recyclegan.video.behind import Behind

LENGTH = 64
"""Frames of a segment: shorter ones would be larger, longer ones would wait in more memory."""
MOST_WAITING = 1 << 28
"""Bytes of the frames that wait for all encoders together."""
_ROWS_OF_A_THREAD = 64
"""Rows of a frame that a thread must have: those of the frame before must be there, up to where motion leads."""
_MOST_THREADS = 16

SEGMENTED_CODECS = frozenset({"libx264", "libx264rgb"})
"""Encoders whose segments can be put end to end."""

_PROCESSOR = Path("/proc/cpuinfo")

Encoder = av.VideoCodecContext


@cache
def segment_options() -> dict[str, str]:
    """Return the options of an encoder of segments.

    Only the first frame of a segment is a key frame: two of them in a row could be taken for one. What x264 has for
    AVX-512 wrote other bytes in one run out of ten, with one thread and the same frames; it is left aside.
    """
    has_avx512 = _PROCESSOR.is_file() and "avx512" in _PROCESSOR.read_text()
    instructions = {"x264-params": "asm=avx2"} if has_avx512 else {}
    return {"g": str(2 * LENGTH), "keyint_min": str(LENGTH)} | instructions


def encoder_threads(height: int) -> int:
    """Return the threads of one encoder, which work on whole frames: by the height, for their number changes bytes."""
    return max(1, min(_MOST_THREADS, height // _ROWS_OF_A_THREAD))


def encoders_at_once(height: int) -> int:
    """Return the encoders that this machine's cores keep busy, and one more that begins while another ends."""
    return max(1, (os.cpu_count() or 1) // encoder_threads(height)) + 1


class SegmentedEncoder:
    """Encodes frames in segments, up to ``at_once`` of them at a time; use it in a ``with`` statement.

    ``make`` returns a new encoder, which has :func:`segment_options`.
    """

    def __init__(self, make: Callable[[], Encoder], at_once: int) -> None:
        self._make, self._at_once = make, at_once
        self._segments: deque[_Segment] = deque()
        self._last_times: list[int] | None = None

    def __enter__(self) -> "SegmentedEncoder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for segment in self._segments:
            segment.thread.__exit__(kind, error, trace)

    def encode(self, frame: av.VideoFrame | None) -> list[av.Packet]:
        """Take a frame, or None after the last one, and return the packets that are ready, in order.

        Raises what an encoder raised.
        """
        if frame is not None:
            self._open_segment(frame).put(frame)
        elif self._segments:
            self._segments[-1].end()
        return [packet for segment in self._ready(frame is None) for packet in self._in_step(segment.packets())]

    def _open_segment(self, frame: av.VideoFrame) -> "_Segment":
        """Return the segment that a frame belongs to."""
        if not self._segments or self._segments[-1].is_full:
            frame_bytes = sum(plane.buffer_size for plane in frame.planes)
            depth = MOST_WAITING // (frame_bytes * self._at_once)
            self._segments.append(_Segment(self._make(), max(1, min(LENGTH, depth))))
        return self._segments[-1]

    def _ready(self, is_end: bool) -> "Iterator[_Segment]":
        """Take out the first segments: those that are done, and those that must be waited for."""
        while self._segments and (is_end or self._segments[0].is_done or self._is_crowded()):
            yield self._segments.popleft()

    def _is_crowded(self) -> bool:
        return len(self._segments) >= self._at_once and self._segments[-1].is_full

    def _in_step(self, packets: list[av.Packet]) -> list[av.Packet]:
        """Let the packets of a segment be decoded as if they came from one encoder: as late as those of the first."""
        times = sorted(packet.pts for packet in packets if packet.pts is not None)
        if self._last_times is None:
            late = sum(packet.dts < times[0] for packet in packets if packet.dts is not None)
        else:
            late = len(self._last_times)
            for packet, time in zip(packets, [*self._last_times, *times], strict=False):
                packet.dts = time
        self._last_times = times[len(times) - late :]
        return packets


class _Segment:
    """A run of frames, with an encoder and a thread of its own.

    It and its thread know each other, so it stays in memory until garbage is collected: encoder and packets, which are
    large, are let go before.
    """

    def __init__(self, encoder: Encoder, depth: int) -> None:
        self._encoder = encoder
        self._packets: list[av.Packet] = []
        self._num_frames = 0
        self.is_done = False
        """Whether all of its packets are there."""
        self.thread = Behind(self._encode, depth).__enter__()

    @property
    def is_full(self) -> bool:
        """Whether it has all frames that it may have."""
        return self._num_frames == LENGTH

    def put(self, frame: av.VideoFrame) -> None:
        """Append a frame, as soon as there is room for it."""
        self.thread.put(frame)
        self._num_frames += 1
        if self.is_full:
            self.thread.put(None)

    def end(self) -> None:
        """Tell that no frame follows."""
        if not self.is_full:
            self.thread.put(None)

    def packets(self) -> list[av.Packet]:
        """Wait for the packets of all frames, and return them in the order of coding."""
        self.thread.__exit__(None, None, None)
        packets, self._packets = self._packets, []
        return packets

    def _encode(self, frame: av.VideoFrame | None) -> None:
        self._packets += self._encoder.encode(frame)
        if frame is None:
            self.is_done = True
            del self._encoder
