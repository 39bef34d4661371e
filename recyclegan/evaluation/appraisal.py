"""The verdict on translated clips: their numbers as rows with intervals, and what they mean in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.evaluation.footage import PairedClip
from recyclegan.evaluation.measures import MEASURES, PICTURES
from recyclegan.evaluation.results import SOURCE, TARGET, Result, shares
from recyclegan.evaluation.truth import Size
from recyclegan.metrics.frame_numbers import Look, Numbers, Pair, look_of, numbers_of, pair_of, references_of
from recyclegan.metrics.intervals import Draws, Interval, mean_interval
from recyclegan.metrics.pictures import SHORT
from recyclegan.verdict import Finding, Verdict, verdict_of

NUM_FRAMES = 12
"""Frames of a clip that are looked at, and of the target, at most; spread evenly."""
MOST_CLASSES = 48
"""Colours of a frame up to which it is taken for a map of classes; footage is one where all of its frames are."""
WHOLE = ("patches_coarse", "fid", "kid")
"""Distances that tell how the look as a whole differs from the target's."""
FARTHER = 1.1
"""Times the source's distance from which a translation is told to be farther from the target."""
CALM = ("warping_error", "soft_warping_error")
"""Measures of steadiness that blur improves; the source's own is the reference."""
LOST = {"edges": 0.6, "sharpness": 0.75}
"""Shares of the source's edges, and of the sharpness of source or target, under which calm was bought with blur."""


@dataclass(frozen=True)
class Appraisal:
    """What there is to say of the pictures of translated footage."""

    results: dict[str, Result]
    """The numbers that the verdict rests on, by name, with intervals over clips."""
    has_labels: bool
    """Whether source or translation hold label maps, so that brightness and colours were not judged."""

    def verdict(self, others: Mapping[str, Result]) -> Verdict:
        """Return the verdict, and what measures of other kinds add to it."""
        verdict = verdict_of({name: result.translated.value for name, result in self.results.items()})
        if self.has_labels:
            return verdict
        return replace(verdict, findings=(*verdict.findings, *_farther(others), *_bought(others)))


def appraise(clips: Sequence[PairedClip], target: Sequence[Clip], draws: Draws) -> Appraisal:
    """Return the numbers of translated clips; one frame at a time is kept, and little of it.

    Raises:
        InputError: a file cannot be read.
    """
    seen = [[(pair_of(*both), [_is_label_map(image) for image in both]) for both in _pairs(clip)] for clip in clips]
    pairs = [[pair for pair, _ in one] for one in seen]
    has_labels = any(map(all, zip(*(flags for one in seen for _, flags in one), strict=True)))
    looks = [] if has_labels else [look_of(image) for image in _frames(target, clips[0].size)]
    own = [numbers_of(one, looks, has_labels) for one in pairs]
    beside: dict[str, list[Numbers]] = {SOURCE: [], TARGET: []}
    for one in pairs:
        for name, numbers in references_of(one, looks).items():
            beside[name].append(numbers)
    stated = {"size": _sizes(clips), "samples": _samples(pairs, looks)}
    names = [measure.name for measure in PICTURES if any(measure.name in numbers for numbers in own)]
    results = {name: Result(_over(own, name, draws), _references(beside, name, draws), stated) for name in names}
    return Appraisal(results, has_labels)


def _pairs(clip: PairedClip) -> Iterator[tuple[Image, Image]]:
    """Yield source and translation of frames that are spread evenly over a clip."""
    stride = -(-clip.source.num_frames // NUM_FRAMES)
    wanted = range(min(stride // 2, clip.source.num_frames - 1), clip.source.num_frames, stride)
    for moment in replace(clip, truth=None).moments(wanted, to_end=False):
        yield moment.source, moment.translated


def _frames(clips: Sequence[Clip], size: Size) -> Iterator[Image]:
    """Yield frames that are spread evenly over clips, brought to one size."""
    resize, chosen = Resize("rectangle", *size), clips[:: -(-len(clips) // NUM_FRAMES)] if clips else ()
    for clip in chosen:
        stride = -(-clip.num_frames * len(chosen) // NUM_FRAMES)
        for image in islice(clip.images(), min(stride // 2, clip.num_frames - 1), None, stride):
            yield resize(image)


def _is_label_map(image: Image) -> bool:
    """Return whether a frame has as few colours as a map of classes, as far as some thousand pixels tell."""
    step = max(1, min(image.shape[:2]) // SHORT)
    levels = image[::step, ::step].astype(np.int64)
    return len(np.unique(levels @ (65536, 256, 1) if levels.shape[2] == 3 else levels)) <= MOST_CLASSES


def _sizes(clips: Sequence[PairedClip]) -> str:
    return ", ".join(sorted({f"{clip.size[1]}x{clip.size[0]}" for clip in clips}))


def _samples(pairs: Sequence[Sequence[Pair]], looks: Sequence[Look]) -> str:
    aim = f"; target {len(looks)} frames" if looks else ""
    return f"{sum(map(len, pairs))} frames of {len(pairs)} clips{aim}"


def _over(clips: Sequence[Numbers], name: str, draws: Draws) -> Interval:
    return mean_interval([numbers.get(name, float("nan")) for numbers in clips], draws)


def _references(beside: Mapping[str, Sequence[Numbers]], name: str, draws: Draws) -> dict[str, Interval]:
    return {who: _over(own, name, draws) for who, own in beside.items() if any(name in numbers for numbers in own)}


def _farther(results: Mapping[str, Result]) -> Iterator[Finding]:
    """Find distances to the target that the untouched source beats."""
    for name in (name for name in WHOLE if name in results and SOURCE in results[name].references):
        ours, source = results[name].translated, results[name].references[SOURCE].value
        if ours.value > FARTHER * source > 0:
            chance = "; this may be chance" if ours.low <= source else ""
            yield Finding(
                "farther",
                ours.value,
                "farther from the target than the untouched source"
                f" ({MEASURES[name].title}: {ours.value:.3g}, the source's {source:.3g}{chance})",
                "train longer (--resume with more --steps), or check that --target shows the look that was trained for",
                is_grave=False,
            )


def _bought(results: Mapping[str, Result]) -> Iterator[Finding]:
    """Find steadiness beyond the source's in an output that has lost edges or sharpness: blur buys calm."""
    calm = [name for name in CALM if name in results and _value(results, name) < _value(results, name, SOURCE)]
    sharp = max(shares(results["sharpness"]).values(), default=1.0)
    kept = {"edges": _value(results, "edges_kept"), "sharpness": sharp}
    lost = [what for what, share in kept.items() if share < LOST[what]]
    if calm and lost:
        named = " and ".join(MEASURES[name].title.lower() for name in calm)
        yield Finding(
            "bought",
            kept[lost[0]],
            f"more calm than the source ({named}) is no merit: it was bought with blur, which left"
            f" {100 * kept[lost[0]]:.0f} % of the {lost[0]}",
            "judge steadiness beside sharpness; train longer, or anew at a larger --size",
            is_grave=False,
        )


def _value(results: Mapping[str, Result], name: str, reference: str = "") -> float:
    result = results.get(name)
    if result is None:
        return float("nan")
    return result.references[reference].value if reference else result.translated.value
