"""Generators, predictors and discriminators: any size, any norm, the stated first weights and field of view."""

from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from recyclegan.networks import (
    PatchGAN,
    PixelDiscriminator,
    ResNetGenerator,
    UNet,
    initialize,
    make_discriminator,
    make_generator,
    make_predictor,
)
from recyclegan.settings.networks import DiscriminatorName, GeneratorName, Norm, PredictorName

GENERATORS = get_args(GeneratorName)
PREDICTORS = get_args(PredictorName)
DISCRIMINATORS = get_args(DiscriminatorName)
NORMS = get_args(Norm)
SIDES = st.integers(32, 75)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize("name", GENERATORS)
@given(SIDES, SIDES)
@settings(max_examples=6, deadline=None)
@torch.no_grad()
def test_a_generator_keeps_any_size(name: GeneratorName, height: int, width: int) -> None:
    fake = make_generator(name, width=4)(noise(1, 3, height, width))
    assert fake.shape == (1, 3, height, width)
    assert fake.isfinite().all()
    assert float(fake.abs().max()) <= 1


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dropout", [False, True])
def test_a_generator_learns_with_any_norm_and_channels(name: GeneratorName, norm: Norm, dropout: bool) -> None:
    network = make_generator(name, 1, 3, width=4, norm=norm, dropout=dropout)
    fake = network(noise(1, 1, 33, 38))
    assert fake.shape == (1, 3, 33, 38)
    fake.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    found = [m for m in network.modules() if isinstance(m, nn.InstanceNorm2d | nn.BatchNorm2d)]
    kinds = {"instance": nn.InstanceNorm2d, "batch": nn.BatchNorm2d}
    assert bool(found) == (norm != "none")
    assert all(isinstance(m, kinds[norm]) for m in found)
    assert any(isinstance(m, nn.Dropout) for m in network.modules()) == dropout


@pytest.mark.parametrize("name", PREDICTORS)
@pytest.mark.parametrize("channels", [1, 3])
@torch.no_grad()
def test_a_predictor_makes_a_frame_of_two(name: PredictorName, channels: int) -> None:
    network = make_predictor(name, channels, width=1 if name == "prediction" else 4)
    first, second = noise(1, channels, 35, 42), noise(1, channels, 35, 42, seed=1)
    frame = network(torch.cat([first, second], dim=1))
    assert frame.shape == (1, channels, 35, 42)
    assert not torch.allclose(frame, network(torch.cat([second, first], dim=1))), "the order matters"


@pytest.mark.parametrize("name", DISCRIMINATORS)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_discriminator_judges_any_size_with_any_norm(name: DiscriminatorName, norm: Norm, channels: int) -> None:
    network = make_discriminator(name, channels, width=4, norm=norm)
    verdict = network(noise(2, channels, 37, 50))
    assert verdict.shape == ((2, 1, 37, 50) if name == "pixel" else (2, 1, 2, 4))
    verdict.square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@pytest.mark.parametrize(("num_layers", "field"), [(1, 16), (2, 34), (3, 70)])
def test_a_patch_sees_as_many_pixels_as_is_said(num_layers: int, field: int) -> None:
    network = PatchGAN(3, width=2, num_layers=num_layers, norm="none")
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)
    frames = noise(1, 3, 160, 160).requires_grad_()
    verdict = network(frames)
    verdict[0, 0, verdict.shape[2] // 2, verdict.shape[3] // 2].backward()
    seen = frames.grad.abs().amax(1)[0] > 0
    for axis in (0, 1):
        where = seen.any(axis).nonzero()
        assert int(where.max() - where.min()) + 1 == field
    assert int(seen.sum()) == field**2


def test_a_pixel_is_judged_by_its_colour_alone() -> None:
    network = PixelDiscriminator(3, width=4, norm="none")
    frames = noise(1, 3, 9, 9).requires_grad_()
    network(frames)[0, 0, 4, 5].backward()
    assert frames.grad.abs().amax(1)[0].nonzero().tolist() == [[4, 5]]


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_first_weights_are_drawn_from_the_stated_distribution(name: str, norm: Norm) -> None:
    torch.manual_seed(0)
    make = make_generator if name in GENERATORS else make_discriminator
    network = make(name, width=16, norm=norm)
    weights = {n: p.detach() for n, p in network.named_parameters()}
    drawn = torch.cat([w.flatten() for w in weights.values() if w.ndim == 4])
    sample_error = 4 / len(drawn) ** 0.5
    assert float(drawn.std()) == pytest.approx(0.02, rel=sample_error)
    assert abs(float(drawn.mean())) < 0.02 * sample_error
    assert float(drawn.abs().max()) > 0.05, "a normal distribution has tails"
    assert all((w == 0).all() for n, w in weights.items() if n.endswith("bias"))
    scales = [w for n, w in weights.items() if n.endswith("weight") and w.ndim == 1]
    assert bool(scales) == (norm == "batch"), "instance norm has no weights of its own"
    if scales:
        assert float(torch.cat(scales).mean()) == pytest.approx(1, abs=0.01)
        assert 0 < float(torch.cat(scales).std()) < 0.04


def test_first_weights_follow_from_the_global_seed() -> None:
    networks = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        networks.append(make_generator("resnet-6", width=4).state_dict())
    first, again, other = networks
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[n], other[n]) for n in first if n.endswith("weight"))


