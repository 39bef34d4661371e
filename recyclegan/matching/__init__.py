"""Crops of the two domains that have the same layout, so that discriminators do not mistake layout for look.

For: training, and ``prepare crops``. In: the decoded clips of both domains, and how crops are cut.
Out: which crop of B stands beside a crop of A at each step; an index of layouts in the cache, made once.
"""

from recyclegan.matching.matching import SameBand, match_crops
from recyclegan.matching.nearest_crops import NearestCrops, Pairs, mutual_neighbours

__all__ = ["NearestCrops", "Pairs", "SameBand", "match_crops", "mutual_neighbours"]
