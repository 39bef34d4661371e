"""How footage is read, and how it becomes frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from recyclegan.config import Within, check_numbers
from recyclegan.domains import Domain
from recyclegan.errors import InputError

Damaged = Literal["refuse", "keep"]
Labels = Literal["none", "a", "b", "ab"]
ResizeMode = Literal["rectangle", "square", "scale_shortest", "none"]
Side = Annotated[int, Within(1, 16_384)]
"""Height or width in pixels."""


@dataclass(frozen=True)
class Reading:
    """How videos are read."""

    damaged: Damaged = "refuse"
    """Refuse a damaged video, or keep what decodes of it, with a note."""
    deinterlace: bool = False
    """Turn interlaced frames into whole ones."""


@dataclass(frozen=True)
class DataConfig:
    """How footage becomes frames.

    Example:
        >>> DataConfig(size=(128, 256), labels="b").is_label("b")
        True
    """

    size: tuple[Annotated[int, Within(32, 16_384)], Annotated[int, Within(32, 16_384)]] = (256, 256)
    """Height and width in pixels of the frames that are trained on."""
    load_size: tuple[Side, Side] | None = None
    """Height and width that frames are resized to before a crop of SIZE is taken; by default SIZE times 286/256."""
    resize: ResizeMode = "scale_shortest"
    """Scale the shorter side to the load size, or both sides to it, or take frames as they are."""
    crop: Literal["rectangle", "none"] = "rectangle"
    """Crop SIZE at a random place, or train on whole frames."""
    flip: bool = False
    """Mirror half of the clips; off by default, because text and the side of the road have a direction."""
    shuffle: bool = True
    """Take clips in an order of chance; off: in the order of their names."""
    labels: Labels = "none"
    """Domains that hold label maps: resized by nearest neighbour, palette kept exactly."""
    channels: tuple[int, int] = (3, 3)
    """Colour channels of a and of b: 3, or 1 for grey."""
    triplets: bool = False
    """Take each image for three frames side by side, the data of Recycle-GAN, instead of for one frame."""
    damaged: Damaged = "refuse"
    """Refuse damaged videos, or keep what of them decodes."""
    deinterlace: bool = False
    """Turn frames of interlaced videos, which hold two moments, into whole ones."""
    cache: Path | None = None
    """Folder of the frame cache; by default the user's cache folder."""
    cache_gb: Annotated[float, Within(0, 1e9, above=True)] | None = None
    """Largest size of the frame cache in gigabytes; by default that of the variable RECYCLEGAN_CACHE_GB, or 64."""

    def __post_init__(self) -> None:
        """Refuse sizes that no network can take."""
        check_numbers(self)
        if not set(self.channels) <= {1, 3}:
            raise InputError(f"channels: found {self.channels}, expected 1 or 3 for each domain")

    @property
    def reading(self) -> Reading:
        """Return how videos are read."""
        return Reading(self.damaged, self.deinterlace)

    def is_label(self, domain: Domain) -> bool:
        """Return whether a domain holds label maps."""
        return self.labels != "none" and domain in self.labels
