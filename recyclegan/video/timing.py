"""When frames and sound are shown: clocks that start anywhere, clocks that jump, and times that are missing.

Formats of broadcasts and discs (MPEG-TS, MPEG-PS) have clocks that may start anywhere and may jump: back, where two
recordings were put end to end, or far ahead. Such a file is read as if it started at 0, and goes on after a jump where
it was, with the sound shifted by as much as the pictures.
"""

from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.format import Flags
from av.video.stream import VideoStream

from recyclegan.paths import AnyPath, as_path
from recyclegan.video.opening import LIBRARY_ERRORS, open_media, open_video

_BACK = Fraction(1, 10)
"""Seconds by which a clock must fall back to have jumped; less is disorder."""
_HIGHEST_RATE = 1000
"""Frames per second; what is stated above that is the tick of a clock."""
_STEADY = 0.9
"""Share of equal gaps from which a video is steady."""
_MOST_REORDERED = 16
"""Frames that may be shown before an earlier one in the file."""
_FAR_FROM_DECODING = 3
"""Seconds between decoding and display that no codec needs."""
_BY_A_SEAM = 3
"""Packets before and after a jump which the parsers' delay may make out to be the ones that do not fit."""
_AHEAD = 10
"""Seconds by which a clock must run ahead to have jumped; less is a gap in the recording."""


@dataclass
class _Part:
    """A stretch of one stream between two jumps of its clock, in seconds."""

    first_packet: int
    start: Fraction
    end: Fraction
    decoded: Fraction
    """When the last packet is decoded."""


