"""Pairs of crops of both domains, each among the nearest of the other in layout, and how steps draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from recyclegan.data.cuts import Cut
from recyclegan.data.sampling import order_of
from recyclegan.domains import DOMAINS, Domain
from recyclegan.matching.candidates import Candidate
from recyclegan.matching.layouts import Layout

ROWS_AT_ONCE = 512
"""Crops whose distances to all others are held at once."""
TURNS, DRAWS = 2, 3
"""Keep the draws of pairs apart from those of a and of b, which are 0 and 1."""

Partners = Sequence[Int64[np.ndarray, " _"]]
"""For each crop of a domain, its partners in the other one."""


@dataclass(frozen=True)
class Pairs:
    """Which crops of a and b are matched; none has more than ``neighbours`` partners, some have none."""

    a: Partners
    b: Partners

    def partners(self, domain: Domain) -> Partners:
        """Return the partners of each crop of a domain."""
        return self.a if domain == "a" else self.b

    def matched(self, domain: Domain) -> Int64[np.ndarray, " _"]:
        """Return the numbers of the crops of a domain that have a partner."""
        return np.flatnonzero([len(partners) > 0 for partners in self.partners(domain)])

    def share(self, domain: Domain) -> float:
        """Return the share of the crops of a domain that have a partner."""
        return len(self.matched(domain)) / len(self.partners(domain))


def mutual_neighbours(a: Layout, b: Layout, neighbours: int) -> Pairs:
    """Return the pairs in which each crop is among the ``neighbours`` nearest of the other.

    So no crop is anybody's partner more than ``neighbours`` times, and what has no counterpart in the other domain is
    left out instead of being shown beside something else.
    """
    both = _are_nearest(a, b, neighbours) & _are_nearest(b, a, neighbours).T
    return Pairs([np.flatnonzero(row) for row in both], [np.flatnonzero(column) for column in both.T])


def _are_nearest(ours: Layout, theirs: Layout, neighbours: int) -> Bool[np.ndarray, "ours theirs"]:
    """Return for each of our crops which of theirs are nearest; of equally near ones, the first."""
    count = min(neighbours, len(theirs))
    nearest = np.zeros((len(ours), len(theirs)), bool)
    others = theirs.double()
    for first in range(0, len(ours), ROWS_AT_ONCE):
        order = distances(ours[first : first + ROWS_AT_ONCE].double(), others).argsort(dim=1, stable=True)
        np.put_along_axis(nearest[first : first + ROWS_AT_ONCE], order[:, :count].numpy(), values=True, axis=1)
    return nearest


def distances(ours: Float64[Tensor, "ours n"], theirs: Float64[Tensor, "theirs n"]) -> Float64[Tensor, "ours theirs"]:
    """Return squared distances between whole numbers: exact, so that they do not depend on the order of sums."""
    return ours.square().sum(dim=1)[:, None] + theirs.square().sum(dim=1) - 2 * ours @ theirs.T


@dataclass(frozen=True)
class NearestCrops:
    """Draws pairs: in turn a crop of a, then one of b, each with one of its partners.

    Each crop that has a partner has its turn once an epoch, in an order drawn from the seed. A pair depends on its
    position alone. Both crops of a pair are mirrored, or none.
    """

    crops: Mapping[Domain, Sequence[Candidate]]
    pairs: Pairs
    clip_length: int
    seed: int
    seen_by: str = ""
    """What layouts are told by."""

    def __call__(self, position: int, drawn: Mapping[Domain, Cut]) -> dict[Domain, Cut]:
        """Return the cuts of a position; of what was drawn without layout only the mirroring of a stays."""
        rng = np.random.default_rng((self.seed, DRAWS, position))
        numbers = self.numbers(position, rng)
        return {
            domain: self.crops[domain][numbers[domain]].cut(self.clip_length, drawn["a"].flips, rng)
            for domain in DOMAINS
        }

    def numbers(self, position: int, rng: np.random.Generator) -> dict[Domain, int]:
        """Return the numbers of the crops of a position."""
        turn, side = divmod(position, len(DOMAINS))
        domain, other = DOMAINS[side], DOMAINS[1 - side]
        matched = self._matched[domain]
        epoch, place = divmod(turn, len(matched))
        number = int(matched[order_of((self.seed, TURNS, side, epoch), len(matched))[place]])
        return {domain: number, other: int(rng.choice(self.pairs.partners(domain)[number]))}

    @cached_property
    def _matched(self) -> dict[Domain, Int64[np.ndarray, " _"]]:
        return {domain: self.pairs.matched(domain) for domain in DOMAINS}

    @property
    def in_words(self) -> str:
        """Return how much of the footage is matched."""
        shares = " and ".join(f"{self.pairs.share(domain):.0%} of those of {domain.upper()}" for domain in DOMAINS)
        return f"crops are matched by layout ({self.seen_by}): {shares} have counterparts; the others are left out"
