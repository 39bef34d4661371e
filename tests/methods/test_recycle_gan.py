from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from recyclegan.domains import DIRECTIONS, DOMAINS, Domains
from recyclegan.errors import InputError
from recyclegan.methods import Method, RecycleGAN
from tests.small import NETWORKS, random_clips, small_method

NAMES = ("recycle-gan", "re-cycle-gan")
RNG = torch.Generator()


class Repeat(nn.Module):
    """Predicts that nothing moves."""

    def forward(self, pair: Tensor) -> Tensor:
        return pair.chunk(2, dim=1)[1]


class Continue(nn.Module):
    """Predicts that every value goes on as it went."""

    def forward(self, pair: Tensor) -> Tensor:
        first, second = pair.chunk(2, dim=1)
        return 2 * second - first


class Refusing(nn.Module):
    """A network that must not be asked."""

    def forward(self, _: Tensor) -> Tensor:
        raise AssertionError("a term of weight 0 was computed")


def method_of(name: str, predictor: type[nn.Module] | None = None, **changes: object) -> Method:
    method = small_method(name, predictor_width=2, **changes)
    for domain in DOMAINS if predictor else ():
        method.predictors[domain] = predictor()
    return method


def linear_clip() -> Tensor:
    """Return a clip whose frames change by the same amount from one to the next."""
    start, change = random_clips(0) / 2, random_clips(1) / 4
    return torch.cat([start, start + change, start + 2 * change], dim=1)


@pytest.mark.parametrize("name", NAMES)
def test_predictors_are_trained_beside_the_generators(name: str) -> None:
    method = method_of(name)
    trained = {id(parameter) for parameter in method.generator_parameters()}
    assert {id(p) for p in method.predictors.parameters()} < trained
    assert not trained & {id(p) for p in method.discriminators.parameters()}


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_true_predictions_and_generators_that_change_nothing_lose_nothing(name: str) -> None:
    method = method_of(name, Continue)
    for direction in DIRECTIONS:
        method.generators[direction] = nn.Identity()
    terms, fakes = method.generator_losses(linear_clip(), "ab", RNG)
    assert all(float(terms[term]) < 1e-6 for term in terms if term != "adversarial")
    assert torch.allclose(fakes, linear_clip()[0], atol=1e-6)


def test_the_third_fake_is_predicted_from_the_first_two() -> None:
    method = method_of("recycle-gan", Repeat)
    _, fakes = method.generator_losses(random_clips(0, time=3, batch=2), "ba", RNG)
    assert fakes.shape == (6, 3, 32, 32)
    assert torch.equal(fakes[4:], fakes[2:4])


