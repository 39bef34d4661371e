"""What live translation runs between in the tests: a clock that nobody waits for, sources, sinks, a translator."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from threading import Condition

import torch
from torch import Tensor, nn

from recyclegan.arrays import Image
from recyclegan.live.meter import Figures
from recyclegan.live.sinks import Sink
from recyclegan.live.sources import Source
from recyclegan.translation import Translator
from recyclegan.video import VideoFrame
from tests.media import number_of, numbered
from tests.small import small_card

SIZE = (64, 96)


class FakeClock:
    """Seconds that go on only when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds += seconds


class Negative(nn.Module):
    """Turns black into white; ``work`` is called before each batch."""

    def __init__(self, work: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.work, self.sizes, self.size = work, list[tuple[int, int]](), (0, 0)

    def forward(self, frames: Tensor) -> Tensor:
        self.size = (frames.shape[2], frames.shape[3])
        self.work()
        self.sizes.append(self.size)
        return -frames


def translator(work: Callable[[], None] = lambda: None, size: tuple[int, int] = SIZE) -> Translator:
    torch.manual_seed(0)
    return Translator(Negative(work), small_card(size=size, load_size=size), "cpu")


class Numbers(Source):
    """Grey frames that tell their number."""

    def __init__(self, count: int | Iterable[int], size: tuple[int, int] = SIZE) -> None:
        self.numbers = range(count) if isinstance(count, int) else count
        self.rate, self.size, self.waits, self.is_stopped = Fraction(10), size, True, False

    @property
    def notes(self) -> list[str]:
        return ["a note of the source"]

    def __iter__(self) -> Iterator[VideoFrame]:
        return (VideoFrame(numbered(number, *self.size), number / self.rate) for number in self.numbers)

    def play(self) -> None: ...

    def stop(self) -> None:
        self.is_stopped = True


class Viewer(Sink):
    """Keeps the numbers that it is shown, and when; may close after some."""

    def __init__(
        self, look: Callable[[], None] = lambda: None, newest: bool = False, idle: Callable[[], None] = lambda: None
    ) -> None:
        self._idle = idle
        self.numbers, self.times, self.figures = list[int](), list[Fraction](), list[Figures]()
        self._look, self.shows_newest = look, newest

    @property
    def notes(self) -> list[str]:
        return ["a note of the sink"]

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        self.numbers.append(number_of(255 - image))
        self.times.append(time)
        self.figures.append(figures)
        self._look()

    def idle(self) -> None:
        self._idle()


class Camera(Source):
    """Sends a frame each time that one is due by a fake clock, which goes on while others work."""

    notes: list[str] = []  # noqa: RUF012

    def __init__(self, count: int, clock: FakeClock, rate: int = 10) -> None:
        self.rate, self.size, self.waits = Fraction(rate), SIZE, False
        self._count, self._clock, self._changed = count, clock, Condition()
        self._next, self._is_stopped = -1, False

    def __iter__(self) -> Iterator[VideoFrame]:
        for number in range(self._count + 1):
            with self._changed:
                self._next = number
                self._changed.notify_all()
                self._changed.wait_for(lambda due=float(number / self.rate): self._clock() >= due or self._is_stopped)
            if self._is_stopped or number == self._count:
                return
            yield VideoFrame(numbered(number % 50, *SIZE), number / self.rate)

    def pass_time(self, seconds: float) -> None:
        """Let time go on, and come back when all that was due has been sent."""
        until = round(self._clock() + seconds, 6)
        while self._next <= self._count and float(self._next / self.rate) <= until and not self._is_stopped:
            with self._changed:
                before = self._next
                self._clock.seconds = max(self._clock(), float(before / self.rate))
                self._changed.notify_all()
                if before == self._count:
                    break
                self._changed.wait_for(lambda before=before: self._next > before or self._is_stopped)
        self._clock.seconds = until

    def play(self) -> None: ...

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()
