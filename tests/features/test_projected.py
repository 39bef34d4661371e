"""Discriminators on projected features: frozen below, the same projection in every run, trained above."""

from functools import cache

import torch

from recyclegan.features.efficientnet import EfficientNetLite0
from recyclegan.features.projected import WIDTHS, FeatureDiscriminator, ProjectedFeatures
from tests.small import random_clips


@cache
def backbone() -> ProjectedFeatures:
    torch.manual_seed(0)
    return ProjectedFeatures(EfficientNetLite0())


def test_every_scale_hears_of_the_coarser_ones_and_of_every_channel() -> None:
    x = random_clips(0, size=(64, 96))[:, 0].requires_grad_()
    features = backbone()(x)
    assert [tuple(own.shape) for own in features] == [
        (1, wide, 64 // stride, 96 // stride) for wide, stride in zip(WIDTHS, (4, 8, 16, 32), strict=True)
    ]
    finest, coarsest = features[0], backbone().channels[-1].weight.requires_grad_()
    backbone()(x)[0].sum().backward()
    assert float(x.grad.abs().sum()) > 0
    assert bool((coarsest.grad.abs() > 0).all()), "the finest scale rests on every channel of the coarsest"
    coarsest.requires_grad_(False).grad = None
    assert finest.isfinite().all()


def test_the_projection_is_the_same_whatever_the_seed() -> None:
    torch.manual_seed(7)
    other = ProjectedFeatures(backbone().network)
    assert all(torch.equal(a, b) for a, b in zip(other.parameters(), backbone().parameters(), strict=True))
    assert not any(parameter.requires_grad for parameter in other.parameters())


def test_discriminators_learn_to_tell_features_apart() -> None:
    torch.manual_seed(0)
    heads = FeatureDiscriminator()
    optimizer = torch.optim.Adam(heads.parameters(), 1e-2)
    shapes = [(1, wide, 8, 8) for wide in WIDTHS]
    seen = [[torch.randn(shape) + mean for shape in shapes] for mean in (-0.5, 0.5)]
    for _ in range(30):
        optimizer.zero_grad()
        gaps = [real.mean() - fake.mean() for real, fake in zip(*map(heads, seen), strict=True)]
        (-torch.stack(gaps)).clamp(min=-2).sum().backward()
        optimizer.step()
    assert all(float(gap.detach()) > 0 for gap in gaps)
    assert len(gaps) == len(WIDTHS)
