"""The verdict on translated frames: from pictures, from what was measured of them, or from the numbers alone.

Whether a discriminator has won, from the course of its loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from recyclegan.arrays import Picture
from recyclegan.domains import DOMAINS, Direction, Domain
from recyclegan.metrics.frame_numbers import Look, Numbers, Pair, look_of, numbers_of, pair_of
from recyclegan.verdict.faults import Fault, faults_in, shows_pictures, strengths_in

Points = Sequence[tuple[float, float]]
"""The (step, value) points of a number."""

WON = 0.01
"""Loss of a discriminator that always tells real from fake; balance lies at a quarter of that of least squares."""
LONG_STRETCH = 0.25
"""Share of a run, at its end, that makes a stretch long."""
FEWEST_POINTS = 12
"""Logged values from which a course can be told."""


def discriminators_that_won(points: Mapping[str, Points]) -> dict[Domain, tuple[float, float]]:
    """Return first and last step of the stretch, at the end of a run, in which a discriminator's loss stayed at 0.

    The generator learns nothing from a discriminator that always tells real from fake.
    """
    found = {}
    for domain in DOMAINS:
        course = list(points.get(f"{domain}/discriminator", ()))
        length = next((n for n, (_, value) in enumerate(reversed(course)) if not value < WON), len(course))
        if len(course) >= FEWEST_POINTS and length >= LONG_STRETCH * max(len(course), FEWEST_POINTS):
            found[domain] = course[-length][0], course[-1][0]
    return found


def on_discriminators(points: Mapping[str, Points]) -> list[Fault]:
    """Return a finding for each discriminator that has won."""
    return [
        Fault(
            "discriminator",
            end - start,
            f"{domain}/discriminator: under {WON:g} in steps {start:.0f}-{end:.0f}; it always tells real from fake,"
            " and the generator learns nothing from it",
            "train anew with --lr-ratio 1, a smaller --discriminator-width, or more varied clips",
            is_grave=True,
        )
        for domain, (start, end) in discriminators_that_won(points).items()
    ]


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

    findings: tuple[Fault, ...]
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


def verdict_in(entry: Mapping[str, Any], direction: Direction) -> Verdict:
    """Return the verdict on a direction that the numbers of a line of ``stats.jsonl`` lead to."""
    return verdict_of({name: entry[f"{direction}/{name}"] for name in NAMES if f"{direction}/{name}" in entry})
