"""What discriminators may see and what holds them back: with every method, exact, and off by default."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from recyclegan import losses
from recyclegan.domains import Domains, target_domain
from recyclegan.errors import InputError
from recyclegan.features.efficientnet import EfficientNetLite0
from recyclegan.methods import CycleGAN, Method, RecycleGAN
from recyclegan.methods.adversary import OBJECTIVES
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.networks import AdversaryConfig, NetworkConfig, Objective
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import trained_weights
from recyclegan.training import train
from tests.small import NETWORKS, PALETTE, label_map, make_data, random_clips, small_config, small_method, small_state

SHALLOW = replace(NETWORKS, discriminator_layers=1)
OPTIONS: dict[str, AdversaryConfig] = {
    "r1": AdversaryConfig(r1=(2.0, 1.0)),
    "lazy": AdversaryConfig(r1=(2.0, 1.0), r1_every=2),
    "spectral": AdversaryConfig(spectral_norm=True),
    "scales": AdversaryConfig(scales=3),
    "augment": AdversaryConfig(augment=("colour", "translation", "cutout")),
    "augment_ramp": AdversaryConfig(augment=("colour", "translation", "cutout"), augment_ramp=2),
    "matched": AdversaryConfig(augment=("translation",), matched=True),
    "masked": AdversaryConfig(masked=True),
    "coordinates": AdversaryConfig(coordinates=True),
    "pairs": AdversaryConfig(pairs=0.5),
    "projected": AdversaryConfig(projected=0.5),
    "all": AdversaryConfig((2.0, 2.0), 2, True, 2, ("colour", "cutout"), pairs=1.0, projected=1.0),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "lite0.pth"
    torch.save(EfficientNetLite0().state_dict(), path)
    return path


def networks(option: str, weights: Path, **changes: Any) -> NetworkConfig:
    adversary = OPTIONS[option]
    if adversary.projected:
        adversary = replace(adversary, efficientnet=weights)
    return replace(SHALLOW, adversary=adversary, **changes)


def both_sides(method: Method, channels: int = 3) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the adversarial loss and the loss of discriminators of each direction."""
    rng = torch.Generator().manual_seed(0)
    for direction in method.directions:
        real = random_clips(1, method.clip_length, size=(32, 48))
        fake = method.translate(real, direction)
        adversarial = method.adversarial_loss(real, fake, direction, rng)
        target = random_clips(2, method.clip_length, size=(32, 48)).flatten(0, 1)
        yield adversarial, method.discriminator_loss(target_domain(direction), target, fake.detach(), rng)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("option", OPTIONS)
def test_both_sides_learn_with_every_method(name: str, option: str, weights: Path) -> None:
    method = small_method(name, networks=networks(option, weights))
    for direction, (adversarial, told) in zip(method.directions, both_sides(method), strict=True):
        generator = list(method.generators[direction].parameters())
        judges = list(method.discriminators[target_domain(direction)].parameters())
        assert adversarial.isfinite()
        assert told.isfinite()
        assert all(g is not None for g in torch.autograd.grad(adversarial, generator, allow_unused=True))
        assert all(g is not None for g in torch.autograd.grad(told, judges, allow_unused=True))


@pytest.mark.parametrize("option", OPTIONS)
def test_label_maps_keep_their_colours_and_have_no_features(option: str, weights: Path) -> None:
    torch.manual_seed(0)
    method = CycleGAN(CycleGAN.Config(), networks(option, weights), Domains((3, 3), {"b": PALETTE}))
    assert all(loss.isfinite() for sides in both_sides(method) for loss in sides)
    changes = method.adversary._changes("b", random_clips(0)[:, 0], torch.Generator())
    assert "colour" not in getattr(changes, "kinds", ())
    assert not any(".features." in name for name, _ in method.discriminators["b"].named_parameters())


def test_a_run_resumes_with_the_same_bits(weights: Path, tmp_path: Path) -> None:
    data, chosen = make_data(tmp_path / "data", make_b=label_map), networks("all", weights)
    values = {"networks": chosen, "frames": DataConfig(size=(32, 48), labels="b"), "save_every": 4}
    train(small_config(data, tmp_path / "whole", steps=4, **values))
    for steps in (2, 4):
        train(small_config(data, tmp_path / "halved", steps=steps, **values), resume=steps == 4)
    whole, halved = (torch.load(tmp_path / run / "step-00000004" / "state.pt") for run in ("whole", "halved"))
    assert whole["networks"].keys() == halved["networks"].keys()
    assert all(torch.equal(value, halved["networks"][name]) for name, value in whole["networks"].items())
    assert {"u", "v"} <= {name.rpartition(".")[2] for name in whole["networks"]}
    assert not any(name.startswith("backbone.") for name in whole["networks"])


