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
    """A pipe for the newest frames, whoever reads it: the time that its reader takes too long is left out.

    Else a slow reader would be given frames again for those that were dropped while it read, which takes longer still.
    """

    shows_newest = False

    def __init__(self, sink: Sink, rate: Fraction, now: Now) -> None:
        """``rate`` is that of the pipe in frames a second, ``now`` the clock."""
        self._sink, self._rate, self._now = sink, rate, now
        self._left_out = Fraction(0)
        self._last: Fraction | None = None
        self._was_slow = False

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
        due, begun = self._due(time), self._now()
        lasts = 1 / self._rate if self._last is None else due - self._last
        self._sink.show(image, due, figures)
        self._was_slow = self._now() - begun > lasts
        self._left_out, self._last = time - due, due

    def idle(self) -> None:
        """Let the pipe do what it must."""
        self._sink.idle()

    def _due(self, time: Fraction) -> Fraction:
        """Return when a frame is shown: at its time, or next to the last one where that was read slowly."""
        due = time - self._left_out
        return min(due, self._last + 1 / self._rate) if self._last is not None and self._was_slow else due
