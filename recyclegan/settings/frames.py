"""How footage is read, and how it becomes frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from recyclegan.config import Within, check_numbers
from recyclegan.domains import Domain
from recyclegan.errors import InputError

Damaged = Literal["refuse", "keep"]
Labels = Literal["none", "a", "b", "ab"]
Match = Literal["none", "bands", "nearest"]
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
    match: Match = "none"
    """Give both domains crops of one layout, so that woods or skies that only one of them has so often are not taken
    for its look: ``bands`` cuts them at one height, ``nearest`` takes crops that show much the same. Both need crops
    that are clearly smaller than frames (a larger --load-size)."""
    neighbours: Annotated[int, Within(1, 1024)] = 8
    """Crops of the other domain that a crop may be shown with, for ``nearest``; fewer are nearer."""
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

    @property
    def cache_bytes(self) -> int | None:
        """Return the bytes that the frame cache may hold; None where the default holds."""
        return None if self.cache_gb is None else round(self.cache_gb * 1e9)

    def __post_init__(self) -> None:
        """Refuse sizes that no network can take."""
        check_numbers(self)
        if not set(self.channels) <= {1, 3}:
            raise InputError(f"channels: found {self.channels}, expected 1 or 3 for each domain")
        self._check_match()

    def _check_match(self) -> None:
        """Refuse to match what has no bands or no layout to be seen, and an order that matching does not keep."""
        if self.match == "bands" and self.crop == "none":
            raise InputError("match: found bands, and frames that are not cut; take nearest, or --crop rectangle")
        if self.match == "nearest" and self.labels != "none":
            raise InputError("match: found nearest, and label maps; expected video in both domains; take bands")
        if self.match == "nearest" and not self.shuffle:
            raise InputError("match: found nearest, and clips in the order of their names; leave --no-shuffle out")

    @property
    def reading(self) -> Reading:
        """Return how videos are read."""
        return Reading(self.damaged, self.deinterlace)

    def is_label(self, domain: Domain) -> bool:
        """Return whether a domain holds label maps."""
        return self.labels != "none" and domain in self.labels
