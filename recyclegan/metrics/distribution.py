"""How far a set of frames is, as a whole, from a set of another: do the outputs look like footage of the target?

The sliced Wasserstein distance of patches needs no weights. FID and KID need the features of some network, which every
result has to name: their numbers compare only under the same features.

Distances between two sets of features under ever new weights, as intervals need them: what is shared is done once.

A row of weight 2 counts as two rows. The values are those of `frechet_distance` and `kernel_distance` on rows repeated
so, up to rounding.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float64, Int
from torch import Tensor

from recyclegan.errors import InputError, first_line
from recyclegan.metrics.perceptual import load_network
from recyclegan.tensors import Frames

Samples = Float[Tensor, "_ features"]
Weights = Float[Tensor, " _"]
Extract = Callable[[Frames], Samples]
"""Maps frames in [-1, 1] to one row of features a frame."""

PATCH_SIDE = 7
NUM_BANDS = 3
PATCHES_PER_FRAME = 64
NUM_PROJECTIONS = 256


def frequency_bands(frames: Frames) -> list[Float[Tensor, "batch channels _ _"]]:
    """Return what each halving of the size loses, finest first, and last what remains (a Laplacian pyramid).

    Raises:
        InputError: the frames are too small for a patch in the coarsest band.
    """
    least = PATCH_SIDE * 2 ** (NUM_BANDS - 1)
    height, width = frames.shape[-2:]
    if min(height, width) < least:
        raise InputError(
            f"patch distance: frames of {width}x{height}, expected at least {least}x{least}; use larger frames"
        )
    bands = []
    for _ in range(NUM_BANDS - 1):
        smaller = F.avg_pool2d(frames, 2, ceil_mode=True)
        enlarged = F.interpolate(smaller, size=frames.shape[-2:], mode="bilinear", align_corners=False)
        bands.append(frames - enlarged)
        frames = smaller
    return [*bands, frames]


def draw_patches(frames: Frames, rng: torch.Generator, per_frame: int = PATCHES_PER_FRAME) -> list[Samples]:
    """Return for each frequency band, finest first, square patches from random places, one row each."""
    return [_patches(band, rng, per_frame) for band in frequency_bands(frames)]


def _patches(band: Frames, rng: torch.Generator, per_frame: int) -> Samples:
    windows = band.unfold(2, PATCH_SIDE, 1).unfold(3, PATCH_SIDE, 1)
    batch, _, rows, columns = windows.shape[:4]
    row = torch.randint(rows, (batch, per_frame), generator=rng)
    column = torch.randint(columns, (batch, per_frame), generator=rng)
    frame = torch.arange(batch)[:, None]
    return windows[frame, :, row, column].flatten(0, 1).flatten(1)


class Slices:
    """Two sets of samples in random directions, sorted once: distances under ever new weights cost no more sorting.

    The distance is the mean over the directions of the Wasserstein-1 distance between the projected samples, which is
    exact. The sets may differ in size.
    """

    def __init__(self, left: Samples, right: Samples, rng: torch.Generator, num_projections: int) -> None:
        directions = F.normalize(torch.randn(left.shape[1], num_projections, generator=rng), dim=0).to(left)
        values = (torch.cat([left, right]) @ directions).T.contiguous().numpy()
        order = np.argsort(values, axis=1)  # by a radix or vector sort, several times as fast as torch's
        self._order = torch.from_numpy(order)
        self._steps = torch.from_numpy(np.diff(np.take_along_axis(values, order, axis=1), axis=1))
        self._sizes = len(left), len(right)

    def distance(self, left: Weights | None = None, right: Weights | None = None) -> float:
        """Return the sliced Wasserstein distance; each sample counts by its weight, all alike where left out."""
        ours, theirs = (
            (torch.ones(size) if weights is None else weights).to(self._steps)
            for weights, size in zip((left, right), self._sizes, strict=True)
        )
        mass = torch.cat([ours / ours.sum(), -theirs / theirs.sum()])
        gaps = (mass[order].cumsum(dim=0)[:-1].abs() @ steps for order, steps in self._by_direction())
        return float(torch.stack(list(gaps)).mean())

    def distances(
        self,
        left: Float[Tensor, "draws left_groups"],
        right: Float[Tensor, "draws right_groups"],
        left_group: Int[Tensor, " left_samples"],
        right_group: Int[Tensor, " right_samples"],
    ) -> Weights:
        """Return a distance for each row of weights, which are those of groups: each sample counts as its group does.

        The mass that lies below a value is linear in the weights: it is summed once for each group, then mixed.
        """
        groups = torch.cat([left_group, right_group + left.shape[1]])
        mass = (left[:, left_group].sum(dim=1, keepdim=True), right[:, right_group].sum(dim=1, keepdim=True))
        mixed = torch.cat([left / mass[0], -right / mass[1]], dim=1)
        found = torch.zeros(len(left))
        for order, steps in self._by_direction():
            below = F.one_hot(groups[order], mixed.shape[1]).T.float().cumsum(dim=1)[:, :-1]
            found += (mixed @ below).abs_() @ steps
        return found / len(self._order)

    def _by_direction(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the order of all samples in each direction, and how far it is from each to the next."""
        return zip(self._order, self._steps, strict=True)


