"""The networks by name, and their settings."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from recyclegan.config import Within, check_numbers
from recyclegan.errors import InputError
from recyclegan.settings.adversarial import AdversaryConfig

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
    "pyramid-4",
    "pyramid-8",
    "separable-6",
    "light-unet",
]
DiscriminatorName = Literal["patch", "pixel"]
PredictorName = Literal["unet-128", "unet-256", "prediction"]
Norm = Literal["instance", "batch", "none"]
Objective = Literal["least-squares", "cross-entropy", "hinge"]


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

    def check_frames(self, size: tuple[int, int], labels: str) -> None:
        """Refuse networks that frames of a height and width, with label maps in some domains, do not allow.

        Raises:
            InputError: patches or scales need larger frames, or an option is meant for video where there is none.
        """
        scales, layers = self.adversary.scales, self.discriminator_layers
        if self.discriminator == "patch" and min(size) >> layers < 3:
            raise InputError(f"discriminator_layers: found {layers}, too many for {_by(size)}; take fewer")
        if self.discriminator == "patch" and min(size) >> (layers + scales - 1) < 3:
            raise InputError(f"scales: found {scales}, too many for {_by(size)}; take fewer, or --discriminator-layers")
        if self.adversary.projected and labels == "ab":
            raise InputError("projected: found label maps in both domains, expected colour video; leave it at 0")
        if self.adversary.masked and labels != "none":
            raise InputError("masked: found label maps, expected video in both domains; leave it out")
        if "colour" in self.adversary.augment and labels == "ab":
            raise InputError("augment: found colour, and label maps in both domains; leave colour out")
        if self.generator.startswith("identity") and labels in ("a", "b"):
            raise InputError(f"generator: found {self.generator} between video and label maps; take classes-6")


def _by(size: tuple[int, int]) -> str:
    return f"frames of {size[0]}x{size[1]}"
