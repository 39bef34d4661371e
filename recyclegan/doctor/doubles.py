"""Whether clips that should be independent show the same footage: across splits, across domains, within a split.

Files are compared byte for byte, and clips by what their thumbnails show. A bound on the correlations of all pairs of
clips comes first, so that only those are compared which may show the same.

What frames show, in a form in which the same moment is recognized after encoding, resizing and recolouring.

Which of many clips may show what another one shows: a sure and quick bound on the correlations of their frames.

Frames are kept as their parts along a few directions in which the footage varies most, and the length of the rest. The
product of two frames is then at most that of the parts plus that of the lengths, so that clips that resemble each other
are never missed, and of the others hardly any is left to be compared.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from recyclegan.doctor.finding import Finding, listed, note, problem, warning
from recyclegan.doctor.scan import LONG, Scan, View, images_at
from recyclegan.errors import InputError
from recyclegan.files import digest
from recyclegan.metrics.pictures import SIDE, Patterns, patterns_of, thumbnail
from recyclegan.video import read_image

SAME_MOMENT = 0.75
"""Correlation from which two frames show one moment, or neighbouring ones of one shot."""
CLOSE = 16
"""Frames to each side of a sampled one that a closer look takes in."""
CLOSELY = 3
"""Frames that are looked at closely."""
_FAINT = 0.5
"""Levels of 255 (root mean square) up to which a pattern says nothing."""


@dataclass(frozen=True)
class Moments:
    """What the frames of a clip show, ready to be compared."""

    view: View
    patterns: Patterns
    common: Patterns
    """What they all have in common, such as a bonnet or the view of a fixed camera; 0 for a clip that is still."""
    units: Patterns
    """The patterns without what they have in common, at length 1."""

    def correlations(self, others: Patterns) -> Float32[np.ndarray, "_ _"]:
        """Return for each of the others' frames its correlation with each of these."""
        return _units(others - self.common) @ self.units.T

    def nearest(self, others: Patterns) -> float:
        """Return the largest correlation of any of the others' frames with any of these."""
        return float(self.correlations(others).max())


@dataclass(frozen=True)
class Match:
    """How many frames of one clip show moments of another."""

    num_same: int
    num_compared: int
    difference: float
    """Mean difference in colour between matching thumbnails, in levels of 255; 0 where none match."""
    first: float = 0.0
    """Where the other clip shows the first of these moments, as a share of its length; 0 where none match."""


def moments_of(view: View) -> Moments:
    """Return what a clip's frames show."""
    patterns = patterns_of(view.thumbs)
    common = patterns.mean(axis=0, keepdims=True)
    if not _units(patterns - common).any():
        common = np.zeros_like(common)
    return Moments(view, patterns, common, _units(patterns - common))


def compare(part: Moments, whole: Moments) -> Match:
    """Return how many of the sampled frames of ``part`` show moments that were sampled of ``whole``."""
    correlations = whole.correlations(part.patterns)
    same = correlations.max(axis=1) >= SAME_MOMENT
    nearest = correlations.argmax(axis=1)
    differences = np.abs(part.view.thumbs - whole.view.thumbs[nearest].astype(float))[same]
    difference = float(differences.mean()) if same.any() else 0.0
    return Match(int(same.sum()), len(same), difference, _first(whole.view, nearest[same].tolist()))


def compare_closely(part: Moments, whole: Moments) -> Match:
    """Compare the likeliest frames of ``part`` with all frames of ``whole`` around those that they are nearest to.

    Videos that are too long to be decoded again are passed over: no frame is compared.
    """
    if whole.view.video and whole.view.num_frames > LONG:
        return Match(0, 0, 0.0)
    correlations = whole.correlations(part.patterns)
    likeliest = np.argsort(correlations.max(axis=1))[::-1][:CLOSELY]
    same = []
    for frame in likeliest:
        nearest = int(correlations[frame].argmax())
        around = _patterns_around(whole.view, whole.view.places[nearest])
        found = _units(part.patterns[[frame]] - whole.common) @ _units(around - whole.common).T
        same += [nearest] if found.max() >= SAME_MOMENT else []
    return Match(len(same), len(likeliest), 0.0, _first(whole.view, same))


def _first(view: View, samples: Sequence[int]) -> float:
    """Return where in a clip the first of some of its sampled frames stands, as a share of its length."""
    return min((view.places[sample] for sample in samples), default=0) / view.num_frames


def _patterns_around(view: View, place: int) -> Patterns:
    places = list(range(max(0, place - CLOSE), min(view.num_frames, place + CLOSE + 1)))
    return patterns_of(np.stack([thumbnail(image) for _, image in images_at(view.clip, places, [])]))


def _units(patterns: Float[np.ndarray, "_ pixels"]) -> Patterns:
    """Return patterns at length 1; those too faint to say anything become 0."""
    length = np.linalg.norm(patterns, axis=1, keepdims=True)
    return np.where(length > _FAINT * SIDE, patterns / np.maximum(length, 1e-6), 0).astype(np.float32)


ROUGH, FINE = 128, 384
"""Directions of a quick look at all clips, and of a closer one at those that may still be alike."""
FRAMES_FOR_DIRECTIONS = 4096
_ROUNDING = 1e-3

Rows = Float32[np.ndarray, "_ _"]


