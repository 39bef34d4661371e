"""The verdict on translated frames: from pictures, from what was measured of them, or from the numbers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from recyclegan.arrays import Picture
from recyclegan.domains import Direction
from recyclegan.metrics.frame_numbers import Look, Numbers, Pair, look_of, numbers_of, pair_of
from recyclegan.verdict.faults import Finding, faults_in, shows_pictures, strengths_in

Word = Literal["usable", "not judged", "usable with reservations", "not usable"]
WORDS: tuple[Word, ...] = get_args(Word)
"""The best first."""
NAMES = (
    "lightness_agreement",
    "swapped_area",
    "edges_kept",
    "detail_kept",
    "holes",
    "ghosts",
    "checkerboard",
    "tint",
    "saturated",
    "variety_kept",
    "contrast",
    "change",
)
"""The numbers that a verdict rests on."""


@dataclass(frozen=True)
class Verdict:
    """What is to say of translated frames."""

    findings: tuple[Finding, ...]
    """What is wrong, the gravest first."""
    numbers: Numbers
    """What it rests on; see `recyclegan.metrics.frame_numbers.numbers_of`."""

    @property
    def word(self) -> Word:
        """Return whether the frames can be used; of label maps, and of what is made of them, nobody can tell here."""
        if any(finding.is_grave for finding in self.findings):
            return "not usable"
        if self.findings:
            return "usable with reservations"
        return "usable" if shows_pictures(self.numbers) else "not judged"

    @property
    def sentence(self) -> str:
        """Return the word, what is wrong, and what is right."""
        wrong, right = "; ".join(finding.sentence for finding in self.findings), ", ".join(strengths_in(self.numbers))
        parts = [wrong, f"right: {right}" if wrong and right else right]
        return ": ".join(filter(None, (self.word, "; ".join(filter(None, parts)))))

    def lines(self, who: str = "") -> list[str]:
        """Return the sentence, and for each thing that is wrong what to do about it; ``who`` goes before each line."""
        return [who + self.sentence, *(f"{who}{finding.name}: {finding.remedy}" for finding in self.findings)]


def judge(
    sources: Sequence[Picture], translations: Sequence[Picture], target: Sequence[Picture] = (), labels: bool = False
) -> Verdict:
    """Return the verdict on translations of source frames, each of its source's size.

    ``target`` holds any frames of the look aimed at, of about the same size; without them a tint cannot be told, and
    dark or blurred regions that belong to the look are held against it. ``labels``: one of the domains holds label
    maps, whose brightness and colours mean nothing.
    """
    pairs = [pair_of(source, translated) for source, translated in zip(sources, translations, strict=True)]
    return judge_pairs(pairs, [look_of(image) for image in target], labels)


def judge_pairs(pairs: Sequence[Pair], target: Sequence[Look] = (), labels: bool = False) -> Verdict:
    """Return the verdict on frames that were measured before."""
    return verdict_of(numbers_of(pairs, target, labels))


def verdict_of(numbers: Mapping[str, float]) -> Verdict:
    """Return the verdict that numbers lead to, by the names of `numbers_of`; what is missing accuses of nothing."""
    known = {name: float(value) for name, value in numbers.items()}
    return Verdict(tuple(faults_in(known)), known)


def verdict_in(entry: Mapping[str, Any], way: Direction) -> Verdict:
    """Return the verdict on a direction that the numbers of a line of ``stats.jsonl`` lead to."""
    return verdict_of({name: entry[f"{way}/{name}"] for name in NAMES if f"{way}/{name}" in entry})
