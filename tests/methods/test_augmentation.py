"""What frames go through before they are judged: exact where it is off, differentiable, and alike for real and fake."""

from typing import get_args

import pytest
import torch

from recyclegan.methods.augmentation import CUT, SHIFT, Augmentation, sample_augmentation
from recyclegan.settings.networks import AugmentationName
from tests.small import random_clips

KINDS = get_args(AugmentationName)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames(seed: int = 0, batch: int = 4) -> torch.Tensor:
    return random_clips(seed, batch=batch, size=(32, 48))[:, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_drawn_for_each_frame_and_hands_gradients_back(kind: AugmentationName) -> None:
    x = frames(batch=1).expand(4, -1, -1, -1).clone().requires_grad_()
    changed = sample_augmentation((kind,), x, rng())(x)
    assert changed.shape == x.shape
    assert all(not torch.equal(changed[0], other) for other in changed[1:])
    changed.square().sum().backward()
    assert all(float(gradient.abs().sum()) > 0 for gradient in x.grad)


def test_the_stated_draws_change_nothing_and_whole_pixels() -> None:
    x, middle = frames(), torch.full((4, 7), 0.5)
    torch.testing.assert_close(Augmentation(("colour", "translation"), middle)(x), x)
    middle[:, 3] = 1.0
    moved = Augmentation(("translation",), middle)(x)
    shift = round(48 * SHIFT)
    assert torch.equal(moved[..., shift:], x[..., :-shift])
    cut = Augmentation(("cutout",), torch.full((4, 7), 0.5))(x)
    assert float((cut == 0).float().mean()) == pytest.approx(CUT**2, rel=0.15)
    assert torch.equal(cut[cut != 0], x[cut != 0])


def test_real_and_fake_of_a_perfect_translator_have_the_same_statistics() -> None:
    real, fake = frames(0, 256), frames(1, 256)
    shown = [sample_augmentation(KINDS, x, rng(seed))(x) for seed, x in ((2, real), (3, fake))]
    for statistic in (torch.mean, torch.std):
        one, other = (torch.stack([statistic(frame) for frame in x]) for x in shown)
        error = (one.var() / 256 + other.var() / 256).sqrt()
        assert float((one.mean() - other.mean()).abs()) < 4 * float(error)
    assert not torch.allclose(shown[0], real)


def test_the_same_draw_changes_frames_of_other_sizes_alike() -> None:
    x = frames()
    large = torch.nn.functional.interpolate(x, scale_factor=2)
    change = sample_augmentation(("cutout",), x, rng())
    reduced = torch.nn.functional.interpolate(change(large), scale_factor=0.5)
    assert float((reduced != change(x)).float().mean()) < 0.1


@pytest.mark.parametrize(("share", "changed"), [(0.0, 0), (1.0, 4)])
def test_as_many_frames_are_changed_as_asked_for(share: float, changed: int) -> None:
    x = frames()
    shown = sample_augmentation(("cutout",), x, rng(), torch.tensor(share))(x)
    assert int((shown != x).any(dim=(1, 2, 3)).sum()) == changed
    if changed:
        assert torch.equal(shown, sample_augmentation(("cutout",), x, rng())(x)), "the same draw"


def test_a_share_is_the_chance_of_each_frame() -> None:
    x = torch.rand(400, 3, 8, 8, generator=rng())
    shown = sample_augmentation(("cutout",), x, rng(1), torch.tensor(0.25))(x)
    assert 70 < int((shown != x).any(dim=(1, 2, 3)).sum()) < 130