@pytest.mark.parametrize("option", [None, "all", "pairs"])
def test_a_step_is_the_same_for_the_same_seed_and_changes_what_it_should(option: str | None, weights: Path) -> None:
    found = []
    for seen in (option, option, None):
        chosen = networks(seen, weights) if seen else SHALLOW
        state = small_state(small_config(Path("data"), Path("run"), networks=chosen))
        batch = {domain: random_clips(i, size=(32, 48)) for i, domain in enumerate("ab")}
        for step in range(2):
            terms = train_step(state, batch, step)
        found.append({name: float(term) for name, term in terms.items()})
    assert found[0] == found[1]
    assert (found[0] == found[2]) == (option is None)


class Linear(nn.Module):
    """Judges a frame by the sum of its levels, each times a number."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = nn.Parameter(torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(0)))

    def forward(self, frames: Tensor) -> Tensor:
        return (frames * self.numbers).sum(dim=(1, 2, 3), keepdim=True)


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_r1_is_half_the_squared_length_of_the_gradient(precision: torch.dtype) -> None:
    judge, real = Linear(), random_clips(0, batch=4, size=(32, 48))[:, 0].to(precision)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == torch.bfloat16):
        penalty = losses.r1(judge, real)
    assert float(penalty.detach()) == pytest.approx(0.5 * float(judge.numbers.detach().square().sum()), rel=1e-5)
    penalty.backward()
    torch.testing.assert_close(judge.numbers.grad, judge.numbers.detach())


def test_r1_does_not_grow_with_the_frame() -> None:
    method = small_method(networks=SHALLOW)
    judge = method.discriminators["b"]
    small, large = (
        losses.r1(judge, random_clips(0, size=size)[:, 0].repeat(1, 1, 1, 1)) for size in ((64, 64), (128, 128))
    )
    assert float(large.detach()) == pytest.approx(float(small.detach()), rel=0.6)


def test_r1_is_added_on_real_frames_with_the_weight_of_their_domain() -> None:
    plain, punished = (
        small_method(networks=replace(SHALLOW, adversary=AdversaryConfig(r1=(0.0, weight)))) for weight in (0.0, 3.0)
    )
    real, fake = (random_clips(seed, size=(32, 48))[:, 0] for seed in (0, 1))
    assert torch.equal(punished.discriminator_loss("a", real, fake), plain.discriminator_loss("a", real, fake))
    gap = punished.discriminator_loss("b", real, fake) - plain.discriminator_loss("b", real, fake)
    wanted = 3 * losses.r1(plain.discriminators["b"], real)
    assert float(wanted.detach()) > 0
    torch.testing.assert_close(gap, wanted, rtol=1e-3, atol=1e-6)


def test_a_lazy_penalty_stands_for_the_steps_up_to_the_next_one() -> None:
    every = 3
    plain, lazy = (
        small_method(networks=replace(SHALLOW, adversary=AdversaryConfig(r1=r1, r1_every=every)))
        for r1 in ((0.0, 0.0), (0.0, 2.0))
    )
    real, fake = (random_clips(seed, size=(32, 48))[:, 0] for seed in (0, 1))
    added = []
    for step in range(2 * every):
        lazy.adversary.set_step(step)
        loss = lazy.discriminator_loss("b", real, fake) - plain.discriminator_loss("b", real, fake)
        added.append(float(loss.detach()))
    wanted = every * 2 * float(losses.r1(plain.discriminators["b"], real).detach())
    assert wanted > 0
    assert added == pytest.approx([wanted, 0, 0] * 2, rel=1e-3, abs=1e-6)


def test_steps_without_a_lazy_penalty_are_those_that_have_none() -> None:
    """The first step is lazy's own: from the second on the same weights would be trained alike."""
    plain, lazy = (
        small_state(small_config(Path("data"), Path("run"), networks=replace(SHALLOW, adversary=adversary)))
        for adversary in (AdversaryConfig(), OPTIONS["lazy"])
    )
    batch = {domain: random_clips(i, size=(32, 48)) for i, domain in enumerate("ab")}
    same = {step: train_step(plain, batch, step) == train_step(lazy, batch, step) for step in (1, 3, 2)}
    assert same == {1: True, 3: True, 2: False}


