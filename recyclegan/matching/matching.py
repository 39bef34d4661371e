"""Which way of matching a configuration asks for, made ready for a sampler."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recyclegan.data import Crop, DomainFrames, UnpairedClips
from recyclegan.data.cuts import Cut
from recyclegan.domains import DOMAINS, Domain
from recyclegan.matching.candidates import Candidate, candidates_of
from recyclegan.matching.layouts import Layout, known_layouts, layouts_of
from recyclegan.matching.nearest_crops import NearestCrops, mutual_neighbours
from recyclegan.pace import Progress
from recyclegan.settings.frames import DataConfig


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


def match_crops(
    clips: UnpairedClips,
    seen: Mapping[Domain, DomainFrames],
    config: DataConfig,
    clip_length: int,
    crop: Crop,
    seed: int,
    cache: Path | None,
    progress: Progress | None = None,
) -> None:
    """Let a sampler cut windows of both domains that match, as ``config.match`` says.

    ``seen`` holds the frames of the same clips, without what a sampler's may have beside colours. Layouts that are not
    known yet are described, and kept in ``cache`` where frames come from there; ``progress`` gets (crops done, in all,
    what).

    Raises:
        InputError: frames are damaged in the cache, or layouts cannot be written there.
    """
    if config.match == "bands":
        clips.matching = SameBand(seen)
    if config.match == "nearest":
        crops = {domain: candidates_of(seen[domain], clip_length, crop) for domain in DOMAINS}
        layouts = {domain: _layouts(seen[domain], domain, crops[domain], cache, progress) for domain in DOMAINS}
        pairs = mutual_neighbours(layouts["a"], layouts["b"], config.neighbours)
        clips.matching = NearestCrops(crops, pairs, clip_length, seed, known_layouts().name)


def _layouts(
    frames: DomainFrames, domain: Domain, crops: list[Candidate], cache: Path | None, progress: Progress | None
) -> Layout:
    def told(done: int) -> None:
        if progress is not None:
            progress(done, len(crops), f"describing layouts of {domain.upper()}")

    return layouts_of(frames, crops, known_layouts(), cache, told)
