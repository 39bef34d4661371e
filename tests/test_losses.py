"""Each loss term is zero where it should be, positive elsewhere, and works with any callables."""

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recyclegan import losses
from recyclegan.flow import Motion, sample_motion
from recyclegan.settings.motion import FlowSynthesis

SEEDS = st.integers(0, 2**31 - 1)
SIZE = (2, 3, 12, 16)


def noise(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(shape or SIZE, generator=rng, dtype=dtype) * 2 - 1


def motion_of(frames: Tensor, seed: int = 0) -> Motion:
    return sample_motion(FlowSynthesis(relative=False), frames, torch.Generator().manual_seed(seed))


def same(frames: Tensor) -> Tensor:
    return frames


def invert(frames: Tensor) -> Tensor:
    return -frames


def swap_colours(frames: Tensor) -> Tensor:
    return frames.flip(1) * 0.5 + 0.25


def brighten_to_the_right(frames: Tensor) -> Tensor:
    return frames + torch.linspace(-1, 1, frames.shape[-1], dtype=frames.dtype)


COMMUTING = {"same": same, "invert": invert, "affine colours": swap_colours, "lambda": lambda frames: frames * 0.3}


def test_adversarial_is_zero_for_real_verdicts_and_grows_with_the_distance() -> None:
    assert float(losses.adversarial(torch.ones(2, 1, 3, 3))) == 0
    assert float(losses.adversarial(torch.zeros(2, 1, 3, 3))) == 1
    assert float(losses.adversarial(torch.full((1, 1, 2, 2), -1.0))) == 4


def test_discriminator_is_zero_for_perfect_verdicts_and_weighs_real_and_fake_alike() -> None:
    right, wrong = torch.ones(2, 1, 3, 3), torch.zeros(2, 1, 3, 3)
    assert float(losses.discriminator(right, wrong)) == 0
    assert float(losses.discriminator(wrong, wrong)) == float(losses.discriminator(right, right)) == 0.5
    assert float(losses.discriminator(wrong, right)) == 1


def test_cross_entropy_is_log_two_for_undecided_verdicts_and_vanishes_for_sure_ones() -> None:
    undecided, sure = torch.zeros(2, 1, 3, 3), torch.full((2, 1, 3, 3), 40.0)
    assert float(losses.vanilla_adversarial(undecided)) == pytest.approx(math.log(2))
    assert float(losses.vanilla_discriminator(undecided, undecided)) == pytest.approx(math.log(2))
    assert float(losses.vanilla_adversarial(sure)) < 1e-9
    assert float(losses.vanilla_discriminator(sure, -sure)) < 1e-9
    assert float(losses.vanilla_discriminator(-sure, sure)) == pytest.approx(40)


@pytest.mark.parametrize("loss", [losses.cycle, losses.identity, losses.recurrent, losses.recycle])
@given(SEEDS, st.floats(-2, 2))
@settings(max_examples=10, deadline=None)
def test_comparisons_are_mean_absolute_differences(loss: Callable, seed: int, offset: float) -> None:
    real = noise(seed)
    assert float(loss(real, real)) == 0
    assert float(loss(real + offset, real)) == pytest.approx(abs(offset), abs=1e-12)
    other = noise(seed + 1)
    assert float(loss(other, real)) == pytest.approx(float((other - real).abs().mean()))


@pytest.mark.parametrize("name", COMMUTING)
@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_spatial_term_is_zero_for_generators_that_commute_with_warping(name: str, seed: int) -> None:
    real, generator = noise(seed), COMMUTING[name]
    loss = losses.unsup_spatial(generator, real, generator(real), motion_of(real, seed))
    assert float(loss) < 1e-12


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_recycle_term_is_zero_where_the_way_back_undoes_the_way_there(seed: int) -> None:
    real = noise(seed)
    assert float(losses.unsup_recycle(invert, real, invert(real), motion_of(real, seed))) < 1e-12
    assert float(losses.unsup_recycle(same, real, invert(real), motion_of(real, seed))) > 0.1


def test_terms_are_positive_for_a_generator_that_depends_on_the_position() -> None:
    real = noise(0)
    motion = Motion(torch.full((2, 2, 12, 16), 3.0, dtype=real.dtype))
    fake = brighten_to_the_right(real)
    back = lambda frames: 2 * frames - brighten_to_the_right(frames)  # noqa: E731
    torch.testing.assert_close(back(fake), real)
    assert float(losses.cycle(back(fake), real)) < 1e-12, "the cycle term does not see it"
    assert float(losses.unsup_spatial(brighten_to_the_right, real, fake, motion)) > 0.3
    assert float(losses.unsup_recycle(back, real, fake, motion)) > 0.3


def test_both_branches_are_moved_by_the_same_motion() -> None:
    real, calls = noise(0), []

    def motion(frames: Tensor) -> Tensor:
        calls.append(frames)
        return frames.roll(len(calls), dims=-1)

    assert float(losses.unsup_spatial(same, real, real, motion)) > 0.1
    assert len(calls) == 2


@pytest.mark.parametrize("term", [losses.unsup_recycle, losses.unsup_spatial])
def test_noise_is_added_before_the_second_translation(term: Callable) -> None:
    real = noise(0)
    assert float(term(same, real, real, same, 0.25)) == pytest.approx(0.25)
    assert float(
        term(lambda frames: 4 * frames, real, 4 * real if term is losses.unsup_spatial else real / 4, same, 0.25)
    ) == pytest.approx(1)
    n = noise(1)
    assert float(term(same, real, real, same, n)) == pytest.approx(float(n.abs().mean()))


@pytest.mark.parametrize("term", [losses.unsup_recycle, losses.unsup_spatial])
def test_domains_may_differ_in_channels(term: Callable) -> None:
    real = noise(0)
    grey = real.mean(1, keepdim=True)
    generator = (lambda x: x.expand(-1, 3, -1, -1)) if term is losses.unsup_recycle else (lambda x: x.mean(1, True))
    motion = motion_of(real)
    loss = term(generator, real, grey, motion, 0.1 * torch.ones_like(grey if term is losses.unsup_recycle else real))
    assert float(loss) > 0


def weighted(weight: Tensor) -> Callable[[Tensor], Tensor]:
    return lambda frames: (frames * weight).tanh()


@pytest.mark.parametrize("term", [losses.unsup_recycle, losses.unsup_spatial])
def test_gradients_flow_through_both_branches(term: Callable) -> None:
    real, motion = noise(0), motion_of(noise(0))
    first, second = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.7, 1.3))
    term(weighted(second), real, weighted(first)(real), motion).backward()
    assert abs(float(first.grad)) > 1e-3, "through the fake"
    assert abs(float(second.grad)) > 1e-3, "through the second translation"


