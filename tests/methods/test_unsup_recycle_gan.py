"""Unsupervised Recycle-GAN: which network each term calls, what is moved, and what may be left out."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recyclegan import losses
from recyclegan.domains import Direction, Domains
from recyclegan.errors import InputError
from recyclegan.features import VGGFeatures
from recyclegan.flow import sample_motion
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.steps.train_state import trained_weights
from recyclegan.tensors import Losses
from tests.small import NETWORKS, random_clips

TERMS = ("adversarial", "cycle", "unsup_recycle", "unsup_spatial", "content", "identity")
CALLS = {
    "adversarial": {"D": 1},
    "cycle": {"F": 1},
    "unsup_recycle": {"F": 1},
    "unsup_spatial": {"G": 1},
    "content": {"features": 2},
    "identity": {"F": 1},
}
"""Calls that each term adds to the one of G that makes the fake."""


class Corners(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv2d(3, 4, 5, stride=3).requires_grad_(False)

    def forward(self, frames: Tensor) -> Tensor:
        return self.net(frames)


class Position(nn.Module):
    """Brightens frames to the right: its translation depends on the place."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames + torch.linspace(-1, 1, frames.shape[-1])


class Inverse(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        return -frames


def method_with(flow: FlowSynthesis | None = None, **weights: float) -> UnsupRecycleGAN:
    torch.manual_seed(0)
    pairs = {term: (weights.get(term, 0.0),) * 2 for term in TERMS}
    config = UnsupRecycleGAN.Config(**pairs, flow=flow or FlowSynthesis())
    return UnsupRecycleGAN(config, NETWORKS, features=Corners())


def losses_of(method: UnsupRecycleGAN, direction: Direction = "ab", seed: int = 0) -> Losses:
    return method.generator_losses(random_clips(0), direction, torch.Generator().manual_seed(seed))[0]


@torch.no_grad()
def values_of(method: UnsupRecycleGAN, direction: Direction = "ab", seed: int = 0) -> dict[str, float]:
    return {term: float(loss) for term, loss in losses_of(method, direction, seed).items()}


def counted(method: UnsupRecycleGAN, direction: Direction = "ab") -> Counter[str]:
    calls: Counter[str] = Counter()
    names = {
        "G": method.generators[direction],
        "F": method.generators[direction[::-1]],
        "D": method.discriminators[direction[1]],
        "other D": method.discriminators[direction[0]],
        "features": method.features,
    }
    for name, network in names.items():
        network.register_forward_hook(lambda *_, name=name: calls.update([name]))
    losses_of(method, direction)
    return calls


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_a_term_calls_exactly_the_networks_of_its_equation(term: str, direction: Direction) -> None:
    assert counted(method_with(**{term: 1.0}), direction) == Counter({"G": 1}) + Counter(CALLS[term])


def test_all_terms_share_one_translation() -> None:
    wanted = sum((Counter(calls) for calls in CALLS.values()), Counter({"G": 1}))
    assert counted(method_with(**dict.fromkeys(TERMS, 1.0))) == wanted


@pytest.mark.parametrize("direction", ["ab", "ba"])
def test_the_weights_of_a_direction_are_those_of_its_source(direction: Direction) -> None:
    pairs = {term: (1.0, 0.0) if place % 2 else (0.0, 1.0) for place, term in enumerate(TERMS)}
    method = UnsupRecycleGAN(UnsupRecycleGAN.Config(**pairs), NETWORKS, features=Corners())
    assert set(losses_of(method, direction)) == {
        term for place, term in enumerate(TERMS) if place % 2 == (direction == "ab")
    }


def test_the_default_is_the_published_weighting_without_content() -> None:
    config = UnsupRecycleGAN.Config()
    weights = {term: getattr(config, term) for term in TERMS}
    assert weights == dict.fromkeys(TERMS, (0.0, 0.0)) | {
        "adversarial": (1.0, 1.0),
        "unsup_recycle": (10.0, 10.0),
        "unsup_spatial": (10.0, 10.0),
    }
    assert (config.flow.motion, config.flow.shift, config.flow.noise) == (8.0, 10, 0.001)


def test_generators_that_commute_with_motion_cost_nothing_and_others_do() -> None:
    quiet = FlowSynthesis(noise=0.0)
    method = method_with(quiet, unsup_recycle=1.0, unsup_spatial=1.0)
    for direction in ("ab", "ba"):
        method.generators[direction] = Inverse()
    assert all(loss < 1e-6 for loss in values_of(method).values())
    for direction in ("ab", "ba"):
        method.generators[direction] = Position()
    assert all(loss > 0.005 for loss in values_of(method).values())


def test_both_terms_draw_a_motion_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def watched(settings: FlowSynthesis, frames: Tensor, rng: torch.Generator) -> Any:
        drawn.append(sample_motion(settings, frames, rng))
        return drawn[-1]

    monkeypatch.setattr("recyclegan.methods.unsup_recycle_gan.sample_motion", watched)
    losses_of(method_with(unsup_recycle=1.0, unsup_spatial=1.0))
    assert len(drawn) == 2
    assert not torch.equal(drawn[0].flow, drawn[1].flow)


def test_motion_and_noise_differ_from_seed_to_seed() -> None:
    for flow in (FlowSynthesis(noise=0.0), FlowSynthesis(motion=0.0, shift=0, noise=0.1)):
        method = method_with(flow, unsup_recycle=1.0, unsup_spatial=1.0)
        one, other = values_of(method, seed=1), values_of(method, seed=2)
        assert all(one[term] != other[term] for term in one)


def test_without_motion_and_noise_the_recycle_term_is_the_cycle_term() -> None:
    still = FlowSynthesis(motion=0.0, shift=0, noise=0.0)
    found = values_of(method_with(still, unsup_recycle=1.0, unsup_spatial=1.0, cycle=1.0))
    assert found["unsup_recycle"] == pytest.approx(found["cycle"], rel=1e-4)
    assert found["unsup_spatial"] < 1e-4


def test_gradients_of_the_recycle_term_reach_both_generators() -> None:
    method = method_with(unsup_recycle=1.0)
    losses_of(method)["unsup_recycle"].backward()
    for direction in ("ab", "ba"):
        assert all(float(p.grad.abs().sum()) > 0 for p in method.generators[direction].parameters() if p.ndim > 1)


def test_terms_are_those_of_the_catalogue_times_their_weight() -> None:
    method = method_with(adversarial=2.0, cycle=3.0, content=5.0, identity=7.0)
    found, x = losses_of(method), random_clips(0)[:, 0]
    G, F, D, phi = method.generators["ab"], method.generators["ba"], method.discriminators["b"], method.features
    y = G(x)
    wanted = {
        "adversarial": 2 * losses.adversarial(D(y)),
        "cycle": 3 * losses.cycle(F(y), x),
        "content": 5 * losses.content(phi(y), phi(x)),
        "identity": 7 * losses.identity(F(x), x),
    }
    assert {k: float(v.detach()) for k, v in found.items()} == {
        k: pytest.approx(float(v.detach()), rel=1e-5) for k, v in wanted.items()
    }


def test_vgg_is_read_only_where_the_content_term_has_a_weight(tmp_path: Path) -> None:
    missing = tmp_path / "vgg.pth"
    method = UnsupRecycleGAN(UnsupRecycleGAN.Config(vgg=missing), NETWORKS)
    assert method.features is None
    with pytest.raises(InputError, match=r"vgg.pth: no such file"):
        UnsupRecycleGAN(UnsupRecycleGAN.Config(content=(0.0, 1.0), vgg=missing), NETWORKS)


def test_vgg_is_frozen_and_stays_out_of_checkpoints(tmp_path: Path) -> None:
    torch.save(VGGFeatures().state_dict(), tmp_path / "vgg.pth")
    config = UnsupRecycleGAN.Config(content=(1.0, 1.0), vgg=tmp_path / "vgg.pth")
    method = UnsupRecycleGAN(config, NETWORKS)
    assert isinstance(method.features, VGGFeatures)
    assert not any(p.requires_grad for p in method.features.parameters())
    assert any(name.startswith("features.") for name in method.state_dict())
    assert not any(name.startswith("features.") for name in trained_weights(method))
    loss = losses_of(method)["content"]
    loss.backward()
    assert all(p.grad is None for p in method.features.parameters())


def test_grey_and_colour_domains_translate_into_each_other() -> None:
    method = UnsupRecycleGAN(UnsupRecycleGAN.Config(cycle=(1.0, 1.0)), NETWORKS, Domains((1, 3)))
    for direction, channels in (("ab", (1, 3)), ("ba", (3, 1))):
        real = random_clips(0, channels=channels[0])
        terms, fakes = method.generator_losses(real, direction, torch.Generator())
        assert set(terms) == {"adversarial", "cycle", "unsup_recycle", "unsup_spatial"}
        assert fakes.shape[1] == channels[1]


@pytest.mark.parametrize(("term", "channels"), [("identity", (1, 3)), ("content", (1, 3)), ("content", (1, 1))])
def test_terms_that_look_at_colours_refuse_other_channels(term: str, channels: tuple[int, int]) -> None:
    config = UnsupRecycleGAN.Config(**{term: (1.0, 1.0)})
    with pytest.raises(InputError, match=f"{term}: .*channels.*weight of {term} to 0"):
        UnsupRecycleGAN(config, NETWORKS, Domains(channels), features=Corners())


def test_networks_follow_their_configuration() -> None:
    networks = NetworkConfig("unet-128", width=4, discriminator="pixel", discriminator_width=8, dropout=True)
    method = UnsupRecycleGAN(UnsupRecycleGAN.Config(), networks)
    assert {type(g).__name__ for g in method.generators.values()} == {"UNet"}
    assert {type(d).__name__ for d in method.discriminators.values()} == {"PixelDiscriminator"}
    assert replace(networks, width=8).width == 8


@pytest.mark.parametrize("name", ["width", "discriminator_width", "discriminator_layers"])
def test_networks_without_layers_are_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=f"networks {name}: found 0, expected 1 to"):
        NetworkConfig(**{name: 0})
