"""What a translation took: frames, seconds, and how busy the device was; what was chosen for it, and why."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Account:
    """Figures of one translation, which may be of many videos."""

    frames: int = 0
    """Frames translated."""
    seconds: float = 0.0
    """From the first frame that was read to the last one that was written, of all videos and folders."""
    busy: float = 0.0
    """Seconds in which the device translated."""
    choices: list[str] = field(default_factory=list)
    """What was chosen by measuring, in words, each once."""

    def add(self, frames: int, seconds: float) -> None:
        """Add a batch, and the seconds in which the device was busy with it."""
        self.frames += frames
        self.busy += seconds

    def choose(self, words: str) -> None:
        """Take down what was chosen, once."""
        if words and words not in self.choices:
            self.choices.append(words)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Add the seconds of a ``with`` block, also where it fails."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - start

    def line(self, device: str) -> str:
        """Return the figures in words: ``240 frames, 31.5 a second, cuda busy 97 %``; empty for one image."""
        if self.frames < 2 or self.seconds <= 0:
            return ""
        share = min(1.0, self.busy / self.seconds)
        pace = f"{self.frames} frames, {self.frames / self.seconds:.3g} a second, {device} busy {share:.0%}"
        return ", ".join([pace.replace("%", " %"), *self.choices])
