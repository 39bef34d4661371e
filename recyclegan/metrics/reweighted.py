"""Distances between two sets of features under ever new weights, as intervals need them: what is shared is done once.

A row of weight 2 counts as two rows. The values are those of `frechet_distance` and `kernel_distance` on rows repeated
so, up to rounding.
"""

import torch
from jaxtyping import Float64
from torch import Tensor

from recyclegan.metrics.distribution import Samples, Weights, cubic_kernel

Rows = Float64[Tensor, "_ features"]
Products = Float64[Tensor, "_ _"]
DoubleWeights = Float64[Tensor, " _"]


class Gaussians:
    """Two sets of features whose Fréchet distance is asked under weights.

    The trace of the root of the product of two covariances is the sum of the singular values of the product of one
    set's centred rows with the other's: a matrix of as many rows and columns as there are rows of weight in the sets,
    which follows from the products of all rows with all others. Where there are more rows than features, the rows are
    first brought to as few as there are features.
    """

    def __init__(self, left: Samples, right: Samples) -> None:
        centre = torch.cat([left, right]).double().mean(dim=0)
        self._left, self._right = left.double() - centre, right.double() - centre
        self._products = self._left @ self._right.T

    def distance(self, left: Weights, right: Weights) -> float:
        """Return the Fréchet distance; NaN for less than two rows in a set, and for features that are not finite."""
        ours, theirs = left.double(), right.double()
        if min(ours.sum(), theirs.sum()) < 2 or not self._products.isfinite().all():
            return float("nan")
        moved = (_mean(self._left, ours) - _mean(self._right, theirs)).square().sum()
        return float(moved + _trace(self._left, ours) + _trace(self._right, theirs) - 2 * self._cross(ours, theirs))

    def _cross(self, ours: DoubleWeights, theirs: DoubleWeights) -> Tensor:
        """Return the trace of the root of the product of both covariances."""
        num_features = self._left.shape[1]
        if min(int((ours > 0).sum()), int((theirs > 0).sum())) > num_features:
            return torch.linalg.svdvals(_root(self._left, ours) @ _root(self._right, theirs).T).sum()
        centred = self._products - (ours @ self._products / ours.sum())
        centred = centred - (centred @ theirs / theirs.sum())[:, None]
        scaled = _scales(ours)[:, None] * centred[ours > 0][:, theirs > 0] * _scales(theirs)
        return torch.linalg.svdvals(scaled).sum()


def _mean(rows: Rows, weights: DoubleWeights) -> Float64[Tensor, " features"]:
    return weights @ rows / weights.sum()


def _trace(rows: Rows, weights: DoubleWeights) -> Tensor:
    """Return the trace of the covariance."""
    squares = (rows - _mean(rows, weights)).square().sum(dim=1)
    return weights @ squares / (weights.sum() - 1)


def _scales(weights: DoubleWeights) -> DoubleWeights:
    """Return what each row of weight is multiplied by in a root of the covariance."""
    return (weights[weights > 0] / (weights.sum() - 1)).sqrt()


def _root(rows: Rows, weights: DoubleWeights) -> Rows:
    """Return a matrix ``R`` of as many rows as features, whose ``R^T R`` is the covariance."""
    centred = (rows - _mean(rows, weights))[weights > 0] * _scales(weights)[:, None]
    return torch.linalg.qr(centred, mode="r").R


class Kernels:
    """Two sets of features whose kernel distance is asked under weights."""

    def __init__(self, left: Samples, right: Samples) -> None:
        left, right = left.double(), right.double()
        self._ours, self._theirs = cubic_kernel(left, left), cubic_kernel(right, right)
        self._between = cubic_kernel(left, right)

    def distance(self, left: Weights, right: Weights) -> float:
        """Return the kernel distance; NaN for less than two rows in a set."""
        ours, theirs = left.double(), right.double()
        within = _within(self._ours, ours) + _within(self._theirs, theirs)
        return float(within - 2 * (ours @ self._between @ theirs) / (ours.sum() * theirs.sum()))


def _within(kernel: Products, weights: DoubleWeights) -> Tensor:
    """Return the mean over all pairs of two rows of a set, the copies of a row among them."""
    count = weights.sum()
    return (weights @ kernel @ weights - weights @ kernel.diagonal()) / (count * (count - 1))
