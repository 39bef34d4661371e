"""Whether clips that should be independent show the same footage: across splits, across domains, within a split.

Files are compared byte for byte, and clips by what their thumbnails show.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from recyclegan.doctor.finding import Finding, listed, note, problem, warning
from recyclegan.doctor.moments import Match, Moments, compare, compare_closely, moments_of
from recyclegan.doctor.survey import Survey, View
from recyclegan.errors import InputError
from recyclegan.video import read_image

WORTH_A_LOOK = 0.35
"""Correlation from which the frames between those that were sampled are compared as well."""
LEAKED, SHARED, REPEATED = 0.05, 0.25, 0.5
"""Shares of a clip's frames that another one must hold: across splits, across domains, within a split."""
SAME_LOOK = 25
"""Mean difference between thumbnails, in levels of 255, up to which a moment is shown in the same look."""


@dataclass(frozen=True)
class Shared:
    """Footage that two clips share."""

    part: View
    """The held-out clip, or else the shorter one."""
    whole: View
    match: Match
    exact: bool
    """Whether files are equal byte for byte."""

    @property
    def kind(self) -> str:
        """Return what the clips share footage across: ``looks`` where they show it in two of them."""
        if self.part.domain != self.whole.domain:
            return "domains" if self.match.difference <= SAME_LOOK else "looks"
        return "splits" if self.part.split != self.whole.split else "clips"

    def __str__(self) -> str:
        if self.exact and self.match.num_compared == 1:
            return f"{self.part.name} is {self.whole.name}"
        return f"{self.match.num_same} of {self.match.num_compared} frames of {self.part.name} in {self.whole.name}"


def shared_footage(survey: Survey) -> Iterable[Finding]:
    """Find footage that is in both splits, in both domains, or in one split twice."""
    equal = list(_equal_files(survey.views))
    moments = [moments_of(view) for view in survey.views]
    alike = list(_alike(survey, moments, {frozenset((pair.part.name, pair.whole.name)) for pair in equal}))
    leaking = {pair.part.name for pair in (*equal, *alike) if pair.kind == "splits"}
    groups: dict[tuple[str, bool], list[Shared]] = defaultdict(list)
    for pair in (*equal, *alike, *_between_samples(moments, leaking)):
        groups[pair.kind, pair.exact].append(pair)
    for (kind, exact), pairs in groups.items():
        how = "byte for byte" if exact else "encoded, resized or cut anew"
        yield _finding(kind, how, listed(map(str, pairs)))


def _finding(kind: str, how: str, where: str) -> Finding:
    match kind:
        case "splits":
            return problem(
                f"train and val show the same shots ({how}), so that scores are those of training: {where}",
                "hold whole clips out and remove these from one split; recyclegan prepare videos does that",
            )
        case "domains":
            return problem(
                f"A and B show the same footage ({how}), so that there is nothing to translate: {where}",
                "put each clip into one domain only",
            )
        case "looks":
            return note(
                f"A and B show the same moments in two looks, so that the data is paired: {where}",
                "nothing to do; a method for pairs learns faster, and an unpaired one should not be judged by these",
            )
        case _:
            return warning(
                f"clips of one split show the same footage ({how}), which then counts twice: {where}",
                "keep one of each",
            )


def _equal_files(views: tuple[View, ...]) -> Iterator[Shared]:
    """Yield the pairs of clips that have files in common; images of one colour do not count."""
    by_size: dict[int, list[tuple[int, Path]]] = defaultdict(list)
    for number, view in enumerate(views):
        for file in view.clip.files:
            by_size[file.stat().st_size].append((number, file))
    by_content: dict[bytes, list[tuple[int, Path]]] = defaultdict(list)
    for number, file in (entry for entries in by_size.values() if len(entries) > 1 for entry in entries):
        by_content[_digest(file)].append((number, file))
    shared: Counter[tuple[int, int]] = Counter()
    for entries in by_content.values():
        numbers = sorted({number for number, _ in entries})
        if len(numbers) > 1 and (views[numbers[0]].video or _shows_something(entries[0][1])):
            shared.update(combinations(numbers, 2))
    for (first, second), count in shared.items():
        part, whole = sorted((views[first], views[second]), key=_order)
        num_files = len(part.clip.files)
        yield Shared(part, whole, Match(min(count, num_files), num_files, 0.0), exact=True)


def _digest(file: Path) -> bytes:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


def _shows_something(file: Path) -> bool:
    try:
        return bool(np.ptp(read_image(file), axis=(0, 1)).any())
    except InputError:
        return False


def _order(view: View) -> tuple[bool, int]:
    """Return a sorting key that puts held-out clips, and then shorter ones, first."""
    return view.split != "val", view.num_frames


def _alike(survey: Survey, moments: list[Moments], known: set[frozenset[str]]) -> Iterator[Shared]:
    """Yield the pairs of clips, but for those that are known, of which many sampled frames show the same moments."""
    pairs = list(combinations(sorted(moments, key=lambda clip: _order(clip.view)), 2))
    for done, (part, whole) in enumerate(pairs, start=1):
        survey.progress(done, len(pairs), "comparing clips")
        if frozenset((part.view.name, whole.view.name)) in known:
            continue
        match = compare(part, whole)
        needed = max(min(2, match.num_compared), _share(part.view, whole.view) * match.num_compared)
        if match.num_same >= needed:
            yield Shared(part.view, whole.view, match, exact=False)


def _share(part: View, whole: View) -> float:
    if part.domain != whole.domain:
        return SHARED
    return LEAKED if part.split != whole.split else REPEATED


def _between_samples(moments: list[Moments], leaking: set[str]) -> Iterator[Shared]:
    """Yield held-out clips whose moments lie between the sampled frames of the nearest clip in train."""
    for part in moments:
        trained = [clip for clip in moments if (clip.view.split, clip.view.domain) == ("train", part.view.domain)]
        if part.view.split != "val" or part.view.name in leaking or not trained:
            continue
        whole = max(trained, key=lambda clip: clip.nearest(part.patterns))
        if whole.nearest(part.patterns) >= WORTH_A_LOOK:
            match = compare_closely(part, whole)
            if match.num_same >= max(1, min(2, match.num_compared)):
                yield Shared(part.view, whole.view, match, exact=False)
