"""What the numbers of an evaluation mean in words: what could not be measured, and the verdict on the pictures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.data.walk import in_short
from recyclegan.evaluation.clip_measures import ClipMeasures
from recyclegan.evaluation.measure_catalogue import MEASURES, PICTURES
from recyclegan.evaluation.paired_clips import PairedClip
from recyclegan.evaluation.results import SOURCE, TARGET, Result, shares
from recyclegan.evaluation.truth import Size
from recyclegan.metrics.frame_numbers import Look, Numbers, Pair, look_of, numbers_of, pair_of, references_of
from recyclegan.metrics.intervals import Draws, Interval, mean_interval
from recyclegan.metrics.pictures import SHORT
from recyclegan.verdict import Fault, Verdict, verdict_of

REASONS = {
    "pairs": "no pixel of neighbouring frames could be compared, or a network gave no finite number",
    "frames": "nothing was counted",
    "learned": "no labelled frame of the target was scored, or target frames taught no more than the source's",
    "sample": "the frames of a set are all of one colour or too few, or the features are not finite",
}
"""Why a measure has no number, by what it is taken on."""


def notes_on_pairs(clips: Sequence[PairedClip], sources: Sequence[Clip]) -> Iterator[str]:
    """Yield what there is to say of which frames belong together, and a line on sources that nothing belongs to."""
    yield from (clip.note for clip in clips if clip.note)
    used = {clip.source.name for clip in clips}
    missing = [source.name for source in sources if source.name not in used]
    if missing:
        counted = f"{len(missing)} of {len(sources)}"
        yield f"{counted} clips of the source were not translated and are not measured: {in_short(missing)}"


def notes_on_results(results: Mapping[str, Result]) -> Iterator[str]:
    """Yield a line for each measure that has no finite number, of the translated footage or of what stands beside."""
    for name, result in results.items():
        values = {"the translated footage": result.translated, **result.references}
        without = [who for who, interval in values.items() if not math.isfinite(interval.value)]
        if without:
            yield f"{name}: no number for {' and '.join(without)}; {REASONS[MEASURES[name].taken_on]}"


def notes_on_gaps(clips: Sequence[ClipMeasures]) -> Iterator[str]:
    """Yield a line for each measure that lacks a number at some pairs of neighbouring frames."""
    for name in (measure.name for measure in MEASURES.values() if measure.taken_on == "pairs"):
        gaps = {clip.name: clip.num_gaps(name) for clip in clips if name in clip.curves and clip.num_gaps(name)}
        pairs = sum(clip.num_pairs for clip in clips)
        if gaps:
            worst = max(gaps, key=lambda clip: gaps[clip])
            yield (
                f"{name}: left out at {sum(gaps.values())} of {pairs} pairs of frames, most often in {worst}:"
                f" {REASONS['pairs']}"
            )


NUM_FRAMES = 12
"""Frames of a clip that are looked at, and of the target, at most; spread evenly."""
MOST_CLASSES = 48
"""Colours of a frame up to which it is taken for a map of classes; footage is one where all of its frames are."""
WHOLE = ("patches_coarse", "feature_frechet", "fid", "kid")
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


def appraise(
    clips: Sequence[PairedClip], target: Sequence[Clip], draws: Draws, are_label_maps: bool = False
) -> Appraisal:
    """Return the numbers of translated clips; one frame at a time is kept, and little of it.

    ``are_label_maps`` says that translations are label maps, which a lossy video no longer shows.

    Raises:
        InputError: a file cannot be read.
    """
    seen = [[_seen(moment.source, moment.translated) for moment in clip.looks(NUM_FRAMES)] for clip in clips]
    pairs = [[pair for pair, _ in one] for one in seen]
    has_labels = are_label_maps or any(map(all, zip(*(flags for one in seen for _, flags in one), strict=True)))
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


def _seen(source: Image, translated: Image) -> tuple[Pair, list[bool]]:
    """Return what is kept of a translated frame and its source, and whether each of them is a label map."""
    return pair_of(source, translated), [_is_label_map(image) for image in (source, translated)]


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


def _farther(results: Mapping[str, Result]) -> Iterator[Fault]:
    """Find distances to the target that the untouched source beats."""
    for name in (name for name in WHOLE if name in results and SOURCE in results[name].references):
        ours, source = results[name].translated, results[name].references[SOURCE].value
        if ours.value > FARTHER * source > 0:
            chance = "; this may be chance" if ours.low <= source else ""
            yield Fault(
                "farther",
                ours.value,
                "farther from the target than the untouched source"
                f" ({MEASURES[name].title}: {ours.value:.3g}, the source's {source:.3g}{chance})",
                "train longer (--resume with more --steps), or check that --target shows the look that was trained for",
            )


def _bought(results: Mapping[str, Result]) -> Iterator[Fault]:
    """Find steadiness beyond the source's in an output that has lost edges or sharpness: blur buys calm."""
    calm = [name for name in CALM if name in results and _value(results, name) < _value(results, name, SOURCE)]
    sharp = max(shares(results["sharpness"]).values(), default=1.0)
    kept = {"edges": _value(results, "edges_kept"), "sharpness": sharp}
    lost = [what for what, share in kept.items() if share < LOST[what]]
    if calm and lost:
        named = " and ".join(MEASURES[name].title.lower() for name in calm)
        yield Fault(
            "bought",
            kept[lost[0]],
            f"more calm than the source ({named}) is no merit: it was bought with blur, which left"
            f" {100 * kept[lost[0]]:.0f} % of the {lost[0]}",
            "judge steadiness beside sharpness; train longer, or anew at a larger --size",
        )


def _value(results: Mapping[str, Result], name: str, reference: str = "") -> float:
    result = results.get(name)
    if result is None:
        return float("nan")
    return result.references[reference].value if reference else result.translated.value