@pytest.mark.parametrize("objective", get_args(Objective))
def test_an_objective_drives_verdicts_apart_and_fakes_towards_real_ones(objective: Objective) -> None:
    fools, tells = OBJECTIVES[objective]
    real, fake = torch.zeros(1, 1, 4, 4, requires_grad=True), torch.zeros(1, 1, 4, 4, requires_grad=True)
    tells(real, fake).backward()
    if objective != "least-squares":
        assert bool((fake.grad > 0).all())
    assert bool((real.grad < 0).all())
    found_out = torch.full((1, 1, 4, 4), -20.0, requires_grad=True)
    fools(found_out).backward()
    assert float(found_out.grad.sum()) <= -1 + 1e-6, "no objective saturates where fakes are found out"


def test_the_hinge_is_that_of_its_paper() -> None:
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-2.0, -0.5, 1.0])
    assert float(losses.hinge_discriminator(real, fake)) == pytest.approx(0.5 * (2.5 / 3 + 2.5 / 3))
    assert float(losses.hinge_adversarial(fake)) == pytest.approx(0.5)


def test_each_scale_counts_alike() -> None:
    method = small_method(networks=replace(SHALLOW, adversary=AdversaryConfig(scales=3)))
    y, judge = random_clips(0, size=(32, 48))[:, 0], method.discriminators["b"].frames
    sizes = [y, nn.functional.avg_pool2d(y, 2), nn.functional.avg_pool2d(nn.functional.avg_pool2d(y, 2), 2)]
    each = [losses.adversarial(own(frames)) for own, frames in zip(judge.judges, sizes, strict=True)]
    assert float(method.adversary.generator_loss(judge(y)).detach()) == pytest.approx(float(sum(each).detach()) / 3)


class Frame(nn.Module):
    """Translates a frame into itself."""

    def forward(self, frames: Tensor) -> Tensor:
        return frames


class Seen(nn.Module):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[Tensor] = []

    def forward(self, frames: Tensor) -> Tensor:
        self.shown.append(frames.detach())
        return frames.mean(dim=1, keepdim=True)


def test_matched_changes_are_those_of_the_real_frame_beside() -> None:
    for matched in (True, False):
        config = AdversaryConfig(augment=("colour", "translation", "cutout"), matched=matched)
        method = small_method(networks=replace(SHALLOW, adversary=config))
        judge = method.discriminators["b"] = Seen()
        x = random_clips(0, batch=2, size=(32, 48))[:, 0]
        method.discriminator_loss("b", x, x.clone(), torch.Generator().manual_seed(0))
        real, fake = judge.shown
        assert torch.equal(real, fake) == matched
        assert not torch.equal(real, x)


@pytest.mark.parametrize(("step", "least", "most"), [(0, 0, 0), (3, 120, 180), (4, 200, 200), (9, 200, 200)])
def test_the_share_of_changed_frames_rises_by_the_step(step: int, least: int, most: int) -> None:
    config = AdversaryConfig(augment=("colour", "translation", "cutout"), augment_ramp=4)
    method = small_method(networks=replace(SHALLOW, adversary=config))
    judge = method.discriminators["b"] = Seen()
    x = random_clips(0, batch=200, size=(16, 16))[:, 0]
    method.adversary.set_step(step)
    method.discriminator_loss("b", x, x, torch.Generator().manual_seed(0))
    for shown in judge.shown:
        assert least <= int((shown != x).flatten(1).any(dim=1).sum()) <= most


def test_pairs_of_a_perfect_translator_are_those_of_real_footage() -> None:
    method = small_method(networks=replace(SHALLOW, adversary=AdversaryConfig(pairs=1.0)))
    method.generators["ab"], judge = Frame(), Seen()
    method.discriminators["b"].pairs = judge
    clips = random_clips(0, batch=2, size=(32, 48))
    method.adversarial_loss(clips, clips[:, 0], "ab", torch.Generator().manual_seed(0))
    method.discriminator_loss("b", clips[:, 0], clips[:, 0], torch.Generator().manual_seed(0))
    before, real, fake = judge.shown
    assert torch.equal(real, fake)
    assert torch.equal(before, fake), "discriminators see the pair that generators were judged by"
    assert real.shape == (2, 6, 32, 48)


