"""What the trainer may expect of every method, and a new method must give."""

import json
import typing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import load_translator
from recyclegan.config import Weight, from_dict, to_dict
from recyclegan.domains import Direction, Domains, opposite, source_domain, target_domain
from recyclegan.methods import Method
from recyclegan.settings.methods import METHODS, PerDomain
from recyclegan.settings.networks import NetworkConfig
from recyclegan.steps.step import gather_gradients
from recyclegan.steps.train_state import trained_weights
from recyclegan.tensors import Clips, Losses
from recyclegan.training import train
from tests.small import NETWORKS, make_data, random_clips, small_config, small_state

pytestmark = pytest.mark.parametrize("name", METHODS)


class MeanColour(nn.Module):
    """Stands in for VGG-19: a few features of each 4x4 block."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Conv2d(3, 5, 4, stride=4).requires_grad_(False)

    def forward(self, frames: Tensor) -> Tensor:
        return self.blocks(frames)


@cache
def weight_fields(name: str) -> list[str]:
    """Return the fields of a method's configuration that weigh a term: those of weights that are named like one."""
    hints = typing.get_type_hints(METHODS[name].Config, include_extras=True)
    numbers = [known.name for known in fields(METHODS[name].Config) if hints[known.name] in (PerDomain, Weight)]
    method = make(name, dict.fromkeys(numbers, 1.0))
    terms = set(losses_of(method, method.directions[0])[0])
    assert terms <= set(numbers), "a term is named like the weight of its own"
    assert {f for f in numbers if hints[f] == PerDomain} <= terms
    return [field for field in numbers if field in terms]


def make(name: str, weights: dict[str, float] | None = None, seed: int = 0, **options: Any) -> Method:
    """Return a small method with the default weights, or those given for both domains."""
    kind, hints = METHODS[name], typing.get_type_hints(METHODS[name].Config, include_extras=True)
    values = {field: (w, w) if hints[field] == PerDomain else w for field, w in (weights or {}).items()}
    torch.manual_seed(seed)
    if weights and "features" in signature(kind).parameters:
        options.setdefault("features", MeanColour())
    return kind(replace(kind.Config(), **values), **{"networks": NETWORKS, **options})


def real_of(method: Method, direction: Direction, seed: int = 0) -> Clips:
    return random_clips(seed, time=method.clip_length, channels=3)


def losses_of(method: Method, direction: Direction, seed: int = 0) -> tuple[Losses, Tensor]:
    return method.generator_losses(real_of(method, direction), direction, torch.Generator().manual_seed(seed))


@contextmanager
def calls_of(method: Method) -> Iterator[Counter[str]]:
    """Count the calls of every layer; a layer is named by its network."""
    calls: Counter[str] = Counter()
    hooks = [
        module.register_forward_hook(lambda *_, name=name: calls.update([name]))
        for name, module in method.named_modules()
        if not list(module.children())
    ]
    yield calls
    for hook in hooks:
        hook.remove()


def test_a_method_is_described_and_stands_under_its_name(name: str) -> None:
    kind = METHODS[name]
    assert kind.name == name
    assert kind.clip_length >= 1
    assert kind.__doc__
    assert set(kind.directions) <= {"ab", "ba"}
    assert is_dataclass(kind.Config)
    assert sum(kind.Config is other.Config for other in METHODS.values()) == 1, "runs are told apart by it"


def test_the_configuration_survives_as_json(name: str) -> None:
    kind = METHODS[name].Config
    config = replace(
        kind(), **{field: getattr(make(name, {field: 0.25}).config, field) for field in weight_fields(name)}
    )
    assert from_dict(kind, json.loads(json.dumps(to_dict(config)))) == config != kind()


def test_every_term_is_one_finite_number_and_fakes_fit_the_discriminator(name: str) -> None:
    method = make(name, dict.fromkeys(weight_fields(name), 1.0))
    for direction in method.directions:
        terms, fakes = losses_of(method, direction)
        assert set(terms) == set(weight_fields(name))
        assert all(term.shape == () and term.isfinite() and term > 0 for term in terms.values())
        assert fakes.shape == (method.clip_length, 3, 32, 32)
        assert method.discriminators[target_domain(direction)](fakes).isfinite().all()


def test_a_term_of_weight_zero_is_left_out_and_calls_no_network(name: str) -> None:
    known = weight_fields(name)
    counts = {}
    for only in [None, *known]:
        method = make(name, {field: float(field == only) for field in known})
        with calls_of(method) as calls:
            terms, _ = losses_of(method, method.directions[0])
        assert set(terms) == ({only} - {None})
        counts[only] = calls
    for only in known:
        assert counts[None] < counts[only], "a term costs calls that vanish with it"
    translating = {layer.split(".")[0] for layer in counts[None]}
    assert translating <= {"generators", "predictors"}
    everything = make(name, dict.fromkeys(known, 1.0))
    with calls_of(everything) as calls:
        losses_of(everything, everything.directions[0])
    extra = sum((counts[only] - counts[None] for only in known), Counter())
    assert calls == counts[None] + extra, "no term does another's work"


