"""The networks by name, and their settings."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from recyclegan.config import PerDomain, Weight, Within, check_numbers
from recyclegan.errors import InputError

GeneratorName = Literal[
    "resnet-6",
    "resnet-9",
    "unet-128",
    "unet-256",
    "detail-6",
    "detail-9",
    "classes-6",
    "classes-9",
    "identity-6",
    "identity-9",
    "colours-6",
    "colours-9",
    "pyramid-4",
    "pyramid-8",
    "separable-6",
    "light-unet",
]
LEAST_CELLS = 3
"""Rows and columns that a patch discriminator's last strided layer must leave."""
DiscriminatorName = Literal["patch", "pixel"]
PredictorName = Literal["unet-128", "unet-256", "prediction"]
Norm = Literal["instance", "batch", "none"]
Objective = Literal["least-squares", "cross-entropy", "hinge"]
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
    r1_every: Annotated[int, Within(1, 1000)] = 1
    """Steps from one gradient penalty to the next, which weighs as many times as much: penalties take long."""
    spectral_norm: bool = False
    """Divide each weight of the discriminators by its largest singular value; goes best with --discriminator-norm
    none."""
    scales: Annotated[int, Within(1, 4)] = 1
    """Sizes that frames are judged at, each by a discriminator of its own: 1, 1/2, 1/4 and 1/8; 3 is usual."""
    augment: tuple[AugmentationName, ...] = ()
    """Changes that real frames and fakes get before they are judged; label maps keep their colours."""
    augment_ramp: Annotated[int, Within(0, 10**7)] = 0
    """Steps over which the share of frames that get these changes rises from none to all: discriminators know a few
    clips by heart only later on, and changes slow down the beginning. 0: all from the start."""
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
    def is_lazy(self) -> bool:
        """Return whether some steps have a gradient penalty and others have none."""
        return any(self.r1) and self.r1_every > 1

    @property
    def is_plain(self) -> bool:
        """Return whether each domain has one discriminator, of single frames at their size."""
        return self.scales == 1 and not self.pairs and not self.projected


@dataclass(frozen=True)
class NetworkConfig:
    """The networks of a method.

    Example:
        >>> NetworkConfig(generator="detail-6", width=24).generator
        'detail-6'
    """

    generator: GeneratorName = "resnet-6"
    """Architecture of the generators."""
    width: Annotated[int, Within(1, 1024)] = 64
    """Channels of the generators' first layer."""
    norm: Norm = "instance"
    """Normalisation of all networks."""
    dropout: bool = False
    """Dropout of 0.5 inside the generators' blocks."""
    discriminator: DiscriminatorName = "patch"
    """Judge patches, or single pixels by their colour."""
    discriminator_width: Annotated[int, Within(1, 1024)] = 64
    """Channels of the discriminators' first layer."""
    discriminator_layers: Annotated[int, Within(1, 10)] = 3
    """Layers of the patch discriminator; 3 see 70x70 pixels."""
    discriminator_norm: Norm | None = None
    """Normalisation of the discriminators; by default that of all networks."""
    objective: Objective = "least-squares"
    """What the discriminators' verdicts are compared with; cross-entropy is the one that does not saturate."""
    adversary: AdversaryConfig = field(default_factory=AdversaryConfig)
    """What discriminators see beside plain frames, and what holds them back."""

    def __post_init__(self) -> None:
        """Refuse networks without layers, and wider ones than any memory holds."""
        check_numbers(self, "networks ")

    @property
    def norm_of_discriminators(self) -> Norm:
        """Return the normalisation of the discriminators."""
        return self.discriminator_norm or self.norm

    def within(self, size: tuple[int, int]) -> "NetworkConfig":
        """Return these networks with as many scales of discriminators as frames of a height and width allow."""
        most = max((n for n in range(1, self.adversary.scales + 1) if self._sees(size, n)), default=1)
        return replace(self, adversary=replace(self.adversary, scales=most))

    def allows(self, size: tuple[int, int]) -> bool:
        """Return whether frames of a height and width are large enough for all discriminators."""
        return self._sees(size, self.adversary.scales)

    def _sees(self, size: tuple[int, int], scales: int) -> bool:
        """Return whether frames of a size are large enough for the discriminators of so many scales."""
        return self.discriminator != "patch" or min(size) >> (self.discriminator_layers + scales - 1) >= LEAST_CELLS

    def check_frames(self, size: tuple[int, int], labels: str) -> None:
        """Refuse networks that frames of a height and width, with label maps in some domains, do not allow.

        Raises:
            InputError: patches or scales need larger frames, or an option is meant for video where there is none.
        """
        scales, layers = self.adversary.scales, self.discriminator_layers
        if not self._sees(size, 1):
            raise InputError(f"discriminator_layers: found {layers}, too many for {_by(size)}; take fewer")
        if not self._sees(size, scales):
            raise InputError(f"scales: found {scales}, too many for {_by(size)}; take fewer, or --discriminator-layers")
        if self.adversary.projected and labels == "ab":
            raise InputError("projected: found label maps in both domains, expected colour video; leave it at 0")
        if self.adversary.masked and labels != "none":
            raise InputError("masked: found label maps, expected video in both domains; leave it out")
        if "colour" in self.adversary.augment and labels == "ab":
            raise InputError("augment: found colour, and label maps in both domains; leave colour out")
        if self.generator.startswith("colours") and labels != "none":
            raise InputError(f"generator: found {self.generator}, and label maps; take classes-6")
        if self.generator.startswith("identity") and labels in ("a", "b"):
            raise InputError(f"generator: found {self.generator} between video and label maps; take classes-6")


def _by(size: tuple[int, int]) -> str:
    return f"frames of {size[0]}x{size[1]}"
