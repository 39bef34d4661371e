"""What was decoded of a video and what was not, in numbers and in words."""

from dataclasses import dataclass, field
from pathlib import Path

from recyclegan.video.promises import Promise

REMEDY = "re-encode it or download it again, or take what decodes with --damaged keep"


@dataclass
class Tally:
    """What was decoded of a video, and what was not."""

    path: Path
    promise: Promise
    num_frames: int = 0
    """Frames given out."""
    num_packets: int = 0
    """Packets that ought to become frames."""
    num_leading: int = 0
    """Frames left out because the file begins between key frames."""
    num_interlaced: int = 0
    """Frames given out that hold two moments, one in the even and one in the odd lines."""
    num_bad: int = 0
    """Frames that were patched up by the decoder, or not decoded at all."""
    num_missing: int = 0
    """Frames that seem to be missing where the times of a steady video make a leap."""
    num_late: int = 0
    """Frames whose time lies before that of the frame before."""
    num_silent: int = 0
    """Packets that became no frame, without an error."""
    reasons: list[str] = field(default_factory=list)
    """Why the file is taken for damaged; empty for a sound one."""

    @property
    def refusal(self) -> str:
        """Return in one line why the video is refused."""
        return (
            f"{self.path}: decoding stopped after {self.num_frames}{self._promised} frames ({self.reasons[0]}); the "
            f"file is truncated or damaged; {REMEDY}"
        )

    @property
    def notes(self) -> list[str]:
        """Return what the user should know of a video that was decoded to its end."""
        notes = []
        if self.num_leading:
            frames = "frame was" if self.num_leading == 1 else f"{self.num_leading} frames were"
            notes.append(f"{self.path}: begins between key frames; its first {frames} left out")
        if self.reasons:
            bad = f", {self.num_bad} frames damaged or missing" if self.num_bad else ""
            notes.append(
                f"{self.path}: damaged ({self.reasons[0]}); kept {self.num_frames}{self._promised} frames{bad}"
            )
        if self.num_missing:
            notes.append(f"{self.path}: its times leap over {self.num_missing} frames, which seem to be missing")
        if self.num_late:
            notes.append(
                f"{self.path}: {self.num_late} frames state times before their turn; shown right after another"
            )
        if self.num_silent and not self.reasons:
            notes.append(f"{self.path}: {self.num_silent} of its {self.num_packets} packets hold no frame to show")
        return notes

    @property
    def _promised(self) -> str:
        promised = self.promise.num_frames
        return "" if promised is None else f" of {'' if self.promise.is_exact else 'about '}{promised}"
