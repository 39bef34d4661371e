"""How far translated footage is from the target, kind by kind, so that the layout of the two looks does not count.

Cells of source and target frames fall into kinds (sky, road, ...) by their features, each look seen relative to its own
mean and spread. What stands where the source shows a kind is compared with the target's cells of that kind alone. A sky
that becomes a hill for the sake of a hilly target is then far from skies.

Source: the semantically aligned kernel distance of Richter, AlHaija and Koltun 2021 (sKVD), with kinds of features in
place of classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor

from recyclegan.metrics.deep_features import BANDS, Cells
from recyclegan.metrics.distribution import Samples, cubic_kernel
from recyclegan.metrics.intervals import Counts, ManyCounts, Numbers

Rows = Float[Tensor, "_ 112"]
KindOf = Int[Tensor, " _"]

KINDS = 4
"""Kinds of cells in each band."""
ROUNDS = 10
"""How often means and members of kinds are found in turn."""


def kinds_of(source: Rows, target: Rows) -> tuple[KindOf, KindOf]:
    """Return the kind of each cell of both looks, from 0; by k-means that begins along the main axis of both."""
    both = torch.cat([_standardised(source), _standardised(target)])
    axis = torch.linalg.svd(both - both.mean(dim=0), full_matrices=False).Vh[0]
    places = (both @ axis).argsort().argsort()
    kinds = places * KINDS // len(both)
    for _ in range(ROUNDS):
        members = F.one_hot(kinds, KINDS).to(both)
        means = members.T @ both / members.sum(dim=0).clamp(min=1)[:, None]
        kinds = torch.cdist(both, means).argmin(dim=1)
    return kinds[: len(source)], kinds[len(source) :]


def _standardised(rows: Rows) -> Rows:
    return (rows - rows.mean(dim=0)) / rows.std(dim=0).clamp(min=1e-6)


@dataclass(frozen=True)
class ClipKernel:
    """Sums of a kernel over the rows of each clip with those of each other one; ours have rows, theirs columns."""

    ours: Float64[np.ndarray, "clips clips"]
    theirs: Float64[np.ndarray, "others others"]
    between: Float64[np.ndarray, "clips others"]
    own: tuple[Float64[np.ndarray, " clips"], Float64[np.ndarray, " others"]]
    """Sums of the rows with themselves."""
    sizes: tuple[Float64[np.ndarray, " clips"], Float64[np.ndarray, " others"]]

    def distance(self, left: Counts, right: Counts) -> float:
        """Return the squared maximum mean discrepancy, unbiased, where clips count so often; NaN for one row."""
        counts = float(left @ self.sizes[0]), float(right @ self.sizes[1])
        if min(counts) < 2:
            return float("nan")
        within = (left @ self.ours @ left - left @ self.own[0]) / (counts[0] * (counts[0] - 1))
        within += (right @ self.theirs @ right - right @ self.own[1]) / (counts[1] * (counts[1] - 1))
        return float(within - 2 * (left @ self.between @ right) / (counts[0] * counts[1]))


class AlignedDistance:
    """The kernel distance of translated cells to the target's of the same kind, mean over the source's cells."""

    def __init__(
        self, translated: Cells, source: Cells, target: Cells, clip_of: tuple[Sequence[int], Sequence[int]]
    ) -> None:
        groups = [_groups(clips, cells) for clips, cells in zip(clip_of, (source, target), strict=True)]
        self._kernels = [
            kernel for band in range(BANDS) for kernel in _kernels(translated, source, target, band, *groups)
        ]

    def distance(self, left: Counts, right: Counts) -> float:
        """Return the distance where clips of both sets count so often; kinds that a set lacks are left out."""
        found = np.array([kernel.distance(left, right) for kernel in self._kernels])
        weights = np.array([left @ kernel.sizes[0] for kernel in self._kernels])
        told = np.isfinite(found) & (weights > 0)
        return float(np.average(found[told], weights=weights[told])) if told.any() else float("nan")

    def distances(self, left: ManyCounts, right: ManyCounts) -> Numbers:
        """Return the distance for each draw."""
        return np.array([self.distance(*pair) for pair in zip(left, right, strict=True)])


def _groups(clip_of: Sequence[int], cells: Cells) -> Float64[Tensor, "_ clips"]:
    """Return which clip each cell of a band is of."""
    return F.one_hot(torch.tensor(clip_of).repeat_interleave(cells.shape[3])).double()


def _rows(cells: Cells, band: int) -> Rows:
    """Return the features of a band's cells, frame by frame, one row each."""
    return cells[:, :, band].transpose(1, 2).flatten(0, 1)


def _kernels(
    translated: Cells,
    source: Cells,
    target: Cells,
    band: int,
    groups: Float64[Tensor, "_ clips"],
    other_groups: Float64[Tensor, "_ others"],
) -> Iterator[ClipKernel]:
    ours, theirs = _rows(translated, band), _rows(target, band)
    kinds, other_kinds = kinds_of(_rows(source, band), theirs)
    for kind in range(KINDS):
        mine, others = kinds == kind, other_kinds == kind
        yield clip_kernel(ours[mine], theirs[others], groups[mine], other_groups[others])


def clip_kernel(
    ours: Samples, theirs: Samples, groups: Float64[Tensor, "_ clips"], other_groups: Float64[Tensor, "_ others"]
) -> ClipKernel:
    """Return the kernel between two sets of rows, the clip of each of which is told."""
    sets = (ours.double(), groups), (theirs.double(), other_groups)

    def sums(left: int, right: int) -> np.ndarray:
        (rows, of_clips), (columns, of_others) = sets[left], sets[right]
        return (of_clips.T @ cubic_kernel(rows, columns) @ of_others).numpy()

    own = [((rows.square().sum(dim=1) / rows.shape[1] + 1) ** 3 @ of_clips).numpy() for rows, of_clips in sets]
    sizes = [of_clips.sum(dim=0).numpy() for _, of_clips in sets]
    return ClipKernel(sums(0, 0), sums(1, 1), sums(0, 1), (own[0], own[1]), (sizes[0], sizes[1]))