class Timeline:
    """Places the packets of a file, stream by stream in the order of the file, in a time that starts at 0."""

    def __init__(self, path: Path, container: InputContainer) -> None:
        self._path = path
        parts = _parts(path) if _may_jump(container) else {}
        self._start = min((stream[0].start for stream in parts.values()), default=Fraction(0))
        self._shifts = _shifts(parts)
        self._firsts = {index: [part.first_packet for part in stream] for index, stream in parts.items()}
        self._seen: dict[int, int] = defaultdict(int)

    @property
    def has_jumps(self) -> bool:
        """Whether a clock of the file jumps."""
        return any(len(firsts) > 1 for firsts in self._firsts.values())

    @property
    def notes(self) -> list[str]:
        """Return what the user should know of the file's clocks."""
        jumps = max((len(firsts) - 1 for firsts in self._firsts.values()), default=0)
        times = "once" if jumps == 1 else f"{jumps} times"
        return [f"{self._path}: its clock jumps {times}; frames and sound go on where they were"] if jumps else []

    def is_by_a_seam(self, packet: av.Packet) -> bool:
        """Return whether the packet placed last, ``packet``, lies by a jump, where a container takes it for damaged."""
        number = self._seen[packet.stream_index] - 1
        return any(abs(number - first) <= _BY_A_SEAM for first in self._firsts.get(packet.stream_index, ())[1:])

    def place(self, packet: av.Packet) -> None:
        """Move the times of the next packet of its stream."""
        if self._firsts:
            _mend_display_time(packet)
        shift = self._shift(packet.stream_index) - self._start
        self._seen[packet.stream_index] += 1
        if shift == 0:
            return
        ticks = round(shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks

    def _shift(self, stream: int) -> Fraction:
        firsts = self._firsts.get(stream, ())
        part = max(0, sum(self._seen[stream] >= first for first in firsts) - 1)
        return self._shifts[stream][part] if len(firsts) > 1 else Fraction(0)


class FrameClock:
    """Gives consecutive frames strictly increasing times from 0 on.

    A missing time is one frame after the last, a repeated one is one tick later.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._tick = tick_of(stream)
        self._gap = max(1, round(1 / frame_rate(stream) / self._tick)) * self._tick
        self._last: Fraction | None = None

    def time(self, stated: Fraction | None) -> Fraction:
        """Return the time in seconds of the next frame, from the time that it states."""
        if self._last is None:
            self._last = max(stated or Fraction(0), Fraction(0))
        elif stated is None:
            self._last += self._gap
        else:
            self._last = max(stated, self._last + self._tick)
        return self._last


class Gaps:
    """The times between the frames of a video, one after the other."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._last: Fraction | None = None
        self.longest = Fraction(0)
        """Seconds."""
        self.num_late = 0
        """Frames whose time lies before that of the frame before."""

    def add(self, time: Fraction | None) -> None:
        """Take down the time in seconds of the next frame."""
        if time is not None and self._last is not None:
            gap = time - self._last
            self._counts[round(1000 * gap)] += 1
            self.longest = max(self.longest, gap)
            self.num_late += gap < 0
        self._last = time

    @property
    def num_missing(self) -> int:
        """How many frames would fit into the leaps of a video that is steady otherwise; 0 for an unsteady one."""
        if not self._counts:
            return 0
        usual, _ = self._counts.most_common(1)[0]
        steady = sum(count for gap, count in self._counts.items() if abs(gap - usual) <= 1)
        if usual <= 0 or steady < _STEADY * self._counts.total():
            return 0
        return sum(count * (round(gap / usual) - 1) for gap, count in self._counts.items() if gap > 1.5 * usual)


def states_display_times(container: InputContainer, stream: VideoStream) -> bool:
    """Return whether packets say when they are shown; in an AVI those of reordered H.264 do not, and FFmpeg guesses."""
    return not ("avi" in container.format.name.split(",") and stream.codec_context.name == "h264")


def frame_rate(stream: VideoStream) -> Fraction:
    """Return the frames per second of a stream, 25 where it has no notion of a rate, or an absurd one."""
    rates = (stream.average_rate, stream.guessed_rate)
    return next((rate for rate in rates if rate and 0 < rate <= _HIGHEST_RATE), Fraction(25))


def tick_of(stream: VideoStream) -> Fraction:
    """Return the seconds in which a stream counts."""
    return stream.time_base or 1 / frame_rate(stream)


def shown_times(path: AnyPath, most: int | None = None) -> list[Fraction]:
    """Return the times in seconds of all frames, or of the first few, in the order of display, without decoding them.

    Raises:
        InputError: the file is missing or no video.
    """
    times: list[Fraction] = []
    path = as_path(path)
    with open_video(path) as (container, stream), suppress(*LIBRARY_ERRORS):
        timeline = Timeline(path, container)
        for packet in container.demux(stream):
            timeline.place(packet)
            if packet.size and packet.pts is not None and not packet.is_discard:
                times.append(packet.pts * packet.time_base)
            if most is not None and len(times) == most + _MOST_REORDERED:
                break
    return sorted(times)[:most]


def _may_jump(container: InputContainer) -> bool:
    return Flags.ts_discont in Flags(container.format.flags)


def _parts(path: Path) -> dict[int, list[_Part]]:
    """Return the parts of each stream of pictures or sound, found by walking through the file without decoding it."""
    parts: dict[int, list[_Part]] = defaultdict(list)
    seen: dict[int, int] = defaultdict(int)
    with open_media(path) as container, suppress(*LIBRARY_ERRORS):
        for packet in container.demux(container.streams.video, container.streams.audio):
            if packet.size:
                _mend_display_time(packet)
                _add(parts[packet.stream_index], packet, seen[packet.stream_index])
                seen[packet.stream_index] += 1
    return {index: stream for index, stream in parts.items() if stream}


def _mend_display_time(packet: av.Packet) -> None:
    """Bring a packet's time of display near that of decoding, which FFmpeg guesses from beyond a jump at times."""
    if packet.pts is None or packet.dts is None:
        return
    if abs(packet.pts - packet.dts) * packet.time_base > _FAR_FROM_DECODING:
        packet.pts = packet.dts + (packet.duration or 0)


def _add(parts: list[_Part], packet: av.Packet, number: int) -> None:
    """Lengthen the last part of a stream by its packet ``number``, or begin another where the clock jumps."""
    if packet.dts is None or packet.pts is None:
        return
    decoded, start = packet.dts * packet.time_base, packet.pts * packet.time_base
    end = start + (packet.duration or 0) * packet.time_base
    if not parts or not -_BACK <= decoded - parts[-1].decoded <= _AHEAD:
        parts.append(_Part(number, start, end, decoded))
    part = parts[-1]
    part.start, part.end, part.decoded = min(part.start, start), max(part.end, end), decoded


def _shifts(parts: dict[int, list[_Part]]) -> dict[int, list[Fraction]]:
    """Return what is added to each part's times, so that it goes on where the parts before it ended.

    Streams that jump equally often jump together, by the same amount; others go on by themselves.
    """
    counts = {len(stream) for stream in parts.values()}
    groups = [list(parts.values())] if len(counts) == 1 else [[stream] for stream in parts.values()]
    shifts: dict[int, list[Fraction]] = {}
    for group in groups:
        common = _common_shifts(group)
        shifts |= {index: common for index, stream in parts.items() if any(stream is one for one in group)}
    return shifts


def _common_shifts(streams: list[list[_Part]]) -> list[Fraction]:
    shifts = [Fraction(0)]
    for before, after in pairwise(zip(*streams, strict=True)):
        shifts.append(shifts[-1] + max(part.end for part in before) - min(part.start for part in after))
    return shifts
