"""Whether a discriminator has won, from the course of its loss."""

from collections.abc import Mapping, Sequence

from recyclegan.domains import DOMAINS, Domain
from recyclegan.verdict.faults import Finding

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


def on_discriminators(points: Mapping[str, Points]) -> list[Finding]:
    """Return a finding for each discriminator that has won."""
    return [
        Finding(
            "discriminator",
            end - start,
            f"{domain}/discriminator: under {WON:g} in steps {start:.0f}-{end:.0f}; it always tells real from fake,"
            " and the generator learns nothing from it",
            "train anew with a smaller --discriminator-width, --history 50, or more varied clips",
            is_grave=True,
        )
        for domain, (start, end) in discriminators_that_won(points).items()
    ]
