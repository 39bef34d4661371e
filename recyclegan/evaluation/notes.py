"""What is said of measures that could not be taken, so that no gap passes for a number."""

import math
from collections.abc import Iterator, Mapping, Sequence

from recyclegan.data.index import Clip
from recyclegan.evaluation.clips import ClipMeasures
from recyclegan.evaluation.footage import PairedClip
from recyclegan.evaluation.measures import MEASURES
from recyclegan.evaluation.results import Result

MOST_NAMED = 5
REASONS = {
    "pairs": "no pixel of neighbouring frames could be compared, or a network gave no finite number",
    "frames": "nothing was counted",
    "sample": "the frames of a set are all of one colour or too few, or the features are not finite",
}
"""Why a measure has no number, by what it is taken on."""


def notes_on_pairs(clips: Sequence[PairedClip], sources: Sequence[Clip]) -> Iterator[str]:
    """Yield what there is to say of which frames belong together, and a line on sources that nothing belongs to."""
    yield from (clip.note for clip in clips if clip.note)
    used = {clip.source.name for clip in clips}
    missing = [source.name for source in sources if source.name not in used]
    if missing:
        named = ", ".join(missing[:MOST_NAMED]) + (" and others" if len(missing) > MOST_NAMED else "")
        yield f"{len(missing)} of {len(sources)} clips of the source were not translated and are not measured: {named}"


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
