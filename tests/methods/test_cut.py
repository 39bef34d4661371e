import json
from pathlib import Path

import pytest
import torch

from recyclegan.domains import Domains
from recyclegan.errors import InputError
from recyclegan.methods import CUT
from recyclegan.methods.cut import encode
from recyclegan.settings.networks import NetworkConfig
from recyclegan.training import train
from tests.small import NETWORKS, make_data, random_clips, small_config, small_method


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cut(**changes: object) -> CUT:
    return small_method("cut", embedding=16, **changes)


def test_it_has_one_direction_and_trains_its_embeddings() -> None:
    method = cut()
    assert (set(method.generators), set(method.discriminators)) == ({"ab"}, {"b"})
    trained = {id(parameter) for parameter in method.generator_parameters()}
    assert {id(p) for p in method.embeddings.parameters()} < trained
    terms, _ = method.generator_losses(random_clips(0), "ab", seeded())
    torch.stack(list(terms.values())).sum().backward()
    assert all(parameter.grad is not None for parameter in method.generator_parameters())


def test_its_places_follow_from_the_random_state_alone() -> None:
    method = cut(places=8)
    first, again, other = (
        float(method.generator_losses(random_clips(0), "ab", seeded(seed))[0]["contrastive"].detach())
        for seed in (3, 3, 4)
    )
    assert first == again != other


def test_a_frame_resembles_itself_more_than_another() -> None:
    method = cut(temperature=0.01)
    x, y = random_clips(0)[:, 0], random_clips(1)[:, 0]
    assert method.contrastive(x, x, seeded()) < method.contrastive(x, y, seeded())


def test_gradients_flow_through_the_translation_alone() -> None:
    x, y = (random_clips(seed)[:, 0].requires_grad_() for seed in (0, 1))
    cut().contrastive(x, y, seeded()).backward()
    assert x.grad is None
    assert y.grad is not None
    assert y.grad.abs().sum() > 0


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_features_are_those_of_the_layer_although_later_ones_work_in_place(norm: str) -> None:
    method = small_method("cut", networks=NetworkConfig(width=4, discriminator_width=4, norm=norm))
    generator, frames, layers = method.generators["ab"], random_clips(0)[:, 0], (0, 4, 7, 10, 14)
    for layer, features in zip(layers, encode(generator, frames, layers), strict=True):
        assert torch.equal(features, generator.model[: layer + 1](frames))


def test_the_spatial_term_can_be_added() -> None:
    assert set(cut().generator_losses(random_clips(0), "ab", seeded())[0]) == {"adversarial", "contrastive"}
    terms, _ = cut(unsup_spatial=10.0).generator_losses(random_clips(0), "ab", seeded())
    assert terms["unsup_spatial"] > 0


def test_the_spatial_term_changes_how_the_generator_learns_and_nothing_else() -> None:
    without, added = cut(), cut(unsup_spatial=10.0)
    losses = {method: method.generator_losses(random_clips(0), "ab", seeded())[0] for method in (without, added)}
    assert {name: losses[added][name].item() for name in losses[without]} == {
        name: term.item() for name, term in losses[without].items()
    }
    for method, terms in losses.items():
        torch.stack(list(terms.values())).sum().backward()
        assert all(parameter.grad is not None for parameter in method.generator_parameters())
    pairs = list(zip(without.generators.parameters(), added.generators.parameters(), strict=True))
    assert all(torch.equal(one, other) for one, other in pairs), "both start from the same weights"
    assert not all(torch.allclose(one.grad, other.grad) for one, other in pairs)


def target_terms(method: CUT, seed: int = 0) -> dict[str, torch.Tensor]:
    return dict(method.target_terms(random_clips(1), "ab", seeded(seed)))


def test_the_identity_term_contrasts_frames_of_the_target_with_their_translation() -> None:
    assert target_terms(cut()) == {}
    method = cut(identity=2.0, places=8)
    term = target_terms(method, 3)["identity"]
    y = random_clips(1)[:, 0]
    expected = 2 * method.contrastive(y, method.generators["ab"](y), seeded(3))
    assert term.item() == pytest.approx(expected.item(), rel=1e-6)
    term.backward()
    assert all(parameter.grad is not None for parameter in method.generator_parameters())
    assert all(parameter.grad is None for parameter in method.discriminators.parameters())


def test_a_translation_that_changes_nothing_costs_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    method = cut(identity=1.0, temperature=0.01)
    changed = target_terms(method)["identity"].item()
    monkeypatch.setattr(type(method.generators["ab"]), "__call__", lambda _, frames: frames)
    assert target_terms(method)["identity"].item() < changed


def test_the_paper_s_setting_trains_with_both_contrastive_terms(tmp_path: Path) -> None:
    config = CUT.Config(contrastive=1.0, identity=1.0, embedding=16)
    train(small_config(make_data(tmp_path / "data"), tmp_path / "run", method=config, steps=2))
    lines = [json.loads(line) for line in (tmp_path / "run" / "stats.jsonl").read_text().splitlines()]
    assert all(line["ab/identity"] > 0 and line["ab/contrastive"] > 0 for line in lines if "ab/adversarial" in line)
    assert any("ab/identity" in line for line in lines)


def test_terms_of_weight_0_are_left_out() -> None:
    method = cut(adversarial=0.0, contrastive=0.0)
    assert method.generator_losses(random_clips(0), "ab", seeded())[0] == {}


def test_domains_may_differ_in_channels_where_nothing_is_contrasted() -> None:
    with pytest.raises(InputError, match="contrastive: found 1 channels in a and 3 in b"):
        CUT(CUT.Config(), NETWORKS, Domains((1, 3)))
    with pytest.raises(InputError, match="identity: found 1 channels in a and 3 in b"):
        CUT(CUT.Config(contrastive=0.0, identity=1.0), NETWORKS, Domains((1, 3)))
    method = CUT(CUT.Config(contrastive=0.0, unsup_spatial=1.0), NETWORKS, Domains((1, 3)))
    _, fake = method.generator_losses(random_clips(0, channels=1), "ab", seeded())
    assert fake.shape == (1, 3, 32, 32)


def test_generators_and_layers_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="found generator unet-128, expected resnet"):
        small_method("cut", networks=NetworkConfig(generator="unet-128", width=4, discriminator_width=4))
    for layers in ((), (0, 16), (-1,), (4, 4)):
        with pytest.raises(InputError, match=r"cut layers: found .* expected different ones of 0 to 15"):
            cut(layers=layers)
    for change in ({"places": 0}, {"embedding": 0}, {"temperature": 0.0}):
        with pytest.raises(InputError, match=r"cut [a-z]+: found 0.*, expected"):
            CUT.Config(**change)