@torch.no_grad()
def test_a_wrong_prediction_costs_what_the_frames_differ() -> None:
    method = method_of("recycle-gan", Repeat, recurrent=(2.0, 1.0))
    clip = random_clips(0, time=3)
    terms, _ = method.generator_losses(clip, "ab", RNG)
    assert float(terms["recurrent"]) == pytest.approx(2 * float((clip[:, 1] - clip[:, 2]).abs().mean()), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_batch_loses_the_mean_of_its_clips(name: str) -> None:
    method = method_of(name, adversarial_predicted=(1.0, 1.0)).double()
    clips = random_clips(0, time=3, batch=2).double()
    together, fakes = method.generator_losses(clips, "ab", RNG)
    alone = [method.generator_losses(clip[None], "ab", RNG) for clip in clips]
    for term, value in together.items():
        assert float(value) == pytest.approx(float(sum(terms[term] for terms, _ in alone)) / 2, rel=1e-9)

    judged = method.discriminator_loss("b", clips.flatten(0, 1), fakes.detach())
    each = [method.discriminator_loss("b", c, f.detach()) for c, (_, f) in zip(clips, alone, strict=True)]
    assert float(judged) == pytest.approx(float(sum(each)) / 2, rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_terms_share_no_graph_but_that_of_the_fakes(name: str) -> None:
    method = method_of(name, adversarial_predicted=(1.0, 1.0)).double()
    clips = random_clips(0, time=3).double()
    terms, _ = method.generator_losses(clips, "ab", RNG)
    torch.stack(list(terms.values())).sum().backward()
    together = [p.grad.clone() for p in method.predictors.parameters()]

    method.zero_grad()
    fake = method.translate(clips, "ab")
    cut = fake.detach().requires_grad_()
    for _, value in method.generator_terms(clips, cut, "ab", RNG):
        value.backward()
    fake.backward(cut.grad)
    for gradient, parameter in zip(together, method.predictors.parameters(), strict=True):
        assert torch.allclose(gradient, parameter.grad, rtol=1e-9, atol=1e-12)


def test_the_discriminators_teach_neither_generators_nor_predictors() -> None:
    method = method_of("recycle-gan")
    clips = random_clips(0, time=3)
    _, fakes = method.generator_losses(clips, "ab", RNG)
    method.discriminator_loss("b", clips.flatten(0, 1), fakes.detach()).backward()
    assert all(parameter.grad is None for parameter in method.generator_parameters())
    assert all(parameter.grad is not None for parameter in method.discriminators["b"].parameters())


def test_terms_of_weight_0_are_not_computed() -> None:
    nothing = dict.fromkeys(("adversarial", "recurrent", "recycle", "cycle"), (0.0, 1.0))
    method = method_of("re-cycle-gan", **nothing)
    for networks, key in ((method.generators, "ba"), (method.discriminators, "b"), (method.predictors, "a")):
        networks[key] = Refusing()
    terms, _ = method.generator_losses(random_clips(0, time=3), "ab", RNG)
    assert terms == {}


@torch.no_grad()
def test_the_added_term_asks_for_the_first_two_frames_again() -> None:
    method = method_of("re-cycle-gan", cycle=(2.0, 1.0))
    clip = random_clips(0, time=3)
    terms, _ = method.generator_losses(clip, "ab", RNG)
    there, back = method.generators["ab"], method.generators["ba"]
    expected = sum(2 * (back(there(frame)) - frame).abs().mean() for frame in (clip[:, 0], clip[:, 1]))
    assert float(terms["cycle"]) == pytest.approx(float(expected), rel=1e-5)


@torch.no_grad()
def test_the_identity_term_leaves_the_first_two_frames_of_its_own_target_alone() -> None:
    method = method_of("recycle-gan", identity=(2.0, 1.0))
    clip = random_clips(0, time=3)
    back = method.generators["ba"]
    expected = sum(2 * (back(frame) - frame).abs().mean() for frame in (clip[:, 0], clip[:, 1]))
    terms, _ = method.generator_losses(clip, "ab", RNG)
    assert float(terms["identity"]) == pytest.approx(float(expected), rel=1e-5)
    with pytest.raises(InputError, match="identity: found 1 channels in a and 3 in b"):
        RecycleGAN(RecycleGAN.Config(identity=(1.0, 0.0)), NETWORKS, Domains((1, 3)))


def test_domains_may_differ_in_channels() -> None:
    method = RecycleGAN(RecycleGAN.Config(predictor_width=2), NETWORKS, Domains((3, 1)))
    for direction, channels in {"ab": (3, 1), "ba": (1, 3)}.items():
        _, fakes = method.generator_losses(random_clips(0, time=3, channels=channels[0]), direction, RNG)
        assert fakes.shape == (3, channels[1], 32, 32)


def test_predictors_have_no_dropout() -> None:
    method = method_of("recycle-gan", networks=replace(NETWORKS, dropout=True))
    kinds = {type(layer) for layer in method.predictors.modules()}
    assert nn.Dropout in {type(layer) for layer in method.generators.modules()}
    assert not kinds & {nn.Dropout, nn.Dropout2d}


def test_predictors_without_layers_are_refused() -> None:
    with pytest.raises(InputError, match="predictor_width: found 0"):
        RecycleGAN.Config(predictor_width=0)
