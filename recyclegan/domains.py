"""The two domains, and the directions between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Domain = Literal["a", "b"]
Direction = Literal["ab", "ba"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Colours = tuple[tuple[int, int, int], ...]
"""Red, green and blue (0 to 255) of each class of label maps, as configurations and cards hold them."""


@dataclass(frozen=True)
class Domains:
    """What frames of the two domains are: by default colour video in both."""

    channels: tuple[int, int] = (3, 3)
    """Channels of frames of a and of b."""
    palettes: Mapping[Domain, Colours] = field(default_factory=dict)
    """Colours of the domains that are label maps."""
    extras: int = 0
    """Channels that lie behind those of each frame of a, for the generator that translates it."""

    def channels_of(self, domain: Domain) -> int:
        """Return the number of channels of a domain's frames."""
        return self.channels[DOMAINS.index(domain)]

    def extras_of(self, domain: Domain) -> int:
        """Return the number of channels that lie behind those of a domain's frames."""
        return self.extras if domain == "a" else 0

    def palette_of(self, domain: Domain) -> Colours:
        """Return the colours of a domain of label maps; none for video."""
        return self.palettes.get(domain, ())


VIDEO = Domains()
"""Colour video in both domains."""


def source_domain(direction: Direction) -> Domain:
    """Return the domain that ``direction`` starts from: ``"ab"`` starts from ``"a"``."""
    return "a" if direction == "ab" else "b"


def target_domain(direction: Direction) -> Domain:
    """Return the domain that ``direction`` ends in: ``"ab"`` ends in ``"b"``."""
    return "b" if direction == "ab" else "a"


def opposite(direction: Direction) -> Direction:
    """Return the direction back: ``"ba"`` for ``"ab"``."""
    return "ba" if direction == "ab" else "ab"
