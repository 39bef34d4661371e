"""Whether translated frames keep the structure of their sources, by what EfficientNet-Lite0 sees in both."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from recyclegan.evaluation.clip_measures import as_frames
from recyclegan.evaluation.measure_catalogue import STRUCTURE
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.paired_clips import FramePair, PairedClip
from recyclegan.evaluation.results import SOURCE, Result
from recyclegan.features.efficientnet import ABOUT, REMEDY, weights_file
from recyclegan.metrics.deep_features import DeepMap, deep_map, structure_distance
from recyclegan.metrics.intervals import Draws, Interval, mean_interval
from recyclegan.settings.evaluation import EvaluationConfig

NUM_FRAMES = 12
"""Frames of a clip that are looked at, at most; spread evenly."""


def measures_deep(config: EvaluationConfig) -> bool:
    """Return whether deep features are measured: they are wanted, and their weights are installed."""
    return config.deep_features != "off" and weights_file() is not None


def deep_in_words(config: EvaluationConfig) -> str:
    """Return which deep features are measured, or why none are."""
    if measures_deep(config):
        return ABOUT
    return "not wanted" if config.deep_features == "off" else f"not measured: need weights ({REMEDY})"


def structure_results(
    clips: Sequence[PairedClip], config: EvaluationConfig, memory: Memory, draws: Draws
) -> dict[str, Result]:
    """Return how far the structure of translated frames is from that of their sources; nothing without weights.

    Raises:
        InputError: a file cannot be read.
    """
    if not measures_deep(config):
        return {}
    ours = mean_interval([float(np.mean(list(_distances(clip, memory)))) for clip in clips], draws)
    return {STRUCTURE.name: Result(ours, {SOURCE: Interval(0.0, 0.0, 0.0, ours.num_clips)})}


def _distances(clip: PairedClip, memory: Memory) -> Iterator[float]:
    for moment in clip.looks(NUM_FRAMES):
        yield structure_distance(_of_source(moment, memory), deep_map(as_frames(moment.translated))).item()


def _of_source(moment: FramePair, memory: Memory) -> DeepMap:
    """Return what is seen in a source frame, remembered for other translations of it."""
    found = memory.recall(f"deep {moment.key}", lambda: {"map": deep_map(as_frames(moment.source)).numpy()})
    return torch.from_numpy(found["map"])
