"""The two domains, and the directions between them."""

from typing import Literal, get_args

Domain = Literal["a", "b"]
Direction = Literal["ab", "ba"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Colours = tuple[tuple[int, int, int], ...]
"""Red, green and blue (0 to 255) of each class of label maps, as configurations and cards hold them."""


def source_domain(way: Direction) -> Domain:
    """Return the domain that ``way`` starts from: ``"ab"`` starts from ``"a"``."""
    return "a" if way == "ab" else "b"


def target_domain(way: Direction) -> Domain:
    """Return the domain that ``way`` ends in: ``"ab"`` ends in ``"b"``."""
    return "b" if way == "ab" else "a"


def opposite(way: Direction) -> Direction:
    """Return the direction back: ``"ba"`` for ``"ab"``."""
    return "ba" if way == "ab" else "ab"