@dataclass(frozen=True)
class Sketches:
    """The frames of many clips in short, one clip after the other: their parts, and the length of what is left."""

    starts: np.ndarray
    """The row at which each clip begins, and the number of all rows."""
    patterns: Rows
    """Of the patterns; the last column is -1, to take the offset of a unit off its product."""
    units: Rows
    """Of the patterns less what a clip's frames have in common, at length 1; the last column is their offset, the
    product with what they have in common."""
    commons: Rows
    """Of what each clip's frames have in common."""

    def bounds(self, part: int, others: Sequence[int]) -> Float32[np.ndarray, "others frames"]:
        """Return what each frame of clip ``part`` correlates at most with any frame of each of the other clips."""
        ours = self.patterns[slice(*self.starts[part : part + 2])]
        clips = slice(others.start, others.stop) if isinstance(others, range) else others
        sizes = np.diff(self.starts)[clips]
        products = self.units[self._rows(others)] @ ours.T
        largest = np.maximum.reduceat(products, np.cumsum(sizes) - sizes, axis=0)
        lengths = self._least_lengths(ours[:, :-1], self.commons[clips])
        return np.divide(largest, lengths, out=np.ones_like(largest), where=lengths > largest) + _ROUNDING

    def _rows(self, others: Sequence[int]) -> slice | np.ndarray:
        if isinstance(others, range):
            return slice(self.starts[others[0]], self.starts[others[-1] + 1])
        return np.concatenate([np.arange(*self.starts[other : other + 2]) for other in others])

    def _least_lengths(self, ours: Rows, commons: Rows) -> Float32[np.ndarray, "others frames"]:
        """Return how long each frame is at least without what the frames of each clip have in common."""
        squares = np.square(commons).sum(1)[:, None] + np.square(ours).sum(1) - 2 * commons @ ours.T
        return np.sqrt(squares.clip(min=0))


def sketches(views: Sequence[View]) -> tuple[Sketches, Sketches]:
    """Return the frames of clips in short, roughly and more finely; there must be a clip."""
    directions = _directions(views)
    pieces = [_pieces(moments_of(view), directions) for view in views]
    starts = np.cumsum([0, *(len(view.thumbs) for view in views)])
    rough, fine = (
        Sketches(starts, *[np.concatenate([piece[level] for piece in kind]) for kind in zip(*pieces, strict=True)])
        for level in (0, 1)
    )
    return rough, fine


def _pieces(clip: Moments, directions: Rows) -> tuple[tuple[Rows, Rows], ...]:
    """Return patterns, units and what is common of a clip, each roughly and finely."""
    taken_off, offsets = -np.ones((len(clip.patterns), 1), np.float32), clip.units @ clip.common.T
    return (
        _in_short(clip.patterns, directions, taken_off),
        _in_short(clip.units, directions, offsets),
        _in_short(clip.common, directions, np.empty((1, 0), np.float32)),
    )


def _in_short(rows: Rows, directions: Rows, last: Rows) -> tuple[Rows, Rows]:
    parts, squares = rows @ directions, np.square(rows).sum(axis=1)

    def with_rest(parts: Rows) -> Rows:
        rest = np.sqrt((squares - np.square(parts).sum(axis=1)).clip(min=0))
        return np.c_[parts, rest, last]

    return with_rest(parts[:, :ROUGH]), with_rest(parts)


def _directions(views: Sequence[View]) -> Rows:
    """Return the directions in which frames of the clips, evenly spread, vary most, the first one most of all."""
    clips = views[:: max(1, len(views) * 8 // FRAMES_FOR_DIRECTIONS)]
    each = max(1, FRAMES_FOR_DIRECTIONS // len(clips))
    units = np.concatenate([_spread(moments_of(view).units, each) for view in clips])
    _, vectors = np.linalg.eigh(units.T @ units)
    return np.ascontiguousarray(vectors[:, ::-1][:, :FINE]).astype(np.float32)


def _spread(rows: Rows, count: int) -> Rows:
    return rows[:: max(1, len(rows) // count)]


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


def shared_footage(scan: Scan) -> Iterable[Finding]:
    """Find footage that is in both splits, in both domains, or in one split twice."""
    if not scan.views:
        return
    equal = list(_equal_files(scan.views))
    views = sorted(scan.views, key=_order)
    rough, fine = sketches(views)
    moments = lru_cache(MOST_MOMENTS)(lambda number: moments_of(views[number]))
    known = {frozenset((pair.part.name, pair.whole.name)) for pair in equal}
    alike = list(_alike(scan, views, (rough, fine), moments, known))
    leaking = {pair.part.name for pair in (*equal, *alike) if pair.kind == "splits"}
    groups: dict[tuple[str, bool], list[Shared]] = defaultdict(list)
    for pair in (*equal, *alike, *_between_samples(views, fine, moments, leaking)):
        groups["cut" if _is_cut(pair, scan) else pair.kind, pair.exact].append(pair)
    for (kind, exact), pairs in groups.items():
        how = "byte for byte" if exact else "encoded, resized or cut anew"
        yield _finding(kind, how, listed(map(str, pairs)))


def _is_cut(pair: Shared, scan: Scan) -> bool:
    """Return whether a held-out clip is the end of the only clip of its domain, as ``prepare videos`` cuts it off."""
    only = len(scan.of("train", pair.part.domain)) == len(scan.of("val", pair.part.domain)) == 1
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
    by_content: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for number, file in (entry for entries in by_size.values() if len(entries) > 1 for entry in entries):
        by_content[digest(file)].append((number, file))
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


def _shows_something(file: Path) -> bool:
    try:
        return bool(np.ptp(read_image(file), axis=(0, 1)).any())
    except InputError:
        return False


def _order(view: View) -> tuple[bool, int]:
    """Return a sorting key that puts held-out clips, and then shorter ones, first."""
    return view.split != "val", view.num_frames


def _alike(
    scan: Scan, views: Sequence[View], looks: Sequence[Sketches], moments: Ready, known: set[frozenset[str]]
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
        scan.progress(done, total, "comparing clips")


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
        correlation = moments(other).nearest(moments(number).patterns)
        if correlation > best or (correlation == best and (nearest is None or other < nearest)):
            best, nearest = correlation, other
    return nearest