def patch_slices(
    output: Sequence[Samples], target: Sequence[Samples], seed: int = 0, num_projections: int = NUM_PROJECTIONS
) -> list[Slices]:
    """Return for each frequency band, finest band first, what tells the sliced Wasserstein distance between patches.

    In units of the target's standard deviation in that band: 0 for the same patches, 1 is far. The fine bands speak of
    texture, the last one of colour and shape. Two draws from the same footage are some hundredths apart.

    Source: after Karras et al. 2018 (progressive growing), who normalise each set by itself; here both are normalised
    by the target, so that a wrong colour or contrast shows.
    """
    rng = torch.Generator().manual_seed(seed)
    return [
        Slices(ours / theirs.std(), theirs / theirs.std(), rng, num_projections)
        for ours, theirs in zip(output, target, strict=True)
    ]


def frechet_distance(left: Samples, right: Samples) -> float:
    """Return the Fréchet distance between the Gaussians fitted to two sets of features (FID with Inception's).

    Biased upwards for few samples: give at least as many as there are features, and compare equal numbers only. NaN
    for less than two samples, and for features that are not finite.

    Source: Heusel et al. 2017 (two time-scale update rule), equation 6.
    """
    if min(len(left), len(right)) < 2 or not (left.isfinite().all() and right.isfinite().all()):
        return float("nan")
    (mean_left, root_left), (mean_right, root_right) = _gaussian(left), _gaussian(right)
    cross = torch.linalg.svdvals(root_left @ root_right.T).sum()
    moved = (mean_left - mean_right).square().sum()
    return float(moved + root_left.square().sum() + root_right.square().sum() - 2 * cross)


def _gaussian(samples: Samples) -> tuple[Tensor, Tensor]:
    """Return the mean of samples and a root ``R`` of their covariance, which is ``R^T R``.

    The eigenvalues of a product of two covariances are then the squared singular values of ``R_left R_right^T``, a
    matrix that is small where the samples are few.
    """
    samples = samples.double()
    mean = samples.mean(dim=0)
    root = (samples - mean) / (len(samples) - 1) ** 0.5
    return mean, torch.linalg.qr(root, mode="r").R if len(root) > root.shape[1] else root


def kernel_distance(left: Samples, right: Samples) -> float:
    """Return the squared maximum mean discrepancy under the cubic kernel (KID with Inception's features).

    Unbiased over all pairs: around 0, possibly below, when both sets come from one distribution.

    Source: Binkowski et al. 2018 (demystifying MMD GANs), with ``k(x, y) = (x . y / d + 1)^3``.
    """
    left, right = left.double(), right.double()
    within = _mean_off_diagonal(cubic_kernel(left, left)) + _mean_off_diagonal(cubic_kernel(right, right))
    return float(within - 2 * cubic_kernel(left, right).mean())


def cubic_kernel(left: Samples, right: Samples) -> Tensor:
    """Return ``(x . y / d + 1)^3`` for each row of one set with each row of the other."""
    return (left @ right.T / left.shape[1] + 1) ** 3


def _mean_off_diagonal(kernel: Tensor) -> Tensor:
    count = len(kernel)
    return (kernel.sum() - kernel.trace()) / (count * (count - 1))


def load_features(path: Path) -> Extract:
    """Return the feature network of a file (see `load_network`): frames in [-1, 1] to one row of features a frame."""
    network = load_network(path)

    @torch.inference_mode()
    def extract(frames: Frames) -> Samples:
        return network(frames).flatten(1)

    return extract


def inception_features() -> Extract:
    """Return the 2048 features of Inception that FID is printed for, through torchmetrics.

    Raises:
        InputError: torchmetrics or its Inception is not installed, or the weights cannot be had.
    """
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance

        network = FrechetInceptionDistance(feature=2048).inception
    except (ImportError, RuntimeError, OSError) as error:
        raise InputError(
            f"Inception features: not to be had ({first_line(error)}); pip install 'recyclegan[metrics]'"
            " torch-fidelity, or name a TorchScript file of another feature network"
        ) from error

    @torch.inference_mode()
    def extract(frames: Frames) -> Samples:
        return network(frames.add(1).mul(127.5).round().clamp(0, 255).byte())

    return extract


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
