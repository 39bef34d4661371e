"""What a translation took: frames, seconds, and how busy the device was; what was chosen for it, and why."""

import time
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

    def line(self, device: str) -> str:
        """Return the figures in words: ``240 frames, 31.5 a second, cuda busy 97 %``; empty for one image."""
        if self.frames < 2 or self.seconds <= 0:
            return ""
        share = min(1.0, self.busy / self.seconds)
        pace = f"{self.frames} frames, {self.frames / self.seconds:.3g} a second, {device} busy {share:.0%}"
        return ", ".join([pace.replace("%", " %"), *self.choices])


class Clock:
    """Adds the seconds of a ``with`` block to an account, also where it fails."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._account.seconds += time.perf_counter() - self._start
