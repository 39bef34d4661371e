"""The settings of the adversary: what discriminators are, what they are shown, and what holds them back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from recyclegan.config import PerDomain, Weight, Within, check_numbers
from recyclegan.errors import InputError

AugmentationName = Literal["colour", "translation", "cutout"]


@dataclass(frozen=True)
class AdversaryConfig:
    """What discriminators see beside plain frames, and what holds them back; by default nothing.

    Example:
        >>> AdversaryConfig(r1=(0.0, 1.0), scales=3).augment
        ()
    """

    r1: PerDomain = (0.0, 0.0)
    """Weight of the gradient penalty of discriminators on real frames, of A and of B; 0 leaves it out."""
    spectral_norm: bool = False
    """Divide each weight of the discriminators by its largest singular value; goes best with --discriminator-norm
    none."""
    scales: Annotated[int, Within(1, 4)] = 1
    """Sizes that frames are judged at, each by a discriminator of its own: 1, 1/2, 1/4 and 1/8; 3 is usual."""
    augment: tuple[AugmentationName, ...] = ()
    """Changes that real frames and fakes get before they are judged; label maps keep their colours."""
    matched: bool = False
    """Change each real frame and the fake beside it alike, instead of each by a draw of its own."""
    masked: bool = False
    """Let discriminators learn least from places where real frame and source differ in what is light and what is dark:
    else a target with more woods than the source has grows woods in the sky."""
    coordinates: bool = False
    """Tell discriminators of frames where in the window each place is: else a dark patch that is real at the horizon
    is taken for real in the sky."""
    pairs: Weight = 0.0
    """Weight, beside 1 for frames, of discriminators of two neighbouring frames, synthetic motion undone; 0: none."""
    projected: Weight = 0.0
    """Weight, beside 1 for frames, of discriminators on EfficientNet-Lite0's features of colour video; 0: none."""
    efficientnet: Path | None = None
    """File of EfficientNet-Lite0's weights for --projected; without one, those of its package."""

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, and settings of what is off."""
        check_numbers(self, "adversary ")
        if len(set(self.augment)) < len(self.augment):
            raise InputError(f"augment: found {' '.join(self.augment)}, expected each at most once")
        if self.matched and not self.augment:
            raise InputError("matched: found no changes to match; give --augment as well")
        if self.masked and "translation" in self.augment:
            raise InputError(
                "masked: found --augment translation, which moves what it compares by place; leave one out"
            )
        if self.efficientnet and not self.projected:
            raise InputError("efficientnet: found weights that nothing uses; give --projected a weight above 0")

    @property
    def is_plain(self) -> bool:
        """Return whether each domain has one discriminator, of single frames at their size."""
        return self.scales == 1 and not self.pairs and not self.projected
