"""Whether clips that should be independent show the same footage: across splits, across domains, within a split.

Files are compared byte for byte, and clips by what their thumbnails show. A bound on the correlations of all pairs of
clips comes first, so that only those are compared which may show the same.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np

from recyclegan.doctor.finding import Finding, listed, note, problem, warning
from recyclegan.doctor.moments import SAME_MOMENT, Match, Moments, compare, compare_closely, moments_of
from recyclegan.doctor.nearness import Sketches, sketches
from recyclegan.doctor.survey import Survey, View
from recyclegan.errors import InputError
from recyclegan.video import read_image

WORTH_A_LOOK = 0.35
"""Correlation from which the frames between those that were sampled are compared as well."""
LEAKED, SHARED, REPEATED = 0.05, 0.25, 0.5
"""Shares of a clip's frames that another one must hold: across splits, across domains, within a split."""
LATE = 0.5
"""Share of the only clip of a domain after which what is cut off for validation may resemble it."""
SAME_LOOK = 25
"""Mean difference between thumbnails, in levels of 255, up to which a moment is shown in the same look."""
MOST_MOMENTS = 2048
"""Clips that are kept ready to be compared; the others are made ready anew."""

Ready = Callable[[int], Moments]
"""Gives what the frames of a clip show, by its number."""


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
    if not survey.views:
        return
    equal = list(_equal_files(survey.views))
    views = sorted(survey.views, key=_order)
    rough, fine = sketches(views)
    moments = lru_cache(MOST_MOMENTS)(lambda number: moments_of(views[number]))
    known = {frozenset((pair.part.name, pair.whole.name)) for pair in equal}
    alike = list(_alike(survey, views, (rough, fine), moments, known))
    leaking = {pair.part.name for pair in (*equal, *alike) if pair.kind == "splits"}
    groups: dict[tuple[str, bool], list[Shared]] = defaultdict(list)
    for pair in (*equal, *alike, *_between_samples(views, fine, moments, leaking)):
        groups["cut" if _is_cut(pair, survey) else pair.kind, pair.exact].append(pair)
    for (kind, exact), pairs in groups.items():
        how = "byte for byte" if exact else "encoded, resized or cut anew"
        yield _finding(kind, how, listed(map(str, pairs)))


def _is_cut(pair: Shared, survey: Survey) -> bool:
    """Return whether a held-out clip is the end of the only clip of its domain, as ``prepare videos`` cuts it off."""
    only = len(survey.of("train", pair.part.domain)) == len(survey.of("val", pair.part.domain)) == 1
    late = pair.match.first >= LATE and not pair.exact
    return pair.kind == "splits" and only and late and pair.part.clip.name == pair.whole.clip.name


def _finding(kind: str, how: str, where: str) -> Finding:
    match kind:
        case "cut":
            return note(
                f"what is held out is cut from the only clip of its domain and resembles what is trained on ({where}), "
                "so that scores tell of this scene alone",
                "add clips of other places and times, and make the data folder anew, if scores are to tell of those",
            )
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
    holders: Counter[tuple[int, ...]] = Counter()
    for entries in by_content.values():
        numbers = tuple(sorted({number for number, _ in entries}))
        if len(numbers) > 1 and (views[numbers[0]].video or _shows_something(entries[0][1])):
            holders[numbers] += 1
    shared: Counter[tuple[int, int]] = Counter()
    for numbers, count in holders.items():
        for pair in combinations(numbers, 2):
            shared[pair] += count
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


def _alike(
    survey: Survey, views: Sequence[View], looks: Sequence[Sketches], moments: Ready, known: set[frozenset[str]]
) -> Iterator[Shared]:
    """Yield the pairs of clips, but for those that are known, of which many sampled frames show the same moments."""
    done, total = 0, len(views) * (len(views) - 1) // 2
    for number, part in enumerate(views[:-1]):
        for other in _candidates(views, looks, number):
            whole = views[other]
            if frozenset((part.name, whole.name)) in known:
                continue
            match = compare(moments(number), moments(other))
            if match.num_same >= _needed(part, whole, match.num_compared):
                yield Shared(part, whole, match, exact=False)
        done += len(views) - 1 - number
        survey.progress(done, total, "comparing clips")


def _candidates(views: Sequence[View], looks: Sequence[Sketches], number: int) -> Sequence[int]:
    """Return the numbers of the later clips of which so many frames may show the same that they must be compared."""
    others: Sequence[int] = range(number + 1, len(views))
    for look in looks:
        if others:
            likely = (look.bounds(number, others) >= SAME_MOMENT).sum(axis=1).tolist()
            needed = _least_needed(views[number])
            others = [
                other
                for other, count in zip(others, likely, strict=True)
                if count >= needed and count >= _needed(views[number], views[other], len(views[number].thumbs))
            ]
    return others


def _least_needed(part: View) -> float:
    """Return how many of a clip's frames another one must show at least, whichever it is."""
    return _enough(min(LEAKED, SHARED, REPEATED), len(part.thumbs))


def _needed(part: View, whole: View, num_compared: int) -> float:
    """Return how many of the compared frames must show the same."""
    return _enough(_share(part, whole), num_compared)


def _enough(share: float, num_compared: int) -> float:
    return max(min(2, num_compared), share * num_compared)


def _share(part: View, whole: View) -> float:
    if part.domain != whole.domain:
        return SHARED
    return LEAKED if part.split != whole.split else REPEATED


def _between_samples(views: Sequence[View], look: Sketches, moments: Ready, leaking: set[str]) -> Iterator[Shared]:
    """Yield held-out clips whose moments lie between the sampled frames of the nearest clip in train."""
    for number, part in enumerate(views):
        if part.split != "val" or part.name in leaking:
            continue
        trained = [other for other, view in enumerate(views) if (view.split, view.domain) == ("train", part.domain)]
        nearest = _nearest(look, moments, number, trained) if trained else None
        if nearest is not None:
            match = compare_closely(moments(number), moments(nearest))
            if match.num_same >= max(1, min(2, match.num_compared)):
                yield Shared(part, views[nearest], match, exact=False)


def _nearest(look: Sketches, moments: Ready, number: int, others: Sequence[int]) -> int | None:
    """Return the clip of which a frame is likest to one of another clip, None where none is worth a look."""
    bounds = dict(zip(others, look.bounds(number, others).max(axis=1).tolist(), strict=True))
    best, nearest = WORTH_A_LOOK, None
    for other in sorted(others, key=lambda other: -bounds[other]):
        if bounds[other] < best:
            break
        likeness = moments(other).nearest(moments(number).patterns)
        if likeness > best or (likeness == best and (nearest is None or other < nearest)):
            best, nearest = likeness, other
    return nearest
