"""Whether generators and discriminators keep each other in balance."""

from collections.abc import Iterable
from math import log

import numpy as np

from recyclegan.doctor.finding import Finding, problem, warning
from recyclegan.doctor.run_view import Points, RunView, is_sane
from recyclegan.domains import DOMAINS, Direction, source_domain
from recyclegan.verdict import on_discriminators
from recyclegan.verdict.balance import FEWEST_POINTS

CHANCE = {"least-squares": 0.25, "cross-entropy": log(2)}
"""Loss of a discriminator that gives every frame the same verdict, right in the middle."""
NEAR_CHANCE = 0.04
"""Share of that loss by which it may differ and still be it."""
OUT_OF_BOUNDS = 2.0
"""Times the adversarial loss of a discriminator that takes every fake for a fake, with least squares."""


def discriminator_has_won(view: RunView) -> Iterable[Finding]:
    """Find discriminators whose loss stays at 0: generators learn nothing from them."""
    for won in on_discriminators({name: _sane(points) for name, points in view.points.items()}):
        yield problem(won.sentence, won.remedy)


def discriminator_cannot_tell(view: RunView) -> Iterable[Finding]:
    """Find discriminators that stay at chance through the later half."""
    if view.config is None:
        return
    chance = CHANCE[view.config.networks.objective]
    for domain, points in _discriminators(view).items():
        late = np.array([value for _, value in points[len(points) // 2 :]])
        if np.abs(late - chance).max() < NEAR_CHANCE * chance:
            yield warning(
                f"{domain}/discriminator: stays at {late.mean():.3f} through the later half of the run; {chance:.3g} is"
                " what a discriminator gets that cannot tell real from fake",
                "look at the samples: if they are poor, raise --discriminator-width or check that A and B differ",
            )


def adversarial_out_of_bounds(view: RunView) -> Iterable[Finding]:
    """Find adversarial terms that rise without bound."""
    if view.config is None or view.config.networks.objective != "least-squares":
        return
    for way in view.ways:
        points = _sane(view.terms(way).get("adversarial", []))
        if len(points) < FEWEST_POINTS:
            continue
        early, late = (np.mean([value for _, value in part]) for part in _thirds(points))
        weight = _weight(view, way)
        if late > OUT_OF_BOUNDS * weight and late > 1.5 * early:
            yield problem(
                f"{way}/adversarial: rises, from {early:.2f} in the first third of the run to {late:.2f} in the last;"
                f" {weight:g} is what it costs when every fake is found out",
                "train anew with a lower --lr, or give --clip-gradients 1",
            )


def _discriminators(view: RunView) -> dict[str, Points]:
    """Return the course of each discriminator's loss that is long enough to be judged."""
    courses = {domain: _sane(view.points.get(f"{domain}/discriminator", [])) for domain in DOMAINS}
    return {domain: points for domain, points in courses.items() if len(points) >= FEWEST_POINTS}


def _sane(points: Points) -> Points:
    return [point for point in points if is_sane(point[1])]


def _thirds(points: Points) -> tuple[Points, Points]:
    third = len(points) // 3
    return points[:third], points[-third:]


def _weight(view: RunView, way: Direction) -> float:
    weights = getattr(view.config.method, "adversarial", 1.0) if view.config else 1.0
    return float(weights[DOMAINS.index(source_domain(way))] if isinstance(weights, tuple) else weights)
