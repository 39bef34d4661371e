import pytest
import torch

from recyclegan.domains import DIRECTIONS, Domains
from recyclegan.errors import InputError
from recyclegan.methods import CycleGAN
from recyclegan.settings.networks import NetworkConfig
from tests.small import NETWORKS, random_clips, small_method

RNG = torch.Generator()


def same(frames: torch.Tensor) -> torch.Tensor:
    return frames


class Refusing(torch.nn.Module):
    """A network that must not be asked."""

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        raise AssertionError("a term of weight 0 was computed")


def test_generators_that_change_nothing_lose_nothing_but_the_adversarial_term() -> None:
    method = small_method("cycle-gan")
    for direction in DIRECTIONS:
        method.generators[direction] = torch.nn.Identity()
    terms, fake = method.generator_losses(random_clips(0), "ab", RNG)
    assert terms["cycle"] == terms["identity"] == 0
    assert terms["adversarial"] > 0
    assert torch.equal(fake, random_clips(0)[:, 0])


@torch.no_grad()
def test_a_weight_scales_its_term_for_its_own_domain() -> None:
    one = small_method("cycle-gan", cycle=(1.0, 1.0))
    other = small_method("cycle-gan", cycle=(3.0, 7.0))
    for direction, weight in {"ab": 3.0, "ba": 7.0}.items():
        terms, weighted = (m.generator_losses(random_clips(0), direction, RNG)[0] for m in (one, other))
        assert float(weighted["cycle"]) == pytest.approx(weight * float(terms["cycle"]), rel=1e-6)
        assert weighted["adversarial"] == terms["adversarial"]


def test_terms_of_weight_0_are_not_computed() -> None:
    method = small_method("cycle-gan", adversarial=(0.0, 1.0), cycle=(0.0, 1.0), identity=(0.0, 1.0))
    method.generators["ba"] = method.discriminators["b"] = Refusing()
    terms, _ = method.generator_losses(random_clips(0), "ab", RNG)
    assert terms == {}


def test_identity_needs_equal_channels() -> None:
    with pytest.raises(InputError, match="identity: found 3 channels in a and 1 in b"):
        CycleGAN(CycleGAN.Config(), NETWORKS, Domains((3, 1)))
    method = CycleGAN(CycleGAN.Config(identity=(0.0, 0.0)), NETWORKS, Domains((3, 1)))
    terms, fake = method.generator_losses(random_clips(0), "ab", RNG)
    assert fake.shape[1] == 1
    assert set(terms) == {"adversarial", "cycle"}


@torch.no_grad()
def test_cross_entropy_is_at_hand_too() -> None:
    method = small_method(
        "cycle-gan", networks=NetworkConfig(width=4, discriminator_width=4, objective="cross-entropy")
    )
    real = random_clips(0)
    terms, fake = method.generator_losses(real, "ab", RNG)
    expected = torch.nn.functional.softplus(-method.discriminators["b"](fake)).mean()
    assert float(terms["adversarial"]) == pytest.approx(float(expected), rel=1e-5)