def test_the_deviation_can_be_chosen() -> None:
    network = nn.Conv2d(30, 30, 3)
    initialize(network, 0.5)
    assert float(network.weight.detach().std()) == pytest.approx(0.5, rel=0.1)


@pytest.mark.parametrize(
    ("kind", "deviation", "wanted"),
    [
        ("normal", 0.05, 0.05),
        ("xavier", 0.5, 0.5 * (2 / (9 * 40 + 9 * 20)) ** 0.5),
        ("kaiming", 0.02, (2 / (9 * 40)) ** 0.5),
    ],
)
def test_other_first_weights_have_the_deviation_of_their_kind(kind: Any, deviation: float, wanted: float) -> None:
    torch.manual_seed(0)
    network = nn.Conv2d(40, 20, 3)
    initialize(network, deviation, kind)
    assert float(network.weight.detach().std()) == pytest.approx(wanted, rel=0.05)
    assert (network.bias == 0).all()


def test_orthogonal_first_weights_are_orthogonal() -> None:
    network = nn.Conv2d(4, 6, 3)
    initialize(network, kind="orthogonal")
    rows = network.weight.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(6), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("name", "blocks"), [("resnet-6", 6), ("resnet-9", 9)])
def test_resnets_have_as_many_blocks_as_their_name_says(name: GeneratorName, blocks: int) -> None:
    network = make_generator(name, width=4)
    assert isinstance(network, ResNetGenerator)
    assert sum(type(layer).__name__ == "ResidualBlock" for layer in network.model) == blocks


@pytest.mark.parametrize(("name", "levels"), [("unet-128", 7), ("unet-256", 8)])
def test_unets_have_as_many_levels_as_their_name_says(name: GeneratorName, levels: int) -> None:
    network = make_generator(name, width=4)
    assert isinstance(network, UNet)
    downs = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert len(downs) == levels
    assert max(m.out_channels for m in downs) == 32


def test_padding_of_odd_sizes_stays_outside_the_result() -> None:
    """A frame whose sides 4 divides is translated the same when it is a part of no larger computation."""
    network = make_generator("resnet-6", width=4, norm="none").eval()
    frames = noise(1, 3, 40, 44)
    with torch.no_grad():
        whole, cut = network(frames), network(frames[..., :39, :43])
    assert whole.shape[2:] == (40, 44)
    assert cut.shape[2:] == (39, 43)
    inner = (..., slice(0, 8), slice(0, 8))
    assert not torch.equal(whole[..., -3:, -3:], cut[..., -3:, -3:])
    torch.testing.assert_close(whole[inner], cut[inner], rtol=0, atol=1e-3)


def test_dropout_acts_in_training_only() -> None:
    network = make_generator("resnet-6", width=4, dropout=True)
    frames = noise(1, 3, 32, 32)
    assert not torch.equal(network(frames), network(frames))
    network.eval()
    assert torch.equal(network(frames), network(frames))


def test_a_generator_leaves_its_input_alone() -> None:
    for name in GENERATORS:
        frames = noise(1, 3, 32, 32)
        kept = frames.clone()
        make_generator(name, width=4)(frames)
        assert torch.equal(frames, kept)