@pytest.mark.parametrize("term", [losses.unsup_recycle, losses.unsup_spatial])
def test_terms_with_translations_have_the_right_gradients(term: Callable) -> None:
    real, motion = noise(0, 1, 2, 4, 5), motion_of(noise(0, 1, 2, 4, 5))
    weight = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    fake = noise(1, 1, 2, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda w, f: term(weighted(w), real, f, motion, 0.01), (weight, fake))


@pytest.mark.parametrize(
    "loss",
    [
        losses.adversarial,
        losses.vanilla_adversarial,
        lambda v: losses.discriminator(v, v.flip(2)),
        lambda v: losses.vanilla_discriminator(v, v * v),
    ],
)
def test_verdict_losses_have_the_right_gradients(loss: Callable) -> None:
    assert torch.autograd.gradcheck(loss, noise(0, 1, 1, 3, 3).requires_grad_())


def test_content_ignores_brightness_and_contrast_of_each_feature() -> None:
    features = noise(0, 2, 5, 6, 7)
    assert float(losses.content(features, features)) == 0
    factors, offsets = noise(1, 2, 5, 1, 1).abs() + 1, noise(2, 2, 5, 1, 1)
    assert float(losses.content(features * factors + offsets, features)) < 1e-4
    assert float(losses.content(noise(3, 2, 5, 6, 7), features)) > 0.5


