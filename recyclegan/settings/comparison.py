"""What the contenders of a comparison share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from recyclegan.config import Count, Within, check_numbers
from recyclegan.settings.evaluation import EvaluationConfig


@dataclass(frozen=True)
class ComparisonConfig:
    """What contenders share.

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
    """Contender that the others are subtracted from; by default the first."""
    truth: Path | None = None
    """Truth of the held-out clips, in folders A and B; by default DATA/truth/val where that is."""
    evaluation: EvaluationConfig = field(default_factory=lambda: EvaluationConfig(num_shown=0))

    def __post_init__(self) -> None:
        """Refuse budgets that are none."""
        check_numbers(self, "compare ")
