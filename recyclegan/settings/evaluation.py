"""How translated footage is measured.

What the contenders of a comparison share.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from recyclegan.config import Count, CountOrNone, Seed, Within, check_numbers
from recyclegan.settings.frames import Damaged, Reading

Protocol = Literal["standard", "reference"]
Levels = Literal["signed", "unit", "imagenet"]
"""The range of what a network reads: [-1, 1], [0, 1], or [0, 1] less ImageNet's mean over its deviation."""


@dataclass(frozen=True)
class EvaluationConfig:
    """How footage is measured and what of it is shown.

    Example:
        >>> EvaluationConfig(flow="dis", num_shown=1).num_draws
        1000
    """

    flow: Literal["auto", "exact", "dis", "raft"] = "auto"
    """Where the motion comes from; auto: from the truth where it tells it, else by DIS."""
    raft_weights: Path | None = None
    """File of weights for RAFT instead of the published ones."""
    labels: str | None = None
    """Label set of the truth (viper, cityscapes); without a segmenter the frames are label maps in its colours."""
    segmenter: Path | None = None
    """Network that tells the classes of translated pictures: .onnx, .pt2, TorchScript, or weights of an FCN-8s."""
    segmenter_input: Levels = "signed"
    """Levels that the segmenter reads: signed (-1 to 1), unit (0 to 1) or imagenet (normalised); FCN-8s has its own."""
    downstream: bool = False
    """Measure what translated pictures are good for: a small segmenter learns from them with the source's classes, and
    is scored on labelled target frames. Also how far each class is from the target's. Takes minutes."""
    protocol: Protocol = "standard"
    """Means over the classes that the truth shows (standard), or over all of them, absent ones 0 (reference)."""
    features: str | None = None
    """Network for FID and KID: a .pt2 or TorchScript file, or inception."""
    deep_features: Literal["auto", "on", "off"] = "auto"
    """Realism and structure by features of EfficientNet-Lite0, whose weights the extra "features" installs; auto: where
    they are installed."""
    num_samples: Annotated[int, Within(2, 10**9)] = 128
    """Frames of each set for the distances to the target, at most, evenly spread."""
    perceptual: str | None = None
    """Perceptual distance for tLP: lpips, or a .pt2 or TorchScript file that takes two batches of frames in [-1, 1]."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes."""
    deinterlace: bool = False
    """Turn frames of interlaced sources into whole ones, as they were translated."""
    max_frames: Annotated[int, Within(2, 10**9)] = 128
    """Frames of each clip that are measured at most, in evenly spread runs of 8 neighbours; the intervals over clips
    tell the price."""
    all_frames: bool = False
    """Measure all frames, however long clips are."""
    processes: Annotated[int, Within(1, 1000)] | None = None
    """Processes that measure side by side, at most; the numbers are the same for any. By default as many as there are
    cores and work for (from Python one)."""
    num_shown: CountOrNone = 3
    """Clips shown in the report, those that flicker most."""
    film_frames: Count = 90
    """Frames of each clip in its film."""
    num_worst: CountOrNone = 2
    """Worst moments shown of each of these clips."""
    num_draws: Annotated[int, Within(1, 10**6)] = 1000
    """How often clips are drawn again for the intervals."""
    seed: Seed = 0
    """Seed of the intervals and of the patches."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range."""
        check_numbers(self)

    @property
    def most_frames(self) -> int | None:
        """Return how many frames of each clip are measured at most; None where all are."""
        return None if self.all_frames else self.max_frames

    @property
    def reading(self) -> Reading:
        """Return how videos are read."""
        return Reading(self.damaged, self.deinterlace)


@dataclass(frozen=True)
class ComparisonConfig:
    """What all contenders of a comparison share: the budget, the seeds, and how they are measured.

    Example:
        >>> ComparisonConfig(steps=2000, seeds=3).jobs
        1
    """

    steps: Count | None = None
    """Training steps of each run. Give this or MINUTES."""
    minutes: Annotated[float, Within(0, 1e6, above=True)] | None = None
    """Minutes of training of each run; each contender's steps follow from the time that its steps take here."""
    seeds: Annotated[int, Within(1, 1000)] = 2
    """Runs of each contender, with seeds 0, 1, ..."""
    jobs: Annotated[int, Within(1, 1000)] = 1
    """Runs at a time, each with its share of the processor's cores."""
    baseline: str | None = None
    """Contender that the others are compared with; by default the first."""
    truth: Path | None = None
    """Truth of the held-out clips, in folders A and B; by default DATA/truth/val where that is."""
    evaluation: EvaluationConfig = field(default_factory=lambda: EvaluationConfig(num_shown=0))

    def __post_init__(self) -> None:
        """Refuse budgets that are none."""
        check_numbers(self, "compare ")