def test_weights_of_the_other_domain_play_no_part(name: str) -> None:
    method = make(name)
    if len(method.directions) < 2:
        pairs = [
            f
            for f in fields(method.config)
            if isinstance(getattr(method.config, f.name), tuple) and f.type == PerDomain
        ]
        assert not pairs, "a method of one direction has one weight a term"
        return
    for field in weight_fields(name):
        kind = METHODS[name]
        off = dict.fromkeys(weight_fields(name), (0.0, 0.0))
        options = {"features": MeanColour()} if "features" in signature(kind).parameters else {}
        torch.manual_seed(0)
        method = kind(replace(kind.Config(), **{**off, field: (1.0, 0.0)}), NETWORKS, **options)
        assert set(losses_of(method, "ab")[0]) == {field}
        assert set(losses_of(method, "ba")[0]) == set()


def test_a_term_is_proportional_to_its_weight(name: str) -> None:
    known = weight_fields(name)
    single, triple = (
        losses_of(make(name, dict.fromkeys(known, w)), METHODS[name].directions[0])[0] for w in (1.0, 3.0)
    )
    assert {f: float(t.detach()) for f, t in triple.items()} == {
        f: pytest.approx(3 * float(t.detach()), rel=1e-5) for f, t in single.items()
    }


def test_losses_follow_from_the_generator_of_random_numbers_alone(name: str) -> None:
    method = make(name, dict.fromkeys(weight_fields(name), 1.0))
    for direction in method.directions:
        once, fakes = losses_of(method, direction, seed=3)
        torch.manual_seed(99)
        again, same = losses_of(method, direction, seed=3)
        assert torch.equal(fakes, same)
        assert all(torch.equal(once[term], again[term]) for term in once)


def test_gradients_reach_the_generators_of_the_direction_and_no_frozen_network(name: str) -> None:
    method = make(name, dict.fromkeys(weight_fields(name), 1.0))
    for direction in method.directions:
        method.zero_grad()
        method.discriminators.requires_grad_(False)
        torch.stack(list(losses_of(method, direction)[0].values())).sum().backward()
        reached = [direction, opposite(direction)] if len(method.directions) == 2 else [direction]
        for generator in reached:
            gradients = [p.grad for p in method.generators[generator].parameters()]
            assert all(g is not None and g.isfinite().all() for g in gradients)
            assert sum(float(g.abs().sum()) for g in gradients) > 0
        assert all(p.grad is None for p in method.discriminators.parameters())
        assert all(p.grad is None for n, p in method.named_parameters() if n.startswith("features."))


def test_every_trained_parameter_of_the_generators_side_gets_a_gradient_in_a_step(name: str) -> None:
    method = make(name)
    method.discriminators.requires_grad_(False)
    for direction in method.directions:
        torch.stack(list(losses_of(method, direction)[0].values())).sum().backward()
    assert [n for n, p in method.named_parameters() if p.requires_grad and p.grad is None] == []


def test_terms_propagated_one_by_one_give_the_gradients_of_their_sum(name: str, tmp_path: Path) -> None:
    config = small_config(tmp_path, tmp_path, method=METHODS[name].Config())
    state = small_state(config)
    method, direction = state.method, METHODS[name].directions[0]
    real = real_of(method, direction)
    method.discriminators.requires_grad_(False)
    state.seed_step(0)
    values, fakes = gather_gradients(state, real, direction)
    found = {n: p.grad.clone() for n, p in method.named_parameters() if p.grad is not None}
    method.zero_grad()
    state.seed_step(0)
    terms, wanted_fakes = method.generator_losses(real, direction, state.rng)
    torch.stack(list(terms.values())).sum().backward()
    wanted = {n: p.grad for n, p in method.named_parameters() if p.grad is not None}
    assert torch.equal(fakes, wanted_fakes.detach())
    assert not fakes.requires_grad
    assert {n: float(v) for n, v in values.items()} == {n: pytest.approx(float(v.detach())) for n, v in terms.items()}
    assert found.keys() == wanted.keys()
    largest = max(float(g.abs().max()) for g in wanted.values())
    for parameter, gradient in wanted.items():
        torch.testing.assert_close(found[parameter], gradient, rtol=1e-3, atol=1e-5 * largest)


class Judge(nn.Module):
    """Gives its verdict on each frame by its mean."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, frames: Tensor) -> Tensor:
        return self.factor * frames.mean((1, 2, 3), keepdim=True)


class Black(nn.Module):
    """Predicts frames of zeros."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames[:, :3] * 0


@pytest.mark.parametrize(("objective", "mark"), [("least-squares", (1.0, 0.0)), ("cross-entropy", (1.0, -1.0))])
def test_the_discriminator_loss_vanishes_for_perfect_verdicts_only(
    name: str, objective: Any, mark: tuple[float, float]
) -> None:
    method = make(name, networks=replace(NETWORKS, objective=objective))
    factor = 1.0 if objective == "least-squares" else 50.0
    for direction in method.directions:
        domain = target_domain(direction)
        method.discriminators[domain] = Judge(factor)
        if hasattr(method, "predictors"):
            method.predictors[domain] = Black() if mark[1] == 0 else Inverted()
        real, fake = (torch.full((method.clip_length, 3, 32, 32), level) for level in mark)
        assert float(method.discriminator_loss(domain, real, fake)) < 1e-9
        assert float(method.discriminator_loss(domain, fake, real)) >= 1


