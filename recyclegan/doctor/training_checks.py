"""Checks of the course of training: the log, the adversaries, and what is translated."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log

import numpy as np

from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.run_view import Points, RunView, is_sane
from recyclegan.domains import DOMAINS, Direction, source_domain
from recyclegan.logs import is_number
from recyclegan.training.validation import rise_at_the_end
from recyclegan.verdict import on_discriminators
from recyclegan.verdict.judging import FEWEST_POINTS

FEWEST_LINES = 20
"""Lines of ``stats.jsonl`` from which a course can be told."""
STILL_FALLING = 0.1
"""Fall over the last half of a run, as a share of the mean there, from which more training would help."""
SETTLED = 0.03
CLEAR = 3.0
"""Standard errors from which a slope is no matter of chance."""
RISES = 0.1
"""Rise over the last third of a run, as a share of the mean there, that is told of."""


def damaged_log(view: RunView) -> Iterable[Finding]:
    """Find a log that cannot be read, lines that are damaged, and steps that were logged twice."""
    log = view.log
    if log.unreadable:
        yield log.unreadable
    if log.damaged:
        yield warning(
            f"stats.jsonl: {counted(len(log.damaged), 'line')} of {len(log.damaged) + len(log.entries)} cannot be read"
            f" and were passed over: {listed(f'line {number}' for number in log.damaged)}",
            "a full disk or a second writer leaves such lines; the others were judged",
        )
    strange = Counter(name for entry in log.entries for name, value in entry.items() if not is_number(value))
    if strange:
        yield warning(
            f"stats.jsonl: holds what is no number: {listed(f'{name} in {strange[name]}' for name in strange)}",
            "such values were passed over; something else wrote them",
        )
    twice = [step for step, count in Counter(entry["step"] for entry in log.entries).items() if count > 1]
    if twice:
        yield warning(
            f"stats.jsonl: {counted(len(twice), 'step')} logged more than once, such as {twice[0]}; the last counts",
            "two trainings may have written into one folder: train into a folder for each",
        )


def values_not_finite(view: RunView) -> Iterable[Finding]:
    """Find losses that are not finite, or as good as that."""
    for name, points in view.points.items():
        broken = [(step, value) for step, value in points if not is_sane(value)]
        if broken:
            step, value = broken[0]
            yield problem(
                f"stats.jsonl: {name} is {value} at step {step:.0f}",
                "train anew, or resume before it, with a lower --lr, --clip-gradients 1 or --precision 32",
            )


def still_falling_or_settled(view: RunView) -> Iterable[Finding]:
    """Find runs that would gain from more steps, and runs that gained nothing from the last half."""
    total = _total(view)
    if len(total) < FEWEST_LINES or not all(is_sane(value) for _, value in total):
        return
    late = total[len(total) // 2 :]
    change, error = _change(late)
    middle, end = late[0][0], late[-1][0]
    if change < -STILL_FALLING and change < -CLEAR * error:
        yield note(
            f"all terms but the adversarial ones still fell by {-change:.0%} from step {middle:.0f} to {end:.0f}",
            f"train longer: --resume with --steps {2 * round(end)}",
        )
    elif abs(change) < SETTLED and error < SETTLED:
        yield note(
            f"all terms but the adversarial ones changed by {change:+.1%} from step {middle:.0f} to {end:.0f}",
            "more steps alone will hardly help; judge by the samples, and change data or weights instead",
        )


def equivariance_rises(view: RunView) -> Iterable[Finding]:
    """Find directions whose equivariance error rises while the losses fall."""
    total = [point for point in _total(view) if is_sane(point[1])]
    losses_rise = len(total) >= FEWEST_LINES and _change(total[len(total) // 2 :])[0] > 0
    for direction in view.directions:
        rise = rise_at_the_end(view.points.get(f"{direction}/equivariance", []))
        if rise > RISES and not losses_rise:
            yield warning(
                f"{direction}/equivariance: rose by {rise:.0%} over the last third of the run, although the losses did"
                " not: translations get less steady",
                "train anew with fewer --steps or a longer --decay; judge by the samples as well",
            )


def _total(view: RunView) -> Points:
    """Return the sum of all terms that are not adversarial, at the steps where all were logged."""
    courses = [
        points
        for direction in view.directions
        for name, points in view.terms(direction).items()
        if not name.startswith("adversarial")
    ]
    sums: dict[float, list[float]] = defaultdict(list)
    for points in courses:
        for step, value in points:
            sums[step].append(value)
    return [(step, sum(values)) for step, values in sorted(sums.items()) if len(values) == len(courses)]


def _change(points: Points) -> tuple[float, float]:
    """Return the change along the straight line through the points, and its standard error, as shares of the mean."""
    steps, values = np.array(points).T
    span = steps[-1] - steps[0]
    (slope, _), covariance = np.polyfit((steps - steps[0]) / span, values, 1, cov=True)
    mean = max(float(np.abs(values).mean()), 1e-12)
    return float(slope) / mean, float(np.sqrt(covariance[0, 0])) / mean


CHANCE = {"least-squares": 0.25, "cross-entropy": log(2), "hinge": 1.0}
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
    for direction in view.directions:
        points = _sane(view.terms(direction).get("adversarial", []))
        if len(points) < FEWEST_POINTS:
            continue
        early, late = (np.mean([value for _, value in part]) for part in _thirds(points))
        weight = _weight(view, direction)
        if late > OUT_OF_BOUNDS * weight and late > 1.5 * early:
            yield problem(
                f"{direction}/adversarial: rises, from {early:.2f} in the first third of the run to {late:.2f} in the"
                f" last; {weight:g} is what it costs when every fake is found out",
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


def _weight(view: RunView, direction: Direction) -> float:
    weights = getattr(view.config.method, "adversarial", 1.0) if view.config else 1.0
    return float(weights[DOMAINS.index(source_domain(direction))] if isinstance(weights, tuple) else weights)


def nothing_to_look_at(view: RunView) -> Iterable[Finding]:
    """Find runs whose translations cannot be seen, because their footage or translators are not there or damaged."""
    made = view.translations
    yield from view.translator_findings
    if not made and not view.translator_findings:
        where = f" at {view.data}" if view.data else ""
        missing = "translators" if not list(view.run.glob("*.safetensors")) else f"footage{where}"
        yield note(f"no translation was looked at, because there is no {missing}", "name footage with --data DIR")


def inverted_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that turn what is lighter than its surroundings into something darker."""
    return _faults(view, "inversion", "unrelated")


