"""Which settings of an evaluation work together."""

from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.evaluation.classes import Segment
from recyclegan.settings.evaluation import EvaluationConfig


def check_options(config: EvaluationConfig, target: Path | None, truth: Path | None, segment: Segment | None) -> None:
    """Refuse options that cannot work together, before any footage is read.

    Raises:
        InputError: there are such.
    """
    if config.labels and truth is None:
        raise InputError(
            f"labels {config.labels}: no truth to score classes against; give --truth, or leave labels out"
        )
    if config.segmenter and segment:
        raise InputError(f"segmenter {config.segmenter}: a function reads the classes already; give one of both")
    if (config.segmenter or segment) and not config.labels:
        raise InputError(
            f"segmenter {config.segmenter or 'given'}: no label set to score classes in; give --labels and --truth"
        )
    if config.features and target is None:
        raise InputError(f"features {config.features}: nothing to compare with; give --target, or leave features out")
    if config.raft_weights and config.flow != "raft":
        raise InputError(f"raft_weights {config.raft_weights}: flow is {config.flow}; give --flow raft as well")
