"""What lies in ``weights/``: for each name its weights, a picture, and a record of what they are and how they came."""

from dataclasses import dataclass
from pathlib import Path

from recyclegan.config import Seed, from_dict
from recyclegan.files import kind_of, read_json
from recyclegan.paths import AnyPath

WEIGHTS = Path(__file__).resolve().parent / "weights"


@dataclass(frozen=True)
class Shipped:
    """A translator that comes with the package."""

    name: str
    """What commands take: ``day2night``."""
    does: str
    """What it does, in a few words."""
    data: str
    """What it was trained on."""
    licence: str
    """Licence of the weights, as SPDX writes it."""
    script: str
    """Script in the repository that makes it."""
    seed: Seed
    """Seed of its data and of its training."""
    commands: tuple[str, ...]
    """Commands that the script runs to train it."""
    scores: dict[str, float]
    """Measured on drives that training never saw; names as in ``recyclegan evaluate``, and what the script adds."""
    sha256: str
    """Digest of the weights."""

    @property
    def weights(self) -> Path:
        """Return the file of the weights."""
        return WEIGHTS / f"{self.name}.safetensors"

    @property
    def picture(self) -> Path:
        """Return a picture: frames that training never saw, and below each its translation."""
        return WEIGHTS / f"{self.name}.png"


def shipped() -> dict[str, Shipped]:
    """Return all of them by name."""
    return {place.stem: from_dict(Shipped, read_json(place), place.name) for place in sorted(WEIGHTS.glob("*.json"))}


def names() -> list[str]:
    """Return the names alone, without reading what is known of them."""
    return sorted(place.stem for place in WEIGHTS.glob("*.safetensors"))


def find_shipped(place: AnyPath) -> Path | None:
    """Return the file of the weights that ``place`` names, or None where it is no such name.

    A name is a word alone: ``./day2night`` and ``runs/day2night`` are paths.
    """
    return WEIGHTS / f"{place}.safetensors" if str(place) in names() else None


def hidden_by(path: Path) -> str:
    """Return what there is to say where a path that is there hides a translator of that name, else an empty text."""
    if not find_shipped(path) or kind_of(path) == "nothing":
        return ""
    return " (it hides the translator of that name that recyclegan models lists: work in another folder, or rename it)"