def test_content_is_the_mean_square_of_normalised_features() -> None:
    fake, real = noise(0, 1, 4, 5, 5), noise(1, 1, 4, 5, 5)
    normalised = [
        (x - x.mean((2, 3), True)) / (x.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt() for x in (fake, real)
    ]
    wanted = (normalised[0] - normalised[1]).square().mean()
    torch.testing.assert_close(losses.content(fake, real), wanted)
    assert torch.autograd.gradcheck(lambda f: losses.content(f, real), fake.requires_grad_())


@given(SEEDS, st.floats(0.05, 1))
@settings(max_examples=15, deadline=None)
def test_contrastive_is_the_cross_entropy_of_each_query_over_the_keys_of_its_frame(
    seed: int, temperature: float
) -> None:
    query, key = (F.normalize(noise(seed + i, 2, 4, 6), dim=2) for i in range(2))
    terms = []
    for frame in range(2):
        for place in range(4):
            logits = [float(query[frame, place] @ key[frame, other]) / temperature for other in range(4)]
            terms.append(math.log(sum(map(math.exp, logits))) - logits[place])
    assert float(losses.contrastive(query, key, temperature)) == pytest.approx(sum(terms) / len(terms))


def test_contrastive_vanishes_only_where_places_agree_with_themselves() -> None:
    places = torch.eye(5)[None]
    assert float(losses.contrastive(places, places, 0.01)) < 1e-9
    assert float(losses.contrastive(places.flip(1), places, 0.01)) > 10
    assert float(losses.contrastive(places[:, :1].expand(-1, 5, -1), places[:, :1].expand(-1, 5, -1))) == pytest.approx(
        math.log(5)
    ), "places that all look alike cannot be told apart"


def test_contrastive_has_the_right_gradients() -> None:
    query, key = (F.normalize(noise(i, 1, 3, 4), dim=2).requires_grad_() for i in range(2))
    assert torch.autograd.gradcheck(lambda q, k: losses.contrastive(q, k, 0.5), (query, key))


def of_pairs(one: Tensor, other: Tensor) -> dict[str, Tensor]:
    """Return every loss term of two tensors."""
    query, key = (F.normalize(x.flatten(2), dim=2) for x in (one, other))
    return {
        "adversarial": losses.adversarial(one),
        "discriminator": losses.discriminator(one, other),
        "vanilla_adversarial": losses.vanilla_adversarial(one),
        "vanilla_discriminator": losses.vanilla_discriminator(one, other),
        **{name: getattr(losses, name)(one, other) for name in ("cycle", "identity", "recurrent", "recycle")},
        "unsup_recycle": losses.unsup_recycle(same, one, other, same),
        "unsup_spatial": losses.unsup_spatial(same, one, other, same),
        "content": losses.content(one, other),
        "contrastive": losses.contrastive(query.to(one.dtype), key.to(one.dtype)),
    }


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [False, True])
def test_terms_of_half_precision_are_computed_in_full(kind: torch.dtype, autocast: bool) -> None:
    halves = [noise(seed, 2, 4, 6, 7).to(kind) for seed in range(2)]
    exact = [half.double() for half in halves]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        found = of_pairs(*halves)
    for name, wanted in of_pairs(*exact).items():
        assert found[name].dtype == torch.float32, name
        if name != "contrastive":  # its vectors of length 1 are rounded before it sees them
            assert float(found[name]) == pytest.approx(float(wanted), rel=1e-5), name


def test_similarities_under_autocast_are_those_without() -> None:
    query, key = (F.normalize(noise(seed, 2, 9, 16, dtype=torch.float32), dim=2) for seed in range(2))
    with torch.autocast("cpu", torch.bfloat16):
        found = losses.contrastive(query, key)
    assert float(found) == pytest.approx(float(losses.contrastive(query, key)), rel=1e-6)


@pytest.mark.parametrize("term", [losses.adversarial, lambda v: losses.discriminator(v, v)])
def test_a_verdict_whose_square_no_half_can_hold_has_a_finite_loss_and_gradient(term: Callable) -> None:
    verdict = torch.full((1, 1, 4, 4), 300.0, dtype=torch.float16, requires_grad=True)
    loss = term(verdict)
    loss.backward()
    assert loss.isfinite()
    assert verdict.grad is not None
    assert verdict.grad.isfinite().all()