class Inverted(nn.Module):
    """Predicts the inverse of the first frame."""

    def forward(self, frames: Tensor) -> Tensor:
        return -frames[:, :3]


def test_the_discriminator_loss_trains_the_discriminator_of_its_domain_alone(name: str) -> None:
    method = make(name)
    for direction in method.directions:
        method.zero_grad()
        domain, size = target_domain(direction), (method.clip_length, 3, 32, 32)
        method.discriminator_loss(domain, torch.rand(size), torch.rand(size)).backward()
        trained = {n for n, p in method.named_parameters() if p.grad is not None}
        assert trained == {n for n, _ in method.named_parameters() if n.startswith(f"discriminators.{domain}.")}


def test_the_state_holds_all_that_the_losses_depend_on(name: str) -> None:
    weights = dict.fromkeys(weight_fields(name), 1.0)
    method, other = make(name, weights), make(name, weights, seed=1)
    direction = method.directions[0]
    assert losses_of(method, direction)[0].keys() == losses_of(other, direction)[0].keys()
    assert not torch.equal(losses_of(method, direction)[1], losses_of(other, direction)[1])
    other.load_state_dict(method.state_dict())
    for term, value in losses_of(method, direction)[0].items():
        assert torch.equal(value, losses_of(other, direction)[0][term])


def test_checkpoints_hold_every_trained_weight_and_no_frozen_feature(name: str) -> None:
    method = make(name, dict.fromkeys(weight_fields(name), 1.0))
    kept = set(trained_weights(method))
    trained = {n for n, p in method.named_parameters() if p.requires_grad}
    assert trained <= kept
    assert not any(n.startswith("features.") for n in kept)
    assert kept == {n for n in method.state_dict() if not n.startswith("features.")}


def test_generators_and_discriminators_share_the_trained_parameters_between_them(name: str) -> None:
    method = make(name, dict.fromkeys(weight_fields(name), 1.0))
    theirs = {id(p) for p in method.discriminators.parameters()}
    ours = [id(p) for p in method.generator_parameters()]
    assert len(ours) == len(set(ours))
    assert not theirs & set(ours)
    assert theirs | set(ours) == {id(p) for p in method.parameters() if p.requires_grad}


def test_there_is_a_generator_for_each_direction_and_a_judge_for_each_target(name: str) -> None:
    method = make(name)
    assert tuple(method.generators) == method.directions
    assert set(method.discriminators) == {target_domain(direction) for direction in method.directions}


def test_first_weights_follow_from_the_global_seed_and_differ_between_networks(name: str) -> None:
    one, same, other = (make(name, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[n], same[n]) for n in one)
    drawn = [n for n in one if one[n].ndim > 1]
    assert not any(torch.equal(one[n], other[n]) for n in drawn)


@pytest.mark.parametrize(
    "networks",
    [
        NetworkConfig(width=4, discriminator_width=4, discriminator="pixel"),
        replace(NETWORKS, norm="batch"),
        replace(NETWORKS, objective="cross-entropy", dropout=True),
    ],
    ids=["pixel", "batch norm", "cross-entropy"],
)
def test_a_method_works_with_other_networks(name: str, networks: NetworkConfig) -> None:
    method = make(name, networks=networks)
    for direction in method.directions:
        terms, fakes = losses_of(method, direction)
        assert all(term.isfinite() for term in terms.values())
        real = real_of(method, direction).flatten(0, 1)
        assert method.discriminator_loss(target_domain(direction), real, fakes.detach()).isfinite()


def test_domains_may_differ_in_channels_where_no_term_compares_them(name: str) -> None:
    known = weight_fields(name)
    comparing = {"identity", "content", "contrastive"}
    method = make(name, {f: float(f not in comparing) for f in known}, domains=Domains((3, 1)))
    for direction in method.directions:
        channels = {"a": 3, "b": 1}
        real = random_clips(0, method.clip_length, channels[source_domain(direction)])
        terms, fakes = method.generator_losses(real, direction, torch.Generator())
        assert set(terms) == set(known) - comparing
        assert fakes.shape[1] == channels[target_domain(direction)]


def test_a_method_trains_on_footage_and_leaves_translators(name: str, tmp_path: Path) -> None:
    kind = METHODS[name]
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", method=kind.Config(), steps=2)
    assert train(config).steps == 2
    assert {path.stem for path in config.out.glob("*.safetensors")} == set(kind.directions)
    for direction in kind.directions:
        generator, card = load_translator(config.out / f"{direction}.safetensors")
        assert (card.method, card.direction, card.steps) == (name, direction, 2)
        assert generator(torch.zeros(1, 3, 32, 48)).shape == (1, 3, 32, 48)
