"""Distances between sets of frames: against SciPy, torchmetrics and closed forms."""

import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from recyclegan.errors import InputError
from recyclegan.metrics.distribution import (
    Slices,
    draw_patches,
    frechet_distance,
    frequency_bands,
    inception_features,
    kernel_distance,
    load_features,
    patch_slices,
)

seeds = st.integers(0, 2**31 - 1)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def samples(seed, count=60, size=8, shift=0.0, scale=1.0):
    return torch.randn(count, size, generator=seeded(seed)) * scale + shift


def footage(seed, batch=24):
    return torch.rand(batch, 3, 40, 64, generator=seeded(seed)) * 2 - 1


def patch_distance(output, target, seed=0):
    return [band.distance() for band in patch_slices(output, target, seed)]


@given(seed=seeds, left=st.integers(2, 50), right=st.integers(2, 50))
@settings(max_examples=15, deadline=None)
def test_sliced_wasserstein_agrees_with_scipy(seed, left, right):
    """In one dimension every direction is +1 or -1, and both give the distance itself."""
    ours, theirs = samples(seed, left, 1), samples(seed + 1, right, 1)
    expected = stats.wasserstein_distance(ours[:, 0].numpy(), theirs[:, 0].numpy())
    assert Slices(ours, theirs, seeded(0), 3).distance() == pytest.approx(expected, abs=1e-5)


def test_sliced_wasserstein_of_a_shift_is_its_mean_projection():
    """A set shifted by v is |v . u| away in direction u, which averages to |v| sqrt(2 / (pi d)) for large d."""
    ours = samples(0, 40, 100)
    found = Slices(ours, ours + 1, seeded(0), 4000).distance()
    assert found == pytest.approx(10 * np.sqrt(2 / (np.pi * 100)), rel=0.03)


def test_weights_count_samples_as_often_as_they_say():
    ours, theirs = samples(0, 12, 5), samples(1, 9, 5)
    counts, others = torch.arange(12) % 3, torch.arange(9) % 2
    found = Slices(ours, theirs, seeded(3), 7).distance(counts.float(), others.float())
    expected = Slices(ours.repeat_interleave(counts, 0), theirs.repeat_interleave(others, 0), seeded(3), 7).distance()
    assert found == pytest.approx(expected, rel=1e-5)


def test_frequency_bands_add_up_to_the_frames():
    frames = footage(0)
    fine, middle, rest = frequency_bands(frames)
    assert (fine.shape[-1], middle.shape[-1], rest.shape[-1]) == (64, 32, 16)
    enlarge = torch.nn.functional.interpolate
    half = middle + enlarge(rest, size=middle.shape[-2:], mode="bilinear")
    torch.testing.assert_close(fine + enlarge(half, size=fine.shape[-2:], mode="bilinear"), frames)


def test_patches_are_cut_from_the_bands():
    frames = footage(0, 2)
    fine = draw_patches(frames, seeded(0), per_frame=5)[0]
    assert fine.shape == (10, 3 * 7 * 7)
    windows = frequency_bands(frames)[0][1].unfold(1, 7, 1).unfold(2, 7, 1)
    distance = (windows.permute(1, 2, 0, 3, 4).reshape(-1, 147)[None] - fine[5:, None]).abs().amax(-1).amin(-1)
    assert distance.max() == 0


def test_patch_distance_knows_colour_contrast_and_blur():
    target = footage(0)

    def distance(frames):
        return patch_distance(draw_patches(frames, seeded(1)), draw_patches(target, seeded(2)))

    same = distance(footage(3))
    assert max(same) < 0.15
    assert distance(target + 0.5)[-1] > 5 * same[-1]
    assert distance(0.5 * target)[0] > 5 * same[0]
    assert distance(torch.nn.functional.avg_pool2d(target, 3, 1, 1))[0] > 5 * same[0]


def test_patch_distance_is_seeded_and_zero_to_itself():
    patches = draw_patches(footage(0), seeded(1))
    assert patch_distance(patches, patches) == pytest.approx([0, 0, 0])
    assert patch_distance(patches, draw_patches(footage(1), seeded(1)), seed=4) == patch_distance(
        patches, draw_patches(footage(1), seeded(1)), seed=4
    )


def test_small_frames_are_refused():
    with pytest.raises(InputError, match="at least 28x28"):
        frequency_bands(torch.zeros(1, 3, 20, 64))


