"""Where two frames have light and dark in the same places, whatever their looks; discriminators learn there alone."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from recyclegan import losses
from recyclegan.methods.adversary import agreement
from recyclegan.settings.networks import AdversaryConfig, Objective
from tests.small import NETWORKS, random_clips, small_method

HALF = slice(None), slice(None), slice(0, 16)


def split_frame(above: float, below: float) -> Tensor:
    frame = torch.full((1, 3, 32, 48), below)
    frame[HALF] = above
    return frame


def test_another_look_of_the_same_layout_agrees_everywhere() -> None:
    assert bool((agreement(split_frame(0.9, -0.2), split_frame(0.1, -0.9)) > 0.99).all())


def test_what_is_dark_in_one_and_light_in_the_other_does_not_agree() -> None:
    one, other = split_frame(0.8, -0.2), split_frame(0.5, -0.5)
    other[..., :16, :24] = -0.8
    found = agreement(one, other)
    assert float(found[..., :7, :11].max()) == 0
    assert float(found[..., :7, 13:].min()) > 0.3


class Levels(nn.Module):
    """Gives each pixel its mean level for a verdict."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames.mean(dim=1, keepdim=True)


@pytest.mark.parametrize("objective", ["least-squares", "cross-entropy", "hinge"])
def test_discriminators_learn_nothing_where_layouts_differ(objective: Objective) -> None:
    config = replace(NETWORKS, objective=objective, discriminator_layers=1, adversary=AdversaryConfig(masked=True))
    method = small_method(networks=config)
    method.discriminators["b"] = Levels()
    source, real, fake = split_frame(0.8, -0.2), split_frame(0.5, -0.5), random_clips(0, size=(32, 48))[:, 0]
    real[..., :16, :24] = -0.8
    rng = torch.Generator()
    method.adversarial_loss(source[:, None], fake, "ab", rng)
    shown_real, shown_fake = real.requires_grad_(), fake.requires_grad_()
    method.discriminator_loss("b", shown_real, shown_fake, rng).backward()
    for shown in (shown_real, shown_fake):
        assert float(shown.grad[..., :14, :22].abs().max()) == 0
        assert bool((shown.grad[..., :14, 26:].abs() > 0).all())


def test_frames_that_agree_everywhere_are_judged_as_without_weights() -> None:
    verdicts = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4)
    for tells in (losses.discriminator, losses.vanilla_discriminator, losses.hinge_discriminator):
        assert float(tells(*verdicts, torch.ones(2, 1, 4, 4))) == pytest.approx(float(tells(*verdicts)), rel=1e-5)
        assert float(tells(*verdicts, torch.zeros(2, 1, 4, 4))) == 0
