"""Where live frames go: into a pipe, or to what shows them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction

from recyclegan.arrays import Image
from recyclegan.live.meter import Figures
from recyclegan.live.sources import Now
from recyclegan.streams import EvenWriter


class Closed(Exception):  # noqa: N818
    """Nobody looks on any more: a window was closed, or a pipe."""


class Sink(ABC):
    """What shows frames."""

    shows_newest: bool
    """Whether only the newest frame is of use."""

    @property
    @abstractmethod
    def notes(self) -> list[str]:
        """What there is to say afterwards."""

    @abstractmethod
    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Show a frame of the source's time.

        Raises:
            Closed: nobody looks on any more.
        """

    @abstractmethod
    def idle(self) -> None:
        """Do what must be done while no frame comes.

        Raises:
            Closed: nobody looks on any more.
        """


@dataclass
class Controls:
    """What a viewer may change."""

    strength: float = 1.0
    """Share of the translation, 0 to 1; the rest is the source."""


class PipeSink(Sink):
    """Writes frames into a pipe at an even rate: what was dropped is made up for by the frame before it."""

    shows_newest = False

    def __init__(self, writer: EvenWriter) -> None:
        self._writer = writer

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return []

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Write a frame.

        Raises:
            Closed: nobody reads any more.
        """
        try:
            self._writer.write(image, time)
        except BrokenPipeError as error:
            raise Closed from error

    def idle(self) -> None:
        """There is nothing to do."""


class FreshSink(Sink):
    """A pipe for the newest frames, whoever reads it: by what that takes too long, frames are shown earlier.

    Without it, frames that were dropped while a slow reader let the pipe wait would be made up for by repeating, which
    takes such a reader longer still.
    """

    shows_newest = False

    def __init__(self, sink: Sink, rate: Fraction, now: Now) -> None:
        """``rate`` is that of the pipe in frames a second, ``now`` the clock."""
        self._sink, self._rate, self._now = sink, rate, now
        self._left_out = Fraction(0)
        self._last: Fraction | None = None

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        if self._left_out < 1:
            return self._sink.notes
        slow = f"-: it was read more slowly than {float(self._rate):.3g} frames/s"
        return [*self._sink.notes, f"{slow}; of its time {float(self._left_out):.1f} s are left out"]

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Show a frame.

        Raises:
            Closed: nobody looks on any more.
        """
        due, lasts = self._due(time)
        begun = self._now()
        self._sink.show(image, due, figures)
        self._left_out = time - due + max(Fraction(0), Fraction(self._now() - begun) - lasts)
        self._last = due

    def idle(self) -> None:
        """Let the pipe do what it must."""
        self._sink.idle()

    def _due(self, time: Fraction) -> tuple[Fraction, Fraction]:
        """Return when a frame is shown, never before its turn, and the seconds that it fills."""
        tick = 1 / self._rate
        if self._last is None:
            return time, tick
        due = max(time - self._left_out, min(time, self._last + tick))
        return due, max(tick, due - self._last)