@given(seed=seeds)
@settings(max_examples=8, deadline=None)
def test_frechet_distance_follows_its_definition(seed):
    left, right = samples(seed), samples(seed + 1, 70, shift=0.3, scale=1.4)
    cov_left, cov_right = np.cov(left.double().numpy().T), np.cov(right.double().numpy().T)
    cross = np.trace(linalg.sqrtm(cov_left @ cov_right)).real
    moved = (left.double().mean(0) - right.double().mean(0)).square().sum().item()
    expected = moved + np.trace(cov_left) + np.trace(cov_right) - 2 * cross
    assert frechet_distance(left, right) == pytest.approx(expected, rel=1e-6)


def test_frechet_distance_of_a_shift_is_its_square_and_of_itself_nothing():
    ours = samples(0)
    assert frechet_distance(ours, ours + 0.5) == pytest.approx(8 * 0.25, rel=1e-5)
    assert frechet_distance(ours, ours) == pytest.approx(0, abs=1e-9)
    few = samples(0, 5)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-6)
    assert np.isnan(frechet_distance(samples(0, 1), ours))


def test_frechet_distance_is_the_same_by_either_side_of_the_matrix():
    """More samples than features, or fewer: the definition, through SciPy's matrix root, holds for both."""
    for count in (5, 40):
        left, right = samples(0, count), samples(1, count, shift=0.4)
        covs = [np.cov(part.double().numpy().T) for part in (left, right)]
        values = linalg.eigvals(covs[0] @ covs[1]).real.clip(0)
        moved = (left.double().mean(0) - right.double().mean(0)).square().sum().item()
        expected = moved + np.trace(covs[0] + covs[1]) - 2 * np.sqrt(values).sum()
        assert frechet_distance(left, right) == pytest.approx(expected, rel=1e-5)


class Flat(torch.nn.Module):
    """Gives torchmetrics its features: the pixels themselves."""

    num_features = 12

    def forward(self, x):
        return x.double().flatten(1)


@pytest.mark.filterwarnings("ignore")
def test_both_distances_agree_with_torchmetrics():
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    left, right = torch.rand(50, 3, 2, 2, generator=seeded(0)), torch.rand(50, 3, 2, 2, generator=seeded(1)) * 0.8
    fid = FrechetInceptionDistance(feature=Flat(), input_img_size=(3, 2, 2)).set_dtype(torch.float64)
    kid = KernelInceptionDistance(feature=Flat(), subsets=1, subset_size=50)
    for metric in (fid, kid):
        metric.update(left, real=True)
        metric.update(right, real=False)
    assert frechet_distance(left.flatten(1), right.flatten(1)) == pytest.approx(fid.compute().item(), rel=1e-4)
    assert kernel_distance(left.flatten(1), right.flatten(1)) == pytest.approx(kid.compute()[0].item(), rel=1e-4)


def test_kernel_distance_is_unbiased():
    """Over many draws from one distribution the mean is 0 within its own error."""
    values = [kernel_distance(samples(2 * i, 20), samples(2 * i + 1, 20)) for i in range(150)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert kernel_distance(samples(0), samples(1, shift=1)) > 5 * np.std(values)


def save_script(path):
    torch.jit.script(torch.nn.AvgPool2d(8)).save(path)


def save_export(path):
    any_batch = ({0: torch.export.Dim.AUTO},)
    torch.export.save(torch.export.export(torch.nn.AvgPool2d(8), (footage(0, 2),), dynamic_shapes=any_batch), path)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize(("save", "name"), [(save_script, "features.pt"), (save_export, "features.pt2")])
def test_features_come_from_a_file(tmp_path, save, name):
    save(tmp_path / name)
    frames = footage(0)
    expected = torch.nn.functional.avg_pool2d(frames, 8).flatten(1)
    torch.testing.assert_close(load_features(tmp_path / name)(frames), expected)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_other_files_are_no_features(tmp_path):
    (tmp_path / "features.pt").write_text("not a network")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "weights.pt")
    for name in ("features.pt", "absent.pt", "weights.pt"):
        with pytest.raises(InputError, match="holds no network"):
            load_features(tmp_path / name)


def test_missing_inception_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    with pytest.raises(InputError, match="recyclegan\\[metrics\\]"):
        inception_features()
