"""Where live frames come from: a pipe, or a video that is played at its own pace."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from threading import Event, Thread

from recyclegan.live.waiting import Waiting
from recyclegan.streams import FramePipeReader
from recyclegan.video import VideoFrame, VideoReader, probe

Now = Callable[[], float]
"""Gives the seconds of a clock that never goes back."""


class Source(ABC):
    """Frames as they come."""

    rate: Fraction
    """Frames a second, about."""
    size: tuple[int, int]
    """(Height, width) of the frames."""
    waits: bool
    """Whether whoever sends the frames waits until they are taken, so that none is lost."""

    @property
    @abstractmethod
    def notes(self) -> list[str]:
        """What there is to say afterwards."""

    @abstractmethod
    def __iter__(self) -> Iterator[VideoFrame]: ...

    @abstractmethod
    def play(self) -> None:
        """Go on behind the first frame, by which engine and size were chosen."""

    @abstractmethod
    def stop(self) -> None:
        """Let the thread that waits for a frame end."""


@dataclass(frozen=True)
class Arrival:
    """A frame, and when it arrived by the clock."""

    frame: VideoFrame
    at: float


class PipeSource(Source):
    """The frames of a pipe."""

    waits = True

    def __init__(self, reader: FramePipeReader) -> None:
        self._reader = reader
        self.rate, self.size = reader.format.rate, (reader.format.height, reader.format.width)

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return self._reader.notes

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self._reader)

    def play(self) -> None:
        """There is nothing to do: whoever sends frames goes on, or waits."""

    def stop(self) -> None:
        """Let the thread that waits for a frame end."""
        self._reader.stop()


class PlayedSource(Source):
    """A video: its first frame comes at once, each other one when it is its time to be shown after :meth:`play`."""

    waits = False

    def __init__(self, path: Path, now: Now = time.monotonic, wait: Callable[[float], object] | None = None) -> None:
        """``wait`` sleeps for so many seconds.

        Raises:
            InputError: the file is missing or no video.
        """
        info = probe(path)
        self.rate, self.size = info.rate, (info.height, info.width)
        self._reader, self._now = VideoReader(path), now
        self._playing, self._unwanted, self._begun = Event(), Event(), 0.0
        self._wait = wait or self._unwanted.wait

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return self._reader.notes

    def __iter__(self) -> Iterator[VideoFrame]:
        start: Fraction | None = None
        for frame in self._reader:
            if start is None:
                start = frame.time
            else:
                self._wait_for_turn(float(frame.time - start))
            if self._unwanted.is_set():
                return
            yield frame

    def play(self) -> None:
        """Go on behind the first frame."""
        self._begun = self._now()
        self._playing.set()

    def stop(self) -> None:
        """Let the thread that waits for a frame end."""
        self._unwanted.set()
        self._playing.set()

    def _wait_for_turn(self, seconds: float) -> None:
        """Wait until so many seconds after it was played."""
        self._playing.wait()
        self._wait(max(0.0, self._begun + seconds - self._now()))


class Reading:
    """Reads a source in a thread of its own, used in a ``with`` statement; its end does not wait for ever."""

    def __init__(self, source: Source, waiting: Waiting[Arrival], now: Now) -> None:
        self._source, self._waiting, self._now = source, waiting, now
        self._thread = Thread(target=self._read, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._waiting.close()
        self._source.stop()
        self._thread.join(_PATIENCE)

    def _read(self) -> None:
        try:
            for frame in self._source:
                if not self._waiting.put(Arrival(frame, self._now())):
                    return
        except BaseException as error:
            self._waiting.end(error)
        else:
            self._waiting.end()


_PATIENCE = 2.0
"""Seconds that a thread gets for its end; one that a device does not answer is left behind."""
