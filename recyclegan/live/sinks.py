"""Where live frames go: into a pipe, or to what shows them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction

from recyclegan.arrays import Image
from recyclegan.live.meter import Figures
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
