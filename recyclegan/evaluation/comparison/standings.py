"""Where each contender stands: its numbers over seeds and clips, and how far they lie from the baseline's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from recyclegan.domains import Direction
from recyclegan.evaluation.comparison.contender_run import ContenderRun, by_direction
from recyclegan.evaluation.examples import differences, read_draws, read_metrics
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.metrics.intervals import Interval, middle
from recyclegan.verdict import WORDS

Values = Float[np.ndarray, " draws"]


@dataclass(frozen=True)
class Score:
    """What a contender reaches by one measure."""

    value: Interval
    """Mean over its seeds. The interval holds the middle 95 % over seeds and clips, both drawn again."""
    seeds: tuple[float, ...]
    """Each seed's own."""
    difference: Interval | None = None
    """Less the baseline's; the same clips are drawn for both. None for the baseline itself."""

    @property
    def verdict(self) -> int:
        """Return 1 or -1 where the difference is above or below 0 in its whole interval, else 0."""
        if self.difference is None:
            return 0
        return int(self.difference.low > 0) - int(self.difference.high < 0)


@dataclass(frozen=True)
class Standing:
    """All scores of one direction."""

    direction: Direction
    baseline: str
    scores: dict[str, dict[str, Score]]
    """By contender, then by measure."""
    source: dict[str, float]
    """What the source itself scores, by measure, where it has the measure."""
    target: dict[str, float] = field(default_factory=dict)
    """What the target itself scores, the least or most that can be reached, where it has the measure."""
    verdicts: dict[str, str] = field(default_factory=dict)
    """By contender, the verdict on its worst seed: its word and, in words, what was found."""

    @property
    def measures(self) -> list[str]:
        """Return the measures that any contender has, in the order of the reports."""
        return [name for name in MEASURES if any(name in scores for scores in self.scores.values())]


def read_standing(all_runs: Sequence[ContenderRun], baseline: str) -> list[Standing]:
    """Return the standing in each direction that was evaluated, from the files that the runs left.

    Raises:
        InputError: a file is missing or not of this version.
    """
    return [_standing(direction, runs, baseline) for direction, runs in by_direction(all_runs).items()]


def measured_otherwise(all_runs: Sequence[ContenderRun]) -> list[str]:
    """Return a line for each setting in which the measurements of a direction differ, as a resumed comparison's may."""
    contents = {
        direction: {run.name: read_metrics(run.evaluation(direction)) for run in runs}
        for direction, runs in by_direction(all_runs).items()
    }
    return [f"{direction}: {line}" for direction, metrics in contents.items() for line in differences(metrics)]


@dataclass(frozen=True)
class _Samples:
    """One measure of one contender: a value for each seed, and its values under the draws of clips."""

    values: tuple[float, ...]
    draws: Values
    num_clips: int


def _standing(direction: Direction, all_runs: Sequence[ContenderRun], baseline: str) -> Standing:
    contenders: dict[str, list[ContenderRun]] = {}
    for run in all_runs:
        contenders.setdefault(run.contender, []).append(run)
    samples = {name: _samples(runs, direction, number) for number, (name, runs) in enumerate(contenders.items())}
    base = samples.get(baseline, {})
    scores = {
        name: {
            measure: _score(found, base.get(measure) if name != baseline else None) for measure, found in own.items()
        }
        for name, own in samples.items()
    }
    content = read_metrics(all_runs[0].evaluation(direction))
    source, target = (_referred(content, who) for who in ("source", "target"))
    verdicts = {name: _verdict(runs, direction) for name, runs in contenders.items()}
    known = {name: found for name, found in verdicts.items() if found}
    return Standing(direction, baseline, scores, source, target, known)


def _referred(content: Mapping[str, Any], who: str) -> dict[str, float]:
    """Return what the source or the target itself scores, by measure."""
    found = {name: measure["references"].get(who, {}).get("value") for name, measure in content["measures"].items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def _verdict(runs: Sequence[ContenderRun], direction: Direction) -> str:
    """Return the sentence of the worst seed; nothing where an older version measured."""
    verdicts = [read_metrics(run.evaluation(direction)).get("verdict") for run in runs]
    known = [(verdict["word"], verdict["sentence"]) for verdict in verdicts if isinstance(verdict, dict)]
    return max(known, key=lambda one: WORDS.index(one[0]))[1] if known else ""


def _samples(runs: Sequence[ContenderRun], direction: Direction, number: int) -> dict[str, _Samples]:
    contents = [read_metrics(run.evaluation(direction)) for run in runs]
    draws = [read_draws(run.evaluation(direction)) for run in runs]
    rng = np.random.default_rng(number)
    found = {}
    for name in (name for name in MEASURES if all(name in content["measures"] for content in contents)):
        measured = [content["measures"][name]["translated"] for content in contents]
        values = tuple(float("nan") if one["value"] is None else float(one["value"]) for one in measured)
        found[name] = _Samples(values, over_seeds(_stacked(draws, name, values), rng), measured[0]["num_clips"])
    return found


def _stacked(
    draws: Sequence[dict[str, Values]], name: str, values: Sequence[float]
) -> Float[np.ndarray, "seeds draws"]:
    """Return the draws of each seed; a seed without any (an only clip) keeps its value in all of them.

    Of seeds that were drawn a different number of times the first draws count, which are of the same clips.
    """
    num_draws = min((len(one[name]) for one in draws if name in one), default=0)
    return np.stack(
        [
            one[name][:num_draws] if name in one else np.full(num_draws, value)
            for one, value in zip(draws, values, strict=True)
        ]
    )


def over_seeds(draws: Float[np.ndarray, "seeds draws"], rng: np.random.Generator) -> Values:
    """Return the mean over as many seeds as there are, drawn again for each draw of clips."""
    num_seeds, num_draws = draws.shape
    chosen = rng.integers(0, num_seeds, (num_draws, num_seeds))
    return draws[chosen, np.arange(num_draws)[:, None]].mean(axis=1)


def _score(own: _Samples, base: Any) -> Score:
    value = float(np.mean(own.values))
    difference = None
    if base is not None:
        num_draws = min(len(own.draws), len(base.draws))
        change = own.draws[:num_draws] - base.draws[:num_draws]
        difference = Interval(value - float(np.mean(base.values)), *middle(change.tolist()), own.num_clips)
    return Score(Interval(value, *middle(own.draws.tolist()), own.num_clips), own.values, difference)
