"""Samples of footage and their distances, taken from a memory where they were worked out before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from recyclegan.data.index import Clip
from recyclegan.evaluation.distribution_distances import (
    Sample,
    aligned_distance,
    distances,
    distances_of_halves,
    sample_footage,
)
from recyclegan.evaluation.memory import Arrays, Memory, key_of, stamp
from recyclegan.evaluation.paired_clips import PairedClip
from recyclegan.evaluation.protocol import Samples
from recyclegan.evaluation.structure import measures_deep
from recyclegan.evaluation.truth import Size
from recyclegan.features.efficientnet import ABOUT
from recyclegan.metrics.distribution import Extract, inception_features, load_features
from recyclegan.metrics.intervals import Draws, Interval
from recyclegan.pace import Progress, counted
from recyclegan.settings.evaluation import EvaluationConfig


@dataclass(frozen=True)
class Known:
    """A sample, and the key of all that it follows from; empty for what is not remembered."""

    sample: Sample
    key: str = ""


@dataclass(frozen=True)
class Sampling:
    """How footage is sampled."""

    size: Size
    extract: Extract | None
    config: EvaluationConfig
    memory: Memory
    deep: bool = False
    """Whether EfficientNet-Lite0 is asked, too."""

    def fresh(self, clips: Sequence[Clip], seed: int, step: Callable[[], None]) -> Known:
        """Return a sample that nobody asks for again."""
        return Known(self._sample(clips, (seed,), step)[0])

    def recalled(self, clips: Sequence[Clip], seeds: Sequence[int], step: Callable[[], None]) -> list[Known]:
        """Return a sample for each seed, which other evaluations ask for, too."""
        key = key_of(clips, "sample", self.size, tuple(seeds), self.config.num_samples, self._network(), self._deep())
        found = self.memory.recall(key, lambda: _to_arrays(self._sample(clips, seeds, step)))
        return [Known(sample, f"{key} {number}") for number, sample in enumerate(_from_arrays(found, len(seeds)))]

    def distances(self, ours: Known, target: Known, draws: Draws, *, alike: bool = False) -> Mapping[str, Interval]:
        """Return the distances of two samples, remembered where both are."""
        key = f"distances {ours.key} {target.key} {draws} {alike}" if ours.key and target.key else ""
        return self._intervals(key, lambda: distances(ours.sample, target.sample, draws, alike=alike))

    def aligned(self, ours: Known, source: Known, target: Known, draws: Draws) -> Mapping[str, Interval]:
        """Return the distance to what in the target is of the source's kinds; none without deep features."""
        key = f"aligned {ours.key} {target.key} {draws}" if ours.key else ""
        return self._intervals(key, lambda: aligned_distance(ours.sample, source.sample, target.sample, draws))

    def floor(self, target: Known, draws: Draws) -> Mapping[str, Interval]:
        """Return the distances between two halves of the target; none without deep features."""
        if not self.deep:
            return {}
        return self._intervals(f"halves {target.key} {draws}", lambda: distances_of_halves(target.sample, draws))

    def _intervals(self, key: str, make: Callable[[], Mapping[str, Interval]]) -> Mapping[str, Interval]:
        """Return intervals by name, recalled where they are kept under a key."""
        kept = self.memory.recall(key, lambda: {name: _as_array(interval) for name, interval in make().items()})
        return {name: _interval(stored) for name, stored in kept.items()}

    def _sample(self, clips: Sequence[Clip], seeds: Sequence[int], step: Callable[[], None]) -> list[Sample]:
        return sample_footage(clips, self.size, seeds, self.extract, self.config.num_samples, step, self.deep)

    def _deep(self) -> str:
        return ABOUT if self.deep else ""

    def _network(self) -> object:
        """Return what tells the network of the features from others."""
        name = self.config.features
        return stamp(Path(name)) if name and name != "inception" else name


def _to_arrays(samples: Sequence[Sample]) -> Arrays:
    first = samples[0]
    arrays = {"clip_of": np.array(first.clip_of), "sharpness": np.array(first.sharpness)}
    if first.features is not None:
        arrays["features"] = first.features.numpy()
    if first.cells is not None:
        arrays["cells"] = first.cells.numpy()
    bands = ((number, band, rows) for number, sample in enumerate(samples) for band, rows in enumerate(sample.patches))
    return arrays | {f"patches {number} {band}": rows.numpy() for number, band, rows in bands}


def _from_arrays(arrays: Arrays, count: int) -> list[Sample]:
    clip_of, sharpness = arrays["clip_of"].tolist(), arrays["sharpness"].tolist()
    features = torch.from_numpy(arrays["features"]) if "features" in arrays else None
    bands = sum(name.startswith("patches 0 ") for name in arrays)
    patches = [[torch.from_numpy(arrays[f"patches {i} {band}"]) for band in range(bands)] for i in range(count)]
    cells = torch.from_numpy(arrays["cells"]) if "cells" in arrays else None
    first = Sample(len(set(clip_of)), clip_of, patches[0], features, sharpness, cells)
    return [first, *(replace(first, patches=rows, features=None, cells=None) for rows in patches[1:])]


def _as_array(interval: Interval) -> np.ndarray:
    return np.array([interval.value, interval.low, interval.high, interval.num_clips, *interval.draws])


def _interval(stored: np.ndarray) -> Interval:
    value, low, high, num_clips, *draws = stored.tolist()
    return Interval(value, low, high, int(num_clips), tuple(draws))


@dataclass(frozen=True)
class Distances:
    """The distances to the target, by name: of the translated footage, its source, and another draw of the target."""

    samples: Samples
    translated: Mapping[str, Interval]
    source: Mapping[str, Interval]
    least: Mapping[str, Interval]


def distances_to(
    target: Sequence[Clip],
    clips: Sequence[PairedClip],
    config: EvaluationConfig,
    memory: Memory,
    progress: Progress | None,
) -> Distances:
    """Return how far translated clips, their sources, and the target itself are from the target.

    Raises:
        InputError: a clip cannot be read, its frames are too small, or the features are not to be had.
    """
    sampling = Sampling(clips[0].size, _extract(config), config, memory, measures_deep(config))
    seed, draws = config.seed, Draws(config.num_draws, config.seed)

    def step(footage: Sequence[Clip], name: str) -> Callable[[], None]:
        total = min(config.num_samples, sum(clip.num_frames for clip in footage))
        return counted(progress, f"distances: {name}", total)

    ours, sources = [clip.translated for clip in clips], [clip.source for clip in clips]
    translated = sampling.fresh(ours, seed, step(ours, "translated"))
    (source,) = sampling.recalled(sources, (seed,), step(sources, "source"))
    aim, again = sampling.recalled(target, (seed + 1, seed + 2), step(target, "target"))
    found, done = [], counted(progress, "distances: computed", 3)
    for one in (translated, source, again):
        found.append(sampling.distances(one, aim, draws, alike=one is again))
        done()
    for place, one in ((0, translated), (1, source)):
        found[place] = {**found[place], **sampling.aligned(one, source, aim, draws)}
    found[2] = {**found[2], **sampling.floor(aim, draws)}
    return Distances(Samples(translated.sample, source.sample, aim.sample), *found)


def _extract(config: EvaluationConfig) -> Extract | None:
    if config.features is None:
        return None
    return inception_features() if config.features == "inception" else load_features(Path(config.features))
