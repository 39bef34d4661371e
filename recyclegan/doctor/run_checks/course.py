"""What the course of the losses says: broken, still falling, or settled."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.run_view import Points, RunView, is_sane
from recyclegan.logs import is_number
from recyclegan.training.validation import rise_at_the_end

FEWEST_POINTS = 20
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
    if len(total) < FEWEST_POINTS or not all(is_sane(value) for _, value in total):
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
    losses_rise = len(total) >= FEWEST_POINTS and _change(total[len(total) // 2 :])[0] > 0
    for way in view.ways:
        rise = rise_at_the_end(view.points.get(f"{way}/equivariance", []))
        if rise > RISES and not losses_rise:
            yield warning(
                f"{way}/equivariance: rose by {rise:.0%} over the last third of the run, although the losses did not:"
                " translations get less steady",
                "train anew with fewer --steps or a longer --decay; judge by the samples as well",
            )


def _total(view: RunView) -> Points:
    """Return the sum of all terms that are not adversarial, at the steps where all were logged."""
    courses = [
        points for way in view.ways for name, points in view.terms(way).items() if not name.startswith("adversarial")
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