def test_a_pair_of_an_unsteady_translator_is_told_from_real_ones() -> None:
    method = small_method(networks=replace(SHALLOW, adversary=AdversaryConfig(pairs=1.0)))
    method.generators["ab"], judge = nn.Dropout(0.5), Seen()
    method.discriminators["b"].pairs = judge
    clips = torch.nn.functional.interpolate(random_clips(0, size=(4, 6))[:, 0], (32, 48), mode="bilinear")[:, None]
    method.adversarial_loss(clips, clips[:, 0], "ab", torch.Generator().manual_seed(0))
    method.discriminator_loss("b", clips[:, 0], clips[:, 0], torch.Generator().manual_seed(0))
    _, real, fake = (shown[:, 3:].abs().mean() for shown in judge.shown)
    assert float(fake) > 5 * float(real)


@pytest.mark.parametrize("name", ["recycle-gan", "re-cycle-gan"])
def test_the_predicted_frame_is_changed_as_well(name: str) -> None:
    method = small_method(name, networks=replace(SHALLOW, adversary=OPTIONS["augment"]))
    assert isinstance(method, RecycleGAN)
    judge = method.discriminators["b"] = Seen()
    real = random_clips(0, 3, size=(32, 48)).flatten(0, 1)
    method.discriminator_loss("b", real, real, torch.Generator().manual_seed(0))
    assert len(judge.shown) == 4
    assert not torch.equal(judge.shown[2], real[2:])


def test_nothing_is_drawn_where_nothing_is_asked_for() -> None:
    rng, method = torch.Generator().manual_seed(0), small_method(networks=SHALLOW)
    before = rng.get_state()
    clips = random_clips(0, size=(32, 48))
    method.adversarial_loss(clips, clips[:, 0], "ab", rng)
    method.discriminator_loss("b", clips[:, 0], clips[:, 0], rng)
    assert torch.equal(rng.get_state(), before)


def test_frozen_features_stay_as_they_are_when_discriminators_train(weights: Path) -> None:
    state = small_state(small_config(Path("data"), Path("run"), networks=networks("projected", weights)))
    before = {name: value.clone() for name, value in state.method.backbone.state_dict().items()}
    batch = {domain: random_clips(i, size=(32, 48)) for i, domain in enumerate("ab")}
    heads = {n: p.detach().clone() for n, p in state.method.discriminators.named_parameters() if "features" in n}
    train_step(state, batch, 0)
    assert all(torch.equal(value, before[name]) for name, value in state.method.backbone.state_dict().items())
    after = dict(state.method.discriminators.named_parameters())
    assert any(not torch.equal(value, after[name]) for name, value in heads.items())
    assert not any(name.startswith("backbone") for name in trained_weights(state.method))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdversaryConfig(r1=(0.0, -1.0)), "adversary r1: found 0.0 -1.0"),
        (lambda: AdversaryConfig(scales=5), "adversary scales: found 5"),
        (lambda: AdversaryConfig(matched=True), "matched: found no changes to match; give --augment"),
        (lambda: AdversaryConfig(augment=("cutout", "cutout")), "augment: found cutout cutout"),
        (lambda: AdversaryConfig(efficientnet=Path("x")), "efficientnet: found weights that nothing uses"),
        (lambda: AdversaryConfig(augment=("translation",), masked=True), "masked: found --augment translation"),
        (lambda: of("b", masked=True), "masked: found label maps, expected video"),
        (lambda: of(scales=4), "scales: found 4, too many for frames of 32x48"),
        (lambda: of("ab", projected=1.0), "projected: found label maps in both domains"),
        (lambda: of("ab", augment=("colour",)), "augment: found colour, and label maps in both"),
        (lambda: of("b", generator="identity-6"), "generator: found identity-6 between video and label maps"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused_in_one_line(make: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def of(labels: Any = "none", generator: Any = "resnet-6", **adversary: Any) -> TrainConfig:
    chosen = NetworkConfig(generator=generator, adversary=AdversaryConfig(**adversary))
    return TrainConfig("data", networks=chosen, frames=DataConfig(size=(32, 48), labels=labels))


def test_weights_that_are_missing_are_told_of_before_footage_is_read(tmp_path: Path) -> None:
    lacking = replace(SHALLOW, adversary=AdversaryConfig(projected=1.0, efficientnet=tmp_path / "none.pth"))
    with pytest.raises(InputError, match=r"none\.pth: no such file; expected a file of the weights of EfficientNet"):
        train(small_config(tmp_path / "nowhere", tmp_path / "run", networks=lacking))
