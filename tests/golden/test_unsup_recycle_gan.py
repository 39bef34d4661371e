"""Every loss term and every gradient norm of the published step, in all recorded weightings."""

import pytest
import torch

from recyclegan.features import VGGFeatures
from recyclegan.flow import Motion
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from tests.golden.records import fill, flow, image, records
from tests.golden.steps import NAMES, OTHER, assert_close, backward, fill_networks, gradient_norms

TERMS = {
    "G": "adversarial",
    "cycle": "cycle",
    "unsup_cycle": "unsup_recycle",
    "spa_unsup": "unsup_spatial",
    "content": "content",
}
PARAMETERS = [pytest.param(r, id=r["name"]) for r in records()["unsup_recycle"]]


def recorded_method(record: dict) -> UnsupRecycleGAN:
    weights, phases = record["weights"], record["phases"]

    def pair(name: str) -> tuple[float, float]:
        return (weights[f"{name}_A"], weights[f"{name}_B"])

    config = UnsupRecycleGAN.Config(
        cycle=pair("lambda_cycle"),
        unsup_recycle=pair("lambda_unsup_cycle"),
        unsup_spatial=pair("lambda_spa_unsup"),
        content=pair("lambda_content"),
        identity=(weights["lambda_identity"],) * 2,
        flow=FlowSynthesis(noise=weights["noise_level"]),
    )
    features = fill(VGGFeatures(), phases["vgg"]) if any(config.content) else None
    method = UnsupRecycleGAN(config, NetworkConfig(width=8, discriminator_width=8), features=features).double()
    fill_networks(method, phases)
    return method


def hand_out(phases: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the method draw the recorded flows in turn."""
    monkeypatch.setattr(
        "recyclegan.methods.unsup_recycle_gan.sample_motion",
        lambda _, x, _rng: Motion(flow(*x.shape[-2:], phases.pop(0), len(x)).to(x)),
    )


@pytest.mark.parametrize("record", PARAMETERS)
def test_step_gives_the_published_losses_and_gradients(record: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, method = record["align_corners_true"], recorded_method(record)
    size = (record["batch"], 3, record["height"], record["width"])
    real = {name: image(size, record["phases"][f"real_{name}"]) for name in "AB"}
    found, fakes = {}, {}
    for direction, name in NAMES.items():
        hand_out(
            [
                record["flow_phases"][f"{term}_{name}"]
                for term in ("unsup_cycle", "spa_unsup")
                if record["weights"][f"lambda_{term}_{name}"]
            ],
            monkeypatch,
        )
        terms, fakes[name] = method.generator_losses(real[name][:, None], direction, torch.Generator())
        values = backward(terms)
        found |= {f"{theirs}_{name}": values.get(ours, 0.0) for theirs, ours in TERMS.items()}
        found[f"identity_{OTHER[name]}"] = values.get("identity", 0.0)
    assert found == {key: pytest.approx(expected[key], rel=1e-9, abs=1e-12) for key in found}
    for direction, name in NAMES.items():
        assert_close(gradient_norms(method.generators[direction]), expected[f"grad_norms_G_{name}"])

    method.discriminators.zero_grad()
    for direction, name in NAMES.items():
        loss = method.discriminator_loss(direction[1], real[OTHER[name]], fakes[name].detach())
        loss.backward()
        assert float(loss.detach()) == pytest.approx(expected[f"D_{name}"], rel=1e-9)
        assert_close(gradient_norms(method.discriminators[direction[1]]), expected[f"grad_norms_D_{name}"])
