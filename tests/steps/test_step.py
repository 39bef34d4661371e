"""One training step: its rate, its randomness, and everything that it changes."""

import copy
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning_fabric.plugins import MixedPrecision
from torch import Tensor

from recyclegan.checkpoint import MovingAverage
from recyclegan.domains import DIRECTIONS, DOMAINS
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.settings.training import TrainConfig
from recyclegan.steps import TrainingFailedError, TrainState, learning_rate, train_step
from recyclegan.steps.finite import LEAST_SCALE, check_scale, infinite_part
from recyclegan.steps.gathered import Gathered
from recyclegan.steps.train_state import HistoryBuffer, ramp_up, trained_weights
from recyclegan.training.loop import take
from tests.small import NETWORKS, random_clips, small_config, small_state

NOWHERE = Path("nowhere")


def batch_of(seed: int = 0) -> dict[str, Tensor]:
    return {domain: random_clips(10 * seed + number, size=(32, 48)) for number, domain in enumerate(DOMAINS)}


def config_with(**changes: Any) -> TrainConfig:
    return small_config(NOWHERE, NOWHERE, **changes)


def same(one: Any, other: Any) -> bool:
    """Return whether two nested states are equal bit for bit."""
    if isinstance(one, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@given(st.integers(1, 500), st.floats(0, 1), st.floats(1e-6, 1))
@settings(max_examples=100, deadline=None)
def test_the_rate_is_constant_then_falls_in_even_steps_and_never_reaches_0(steps: int, decay: float, lr: float) -> None:
    config = config_with(decay=decay, lr=lr)
    rates = [learning_rate(config, step, steps) for step in range(steps)]
    start = round(steps * (1 - decay))
    assert all(rate == pytest.approx(lr) for rate in rates[:start])
    falling = np.diff([lr, *rates[start:], 0.0])
    assert falling == pytest.approx(-lr / (steps - start + 1))
    assert min(rates) > 0


@pytest.mark.parametrize(("drop_every", "tenths"), [(0.5, [0] * 4 + [1] * 4), (0.25, [0, 0, 1, 1, 2, 2, 3, 3])])
def test_the_rate_drops_to_a_tenth_after_each_stated_fraction(drop_every: float, tenths: list[int]) -> None:
    rates = [learning_rate(config_with(drop_every=drop_every, lr=0.1), step, 8) for step in range(8)]
    assert rates == pytest.approx([0.1 * 0.1**drops for drops in tenths])


@given(st.integers(1, 500), st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_a_ramp_grows_from_above_0_to_1_over_the_first_fraction_and_stays(steps: int, fraction: float) -> None:
    config = config_with(ramp_up=fraction)
    ramp = [ramp_up(config, step, steps) for step in range(steps)]
    assert min(ramp) > 0
    assert max(ramp) == ramp[-1] == 1
    growing = [value for value in ramp if value < 1]
    assert len(growing) <= fraction * steps
    assert np.diff([0.0, *growing]) == pytest.approx(1 / (fraction * steps) if growing else 1)


def test_a_ramp_holds_back_all_terms_but_the_adversarial_ones() -> None:
    def terms(fraction: float) -> dict[str, float]:
        state = small_state(config_with(ramp_up=fraction), num_steps=8)
        return {name: value.item() for name, value in train_step(state, batch_of(), 0).items()}

    plain, ramped = terms(0.0), terms(0.5)
    assert plain.keys() == ramped.keys()
    held_back = {name for name in plain if not name.endswith(("adversarial", "discriminator"))}
    assert {name.split("/")[1] for name in held_back} == {"unsup_recycle", "unsup_spatial"}
    for name, value in plain.items():
        assert ramped[name] == pytest.approx(value / 4 if name in held_back else value, rel=1e-3)


def test_both_published_recipes_train_at_full_rate_to_the_end() -> None:
    assert {learning_rate(config_with(), step, 2) for step in range(2)} == {2e-4}


def test_the_optimizers_get_the_rate_of_the_step() -> None:
    state = small_state(config_with(decay=1.0), num_steps=3)
    for step in (0, 2):
        train_step(state, batch_of(), step)
        assert state.rate == learning_rate(state.config, step, 3)
        rates = [g["lr"] for o in state.optimizers.values() for g in o.param_groups]
        assert set(rates) == {state.rate}


def test_discriminators_learn_at_a_multiple_of_the_generators_rate() -> None:
    state = small_state(config_with(decay=1.0, lr_ratio=3.0), num_steps=3)
    for step in range(3):
        state.set_pace(step)
        rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in state.optimizers.items()}
        assert rates == pytest.approx({"generator": state.rate, "discriminator": 3 * state.rate})


def test_the_optimizers_are_adam_as_configured_and_share_the_parameters() -> None:
    state = small_state(config_with(lr=0.01, betas=(0.4, 0.8)))
    groups = [o.param_groups[0] for o in state.optimizers.values()]
    assert all(group["betas"] == (0.4, 0.8) and group["lr"] == 0.01 for group in groups)
    held = [id(p) for group in groups for p in group["params"]]
    assert len(held) == len(set(held)) == sum(p.requires_grad for p in state.method.parameters())


def test_a_step_names_its_terms_and_changes_every_network() -> None:
    state = small_state(config_with())
    before = {name: value.clone() for name, value in state.method.state_dict().items()}
    terms = train_step(state, batch_of(), 0)
    names = {"adversarial", "unsup_recycle", "unsup_spatial"}
    assert set(terms) == {f"{direction}/{name}" for direction in DIRECTIONS for name in names} | {
        f"{domain}/discriminator" for domain in DOMAINS
    }
    assert all(value.isfinite() and not value.requires_grad for value in terms.values())
    weights = [name for name, value in before.items() if value.ndim > 1]
    assert not any(torch.equal(before[name], state.method.state_dict()[name]) for name in weights)


def test_a_step_leaves_no_gradients_and_all_networks_trainable() -> None:
    state = small_state(config_with())
    train_step(state, batch_of(), 0)
    assert all(p.grad is None and p.requires_grad for p in state.method.parameters())


def test_discriminators_see_the_fakes_of_before_the_generators_step() -> None:
    """The loss of the discriminator in a step is that of the fakes whose adversarial loss was taken."""
    state = small_state(config_with(method=UnsupRecycleGAN.Config(unsup_recycle=(0.0, 0.0), unsup_spatial=(0.0, 0.0))))
    batch, judge = batch_of(), state.method.discriminators["b"]
    with torch.no_grad():
        fake = state.method.generators["ab"](batch["a"][:, 0])
        wanted = 0.5 * ((judge(batch["b"][:, 0]) - 1).square().mean() + judge(fake).square().mean())
    terms = train_step(state, batch, 0)
    assert float(terms["b/discriminator"]) == pytest.approx(float(wanted), rel=1e-5)


def test_a_step_lowers_the_losses_of_a_fixed_batch() -> None:
    state = small_state(config_with(lr=2e-3), num_steps=30)
    terms = [train_step(state, batch_of(), 0) for _ in range(8)]
    for name in ("b/discriminator", "ab/unsup_spatial"):
        assert float(terms[-1][name]) < float(terms[0][name])


def trained(config: TrainConfig, steps: range, state: TrainState | None = None, disturb: bool = False) -> TrainState:
    state = state or small_state(config)
    for step in steps:
        if disturb:
            torch.rand(step + 3)
            torch.rand(2, generator=state.rng)
            np.random.default_rng().random()
        train_step(state, batch_of(step), step)
    return state


RANDOM = {"history": 2, "networks": NETWORKS.__class__(width=4, discriminator_width=4, dropout=True)}


def test_everything_random_in_a_step_follows_from_seed_and_step() -> None:
    config = config_with(**RANDOM)
    calm, disturbed = trained(config, range(4)), trained(config, range(4), disturb=True)
    assert same(calm.state_dict(), disturbed.state_dict())
    other_seed = small_state(config_with(**RANDOM, seed=1))
    other_seed.load_state_dict(small_state(config).state_dict())
    assert not same(calm.state_dict(), trained(config, range(4), other_seed).state_dict())
    shifted = trained(config, range(1, 5))
    assert not same(calm.state_dict()["networks"], shifted.state_dict()["networks"])


@pytest.mark.parametrize(
    "changes", [{}, RANDOM, {"ema": 0.0}, {"precision": "bf16-mixed"}], ids=["plain", "random", "no average", "bf16"]
)
def test_a_state_loaded_into_a_new_process_goes_on_bit_for_bit(changes: dict[str, Any], tmp_path: Path) -> None:
    config = config_with(**changes)
    straight = trained(config, range(6))
    half = trained(config, range(3))
    torch.save(half.state_dict(), tmp_path / "state.pt")
    resumed = small_state(config_with(**changes))
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert same(resumed.state_dict(), half.state_dict())
    assert same(trained(config, range(3, 6), resumed).state_dict(), straight.state_dict())
    assert not same(straight.state_dict(), half.state_dict())


def test_a_state_goes_on_in_another_layout_of_memory_with_moments_and_averages_laid_out_alike() -> None:
    config = config_with()
    straight, half = trained(config, range(6)), trained(config, range(3))
    other = small_state(config)
    other.method.to(memory_format=torch.channels_last)
    other.average = MovingAverage(other.method.generators, config.ema)
    other.load_state_dict(half.state_dict())
    for optimizer in other.optimizers.values():
        for parameter, moments in optimizer.state.items():
            assert moments["exp_avg"].stride() == moments["exp_avg_sq"].stride() == parameter.stride()
    for name, value in other.method.generators.state_dict().items():
        assert other.average.average[name].stride() == value.stride()
    for name, value in trained(config, range(3, 6), other).state_dict()["networks"].items():
        torch.testing.assert_close(value, straight.state_dict()["networks"][name], rtol=0.1, atol=3e-3)


def test_a_state_holds_networks_optimizers_average_and_buffers() -> None:
    state = trained(config_with(history=2), range(3)).state_dict()
    assert state["networks"].keys() == trained_weights(small_state(config_with()).method).keys()
    for optimizer in ("generator", "discriminator"):
        moments = state["optimizers"][optimizer]["state"]
        assert all(int(entry["step"]) == 3 for entry in moments.values())
    assert state["average"].keys() == small_state(config_with()).method.generators.state_dict().keys()
    [own] = state["processes"]
    assert {domain: len(kept) for domain, kept in own["buffers"].items()} == {"a": 2, "b": 2}


def test_each_process_takes_its_own_part_of_a_state() -> None:
    state = trained(config_with(history=2), range(3)).state_dict()
    first = state["processes"][0]
    second = {**first, "buffers": {domain: [-fake for fake in kept] for domain, kept in first["buffers"].items()}}
    resumed = small_state(config_with(history=2))
    resumed.load_state_dict({**state, "processes": [first, second]})
    assert same(resumed.state_dict()["processes"], [first])


@pytest.mark.parametrize("drop_every", [0.2, 0.3, 1.0])
def test_a_rate_that_drops_stays_one_to_learn_with(drop_every: float) -> None:
    rates = [learning_rate(config_with(drop_every=drop_every, lr=0.1), step, 1000) for step in range(1000)]
    assert min(rates) >= 0.1 * 0.99e-4


def test_the_average_follows_the_generators() -> None:
    state = small_state(config_with(ema=0.5))
    first = {name: value.clone() for name, value in state.average.average.items()}
    train_step(state, batch_of(), 0)
    for name, value in state.method.generators.state_dict().items():
        torch.testing.assert_close(state.average.average[name], 0.1 * first[name] + 0.9 * value)


def norms_seen(state: TrainState, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the norm of all gradients at each step of an optimizer."""
    norms = []
    for optimizer in state.optimizers.values():
        original = optimizer.step

        def watched(*arguments: Any, optimizer: Any = optimizer, original: Any = original, **options: Any) -> Any:
            gradients = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
            norms.append(float(torch.cat([g.flatten() for g in gradients]).norm()))
            return original(*arguments, **options)

        monkeypatch.setattr(optimizer, "step", watched)
    return norms


def test_clipping_limits_the_norm_of_all_gradients_together(monkeypatch: pytest.MonkeyPatch) -> None:
    free, clipped = (small_state(config_with(clip_gradients=limit)) for limit in (0.0, 0.01))
    free_norms, clipped_norms = (norms_seen(state, monkeypatch) for state in (free, clipped))
    for state in (free, clipped):
        train_step(state, batch_of(), 0)
    assert len(free_norms) == len(clipped_norms) == 2
    assert min(free_norms) > 0.02
    assert clipped_norms == pytest.approx([0.01, 0.01], rel=1e-3)


@pytest.mark.parametrize("network", ["generators.ba", "discriminators.a"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite_cannot_be_clipped_and_are_named(network: str, value: float) -> None:
    state = small_state(config_with(clip_gradients=1.0))
    parameter = next(state.method.get_submodule(network).parameters())
    parameter.register_hook(lambda gradient: torch.full_like(gradient, value))
    gathered = Gathered(state)
    gathered.add(7, train_step(state, batch_of(), 7), state.norms)
    with pytest.raises(TrainingFailedError) as caught:
        take(state, gathered.read(due=True))
    message = str(caught.value)
    assert f"step 7: gradients of {network} are not finite; no checkpoint yet; lower --lr" in message
    assert "--clip-gradients" not in message, "it is on already"
    assert "\n" not in message


def test_a_clipped_step_that_overflows_in_half_precision_is_left_out() -> None:
    state = small_state(config_with(clip_gradients=1.0))
    state.fabric.strategy.precision = ScaledPrecision()
    generators = {name: value.clone() for name, value in state.method.generators.state_dict().items()}
    parameter = next(state.method.generators["ab"].parameters())
    handle = parameter.register_hook(lambda gradient: gradient * float("inf"))
    train_step(state, batch_of(), 0)
    assert same(dict(state.method.generators.state_dict()), generators)
    handle.remove()
    train_step(state, batch_of(), 1)
    assert not same(dict(state.method.generators.state_dict()), generators)


class ScaledPrecision(MixedPrecision):
    """Full precision with the scaled losses of 16-mixed."""

    def __init__(self) -> None:
        super().__init__("16-mixed", "cpu", torch.amp.GradScaler("cpu"))

    def forward_context(self) -> AbstractContextManager[Any]:
        return nullcontext()


def test_a_scale_that_has_shrunk_to_nothing_ends_training() -> None:
    check_scale(config_with(), 3, None)
    check_scale(config_with(), 3, torch.amp.GradScaler("cpu", init_scale=LEAST_SCALE))
    with pytest.raises(TrainingFailedError, match="step 3: gradients overflow in every step"):
        check_scale(config_with(), 3, torch.amp.GradScaler("cpu", init_scale=LEAST_SCALE / 2))


PLACES: list[Callable[[dict[str, Any]], Tensor]] = [
    lambda state: next(iter(state["networks"].values())),
    lambda state: next(iter(state["average"].values())),
    lambda state: state["optimizers"]["generator"]["state"][0]["exp_avg_sq"],
    lambda state: state["processes"][0]["buffers"]["a"][0],
]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_every_part_of_a_state_is_searched_for_numbers_that_are_not_finite(value: float) -> None:
    state = trained(config_with(history=2), range(3)).state_dict()
    assert infinite_part(state) is None
    found = []
    for place in PLACES:
        spoiled = copy.deepcopy(state)
        place(spoiled).view(-1)[-1] = value
        found.append(str(infinite_part(spoiled)))
    assert found[0].startswith("weights of generators.ab.")
    assert found[1].startswith("averaged weights of generators.ab.")
    assert found[2] == "values of optimizers.generator.state.0.exp_avg_sq"
    assert found[3] == "values of processes.0.buffers.a.0"
    assert infinite_part({"processes": [{"log": {"sums": {"ab/cycle": value}}}]}) == (
        "values of processes.0.log.sums.ab/cycle"
    )


def test_mixed_precision_trains_on_the_cpu_with_finite_terms_near_those_of_full_precision() -> None:
    full, mixed = (train_step(small_state(config_with(precision=p)), batch_of(), 0) for p in ("32", "bf16-mixed"))
    assert full.keys() == mixed.keys()
    for name in full:
        assert float(mixed[name]) == pytest.approx(float(full[name]), rel=0.05, abs=0.02)
    assert any(float(full[name]) != float(mixed[name]) for name in full)


def frame(number: int) -> Tensor:
    return torch.full((1, 3, 2, 2), float(number))


def test_a_buffer_keeps_its_fakes_alone_and_no_batch_alive() -> None:
    buffer, rng = HistoryBuffer(5), np.random.default_rng(0)
    for number in range(20):
        buffer.exchange(torch.cat([frame(12 * number + place) for place in range(12)]), rng)
    assert len(buffer.kept) == 5
    for fake in buffer.kept:
        assert fake.untyped_storage().nbytes() == fake.numel() * 4


def test_a_buffer_of_size_0_hands_fakes_through() -> None:
    fakes = torch.rand(3, 3, 2, 2)
    buffer = HistoryBuffer(0)
    assert buffer.exchange(fakes, np.random.default_rng(0)) is fakes
    assert buffer.kept == []


def test_a_buffer_shows_old_fakes_half_of_the_time_each_once() -> None:
    buffer, rng, size = HistoryBuffer(10), np.random.default_rng(0), 10
    shown = [int(buffer.exchange(frame(number), rng)[0, 0, 0, 0]) for number in range(1010)]
    assert shown[:size] == list(range(size)), "it is filled first"
    old = [number for place, number in enumerate(shown[size:], size) if number != place]
    assert len(old) / 1000 == pytest.approx(0.5, abs=0.06)
    assert max(Counter(old).values()) == 1
    kept = [int(kept[0, 0, 0, 0]) for kept in buffer.kept]
    assert sorted(kept + shown) == sorted([*range(size), *range(size), *range(size, 1010)]), "none is lost"


def test_every_place_of_a_buffer_is_exchanged() -> None:
    buffer, rng = HistoryBuffer(5), np.random.default_rng(1)
    for number in range(200):
        buffer.exchange(frame(number), rng)
    assert all(float(kept[0, 0, 0, 0]) >= 100 for kept in buffer.kept)


def test_a_batch_is_exchanged_frame_by_frame() -> None:
    buffer, rng = HistoryBuffer(50), np.random.default_rng(0)
    buffer.exchange(torch.cat([frame(number) for number in range(50)]), rng)
    assert len(buffer.kept) == 50
    fakes = torch.cat([frame(number) for number in range(100, 140)])
    shown = buffer.exchange(fakes, rng)
    assert shown.shape == fakes.shape
    new = (shown[:, 0, 0, 0] >= 100).sum()
    assert 8 < int(new) < 32
