"""Distances under weights are those of rows repeated as often, by the plain formula, and cheaper."""

import numpy as np
import pytest
import torch

from recyclegan.metrics.distribution import Gaussians, Kernels, frechet_distance, kernel_distance


def features(count, width, seed, shift=0.0):
    rng = torch.Generator().manual_seed(seed)
    mixing = torch.randn(width, width, generator=rng) / width**0.5
    return torch.randn(count, width, generator=rng) @ mixing + shift


def weights(count, seed):
    drawn = np.random.default_rng(seed).integers(0, count, count)
    return torch.from_numpy(np.bincount(drawn, minlength=count)).float()


def repeated(rows, counts):
    return rows.repeat_interleave(counts.long(), dim=0)


def plain_frechet(left, right):
    """The formula as it is printed: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))."""
    left, right = left.double(), right.double()
    ours, theirs = left.T.cov(), right.T.cov()
    values, vectors = torch.linalg.eigh(ours)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ theirs @ root).clamp(min=0).sqrt().sum()
    moved = (left.mean(0) - right.mean(0)).square().sum()
    return float(moved + ours.trace() + theirs.trace() - 2 * cross)


@pytest.mark.parametrize(("ours", "theirs", "width"), [(12, 9, 40), (60, 50, 16), (40, 8, 16), (2, 2, 3), (30, 30, 30)])
def test_weights_count_as_repeated_rows(ours, theirs, width):
    left, right = features(ours, width, 0), features(theirs, width, 1, shift=5.0)
    gaussians, kernels = Gaussians(left, right), Kernels(left, right)
    for seed in range(5):
        counts = weights(ours, seed), weights(theirs, 100 + seed)
        drawn = repeated(left, counts[0]), repeated(right, counts[1])
        assert gaussians.distance(*counts) == pytest.approx(frechet_distance(*drawn), rel=1e-8)
        assert kernels.distance(*counts) == pytest.approx(kernel_distance(*drawn), rel=1e-8, abs=1e-9)


def test_the_plain_formula_gives_the_same():
    left, right = features(400, 12, 2), features(300, 12, 3, shift=0.3)
    counts = weights(400, 0), weights(300, 1)
    expected = plain_frechet(repeated(left, counts[0]), repeated(right, counts[1]))
    assert Gaussians(left, right).distance(*counts) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(left, right) == pytest.approx(plain_frechet(left, right), rel=1e-8)


def test_few_samples_of_many_features_need_no_matrix_of_all_features(monkeypatch):
    """Six draws of two rows in three: nothing larger than the samples is decomposed."""
    left, right, sizes = features(12, 300, 0), features(9, 300, 1), []
    exact = torch.linalg.svdvals
    monkeypatch.setattr(torch.linalg, "svdvals", lambda matrix: sizes.append(matrix.shape) or exact(matrix))
    gaussians = Gaussians(left, right)
    counts = torch.tensor([1.0, 2.0, 0.0] * 4), torch.tensor([1.0, 2.0, 0.0] * 3)
    gaussians.distance(*counts)
    assert sizes == [(8, 6)]


def test_too_few_rows_and_features_that_are_not_finite_have_no_distance():
    left, right = features(4, 3, 0), features(4, 3, 1)
    one = torch.tensor([1.0, 0, 0, 0])
    assert np.isnan(Gaussians(left, right).distance(one, torch.ones(4)))
    assert np.isnan(frechet_distance(left / 0, right))
    assert np.isnan(Gaussians(left / 0, right).distance(torch.ones(4), torch.ones(4)))
    assert np.isnan(Kernels(left, right).distance(one, torch.ones(4)))
