"""One live translation, from its first frame to its end."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recyclegan.live.frame_translator import FrameTranslator, fitting, hastened
from recyclegan.live.keeping_up import Pace
from recyclegan.live.meter import Meter
from recyclegan.live.sinks import Closed, Controls, FreshSink, Sink
from recyclegan.live.sources import Arrival, Now, Reading, Source
from recyclegan.live.waiting import Waiting
from recyclegan.settings.streaming import Late, LiveScale

if TYPE_CHECKING:
    from recyclegan.translation import Translator

DEPTH = 2
"""Frames that wait where none may be lost."""
_LOOK = 0.05
"""Seconds after which a viewer gets its turn although no frame has come."""
TELL_EVERY = 5.0
"""Seconds between two lines of figures."""


class Live:
    """Translates the frames of a source for a sink until one of them ends.

    Frames that come while others are translated wait in turn (``late="wait"``: whoever sends them waits too), or only
    the newest does (``"drop"``). ``"auto"`` waits where both sides do: from pipe to pipe.
    """

    def __init__(
        self,
        translator: "Translator",
        source: Source,
        sink: Sink,
        controls: Controls | None = None,
        late: Late = "auto",
        scale: LiveScale = "auto",
        tell: Callable[[str], None] = print,
        now: Now = time.monotonic,
    ) -> None:
        """``tell`` is given lines for the user, ``now`` is the clock."""
        translator.card.refuse_extras("live")
        self._translator, self._source = translator, source
        self._controls, self._scale = controls or Controls(), scale
        self._tell, self._now = tell, now
        self._newest = late == "drop" or (late == "auto" and (sink.shows_newest or not source.waits))
        self._sink = FreshSink(sink, source.rate, now) if self._newest and not sink.shows_newest else sink
        self._waiting = Waiting[Arrival](1 if self._newest else DEPTH, self._newest)
        self.meter = Meter()
        self._told = 0.0

    def run(self) -> list[str]:
        """Translate until the source has ended or nobody looks on; return what there is to say.

        Ctrl-C is an end like another, once there was a frame.

        Raises:
            InputError: a frame cannot be read or translated.
        """
        with Reading(self._source, self._waiting, self._now):
            try:
                self._translate_all(self._first())
            except (EOFError, Closed):
                pass
            except KeyboardInterrupt:
                if not self.meter.num_frames:
                    raise
        self._tell(self._account())
        return [*self._source.notes, *self._sink.notes]

    def _first(self) -> tuple[FrameTranslator, Arrival]:
        """Return what translates frames, chosen on the first one, and the frame to begin with.

        Choosing takes seconds: where only the newest counts, what came meanwhile is forgotten; a video waits.
        """
        arrival = self._next()
        rate = float(self._source.rate)
        frames, words = fitting(self._translator, arrival.frame.image, rate, self._scale)
        self._tell(words)
        if self._newest:
            arrival = self._waiting.restart(arrival)
        self._source.play()
        return frames, Arrival(arrival.frame, self._now())

    def _translate_all(self, begun: tuple[FrameTranslator, Arrival]) -> None:
        frames, arrival = begun
        pace, self._told = Pace(float(self._source.rate)), self._now()
        while True:
            started = self._now()
            image = frames(arrival.frame.image, self._controls.strength)
            pace.took(self._now() - started)
            figures = self.meter.figures(self._waiting.num_dropped, frames.size)
            self._sink.show(image, arrival.frame.time, figures)
            self.meter.took(arrival.at, self._now())
            if self._now() - self._told >= TELL_EVERY:
                self._tell(str(self.meter.figures(self._waiting.num_dropped, frames.size)))
                self._told = self._now()
            if pace.is_late:
                frames, pace = self._hastened(frames, arrival, pace), Pace(pace.rate)
            arrival = self._next()

    def _hastened(self, frames: FrameTranslator, arrival: Arrival, pace: Pace) -> FrameTranslator:
        """Return what translates at a smaller size where the size is free, for what took too long of late."""
        faster = hastened(frames, arrival.frame.image, pace) if self._scale == "auto" else None
        if faster:
            height, width = faster.size
            self._tell(
                f"{pace.seconds * 1000:.0f} ms a frame: too slow; going on at {width}x{height} (--scale trained)"
            )
        return faster or frames

    def _next(self) -> Arrival:
        while (arrival := self._waiting.take(_LOOK)) is None:
            self._sink.idle()
        return arrival

    def _account(self) -> str:
        """Return in a line how it went."""
        meter = self.meter
        dropped = f", {self._waiting.num_dropped} dropped" if self._waiting.num_dropped else ""
        delay = f"at most {meter.longest_delay * 1000:.0f} ms behind"
        return f"{meter.num_frames} frames, {meter.whole_rate:.3g} frames/s, {delay}{dropped}"
