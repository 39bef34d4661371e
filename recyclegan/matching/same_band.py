"""Crops at one height of the frame: footage of a road has an up and a down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from recyclegan.data import DomainFrames
from recyclegan.data.cuts import Cut
from recyclegan.domains import Domain


@dataclass(frozen=True)
class SameBand:
    """Moves the crop of b to the height that the crop of a has in its frame; all else stays as it was drawn."""

    frames: Mapping[Domain, DomainFrames]
    """The clips that cuts are made from."""

    def __call__(self, position: int, drawn: Mapping[Domain, Cut]) -> dict[Domain, Cut]:
        """Return the cuts of a position in the order of all windows."""
        a, b = drawn["a"], drawn["b"]
        room, room_in_b = self._room("a", a), self._room("b", b)
        height = b.rows.stop - b.rows.start
        top = round(a.rows.start / room * room_in_b) if room else room_in_b // 2
        return {"a": a, "b": replace(b, rows=slice(top, top + height))}

    def _room(self, domain: Domain, cut: Cut) -> int:
        """Return by how many pixels a cut could move down from the upper border."""
        return self.frames[domain].clips[cut.clip].shape[1] - (cut.rows.stop - cut.rows.start)