def vanishing_variety(view: RunView) -> Iterable[Finding]:
    """Find directions that translate different frames into the same one."""
    return _faults(view, "no variety")


def nothing_but_one_colour(view: RunView) -> Iterable[Finding]:
    """Find directions that produce a single colour."""
    return _faults(view, "one colour")


def saturated_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that drive colours to black and to full light."""
    return _faults(view, "saturation")


def holes(view: RunView) -> Iterable[Finding]:
    """Find directions that tear black or glaring holes into what the source shows."""
    return _faults(view, "holes")


def lost_edges(view: RunView) -> Iterable[Finding]:
    """Find directions that blur edges and detail."""
    return _faults(view, "mush")


def checkerboard(view: RunView) -> Iterable[Finding]:
    """Find directions that leave patterns of two or four pixels."""
    return _faults(view, "checkerboard")


def ghosts(view: RunView) -> Iterable[Finding]:
    """Find directions that put shapes where the source is flat."""
    return _faults(view, "ghosts")


def tint(view: RunView) -> Iterable[Finding]:
    """Find directions that give a colour that neither look has."""
    return _faults(view, "tint")


def nothing_changed(view: RunView) -> Iterable[Finding]:
    """Find directions that return their input."""
    return _faults(view, "unchanged")


def _faults(view: RunView, *names: str) -> Iterable[Finding]:
    """Yield the faults of these names in each direction: a problem where they make it unusable, else a warning."""
    for seen in view.translations:
        for fault in seen.verdict.findings:
            if fault.name in names:
                finding = problem if fault.is_grave else warning
                yield finding(f"{seen.direction}, {counted(len(seen.pairs), 'frame')}: {fault.sentence}", fault.remedy)
