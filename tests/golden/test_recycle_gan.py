"""Every loss term and every gradient norm of the published steps of Recycle-GAN and ReCycle-GAN."""

import pytest
import torch
from torch import Tensor

from recyclegan.methods import ReCycleGAN, RecycleGAN
from recyclegan.settings.networks import NetworkConfig
from tests.golden.records import fill, image, records
from tests.golden.steps import NAMES, OTHER, assert_close, backward, fill_networks, gradient_norms

TERMS = {
    "G": "adversarial",
    "pred": "recurrent",
    "recycle": "recycle",
    "cycle": "cycle",
}
CASES = [
    pytest.param(kind, record, id=f"{case}-{record['netP']}")
    for case, kind in {"recycle_gan": RecycleGAN, "reCycle_gan": ReCycleGAN}.items()
    for record in records()[case]
]


def recorded_method(kind: type[RecycleGAN], record: dict) -> RecycleGAN:
    weights, phases = record["weights"], record["phases"]
    consistency = (float(weights["lambda_A"]), float(weights["lambda_B"]))
    config = kind.Config(
        recurrent=consistency,
        recycle=consistency,
        adversarial_predicted=(float(weights["adversarial_loss_p"]),) * 2,
        predictor=record["netP"].replace("_", "-"),
        predictor_width=record["predictor_width"],
        **({"cycle": consistency} if kind is ReCycleGAN else {}),
    )
    method = kind(config, NetworkConfig(width=8, discriminator_width=8)).double()
    fill_networks(method, phases)
    for direction, name in NAMES.items():
        fill(method.predictors[direction[0]], phases[f"P_{name}"])
    return method


def recorded_clip(record: dict, name: str) -> Tensor:
    size = (record["batch"], 3, record["height"], record["width"])
    return torch.stack([image(size, phase) for phase in record["phases"][f"real_{name}"]], dim=1)


@pytest.mark.parametrize(("kind", "record"), CASES)
def test_step_gives_the_published_losses_and_gradients(kind: type[RecycleGAN], record: dict) -> None:
    method, found, fakes = recorded_method(kind, record), {}, {}
    real = {name: recorded_clip(record, name) for name in "AB"}
    for direction, name in NAMES.items():
        terms, fakes[name] = method.generator_losses(real[name], direction, torch.Generator())
        values = backward(terms)
        found |= {f"{theirs}_{name}": values[ours] for theirs, ours in TERMS.items() if f"{theirs}_{name}" in record}
        found[f"pred_{name}_adversarial"] = values.get("adversarial_predicted", 0.0)
    for domain, (direction, name) in zip("ab", NAMES.items(), strict=True):
        if f"grad_norms_G_{name}" in record:
            assert_close(gradient_norms(method.generators[direction]), record[f"grad_norms_G_{name}"])
            assert_close(gradient_norms(method.predictors[domain]), record[f"grad_norms_P_{name}"])
        frames, fake = real[OTHER[name]].flatten(0, 1), fakes[name].detach()
        found[f"D_{name}"] = float(method.discriminator_loss(direction[1], frames, fake).detach())
    assert found == {key: pytest.approx(record[key], rel=1e-9, abs=1e-12) for key in found}
