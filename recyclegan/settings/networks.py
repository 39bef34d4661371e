"""The networks by name, and their settings."""

from dataclasses import dataclass
from typing import Annotated, Literal

from recyclegan.config import Within, check_numbers

GeneratorName = Literal[
    "resnet-6",
    "resnet-9",
    "unet-128",
    "unet-256",
    "detail-6",
    "detail-9",
    "classes-6",
    "classes-9",
]
DiscriminatorName = Literal["patch", "pixel"]
PredictorName = Literal["unet-128", "unet-256", "prediction"]
Norm = Literal["instance", "batch", "none"]


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
    objective: Literal["least-squares", "cross-entropy"] = "least-squares"
    """What the discriminators' verdicts are compared with."""

    def __post_init__(self) -> None:
        """Refuse networks without layers, and wider ones than any memory holds."""
        check_numbers(self, "networks ")
