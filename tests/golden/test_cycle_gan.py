"""Every loss term and every gradient norm of the published CycleGAN step."""

import pytest
import torch

from recyclegan.methods import CycleGAN
from recyclegan.settings.networks import NetworkConfig
from tests.golden.records import image, records
from tests.golden.steps import NAMES, OTHER, assert_close, backward, fill_networks, gradient_norms


def recorded_method(record: dict) -> CycleGAN:
    weights = record["weights"]
    cycle = (float(weights["lambda_A"]), float(weights["lambda_B"]))
    identity = (cycle[0] * weights["identity"], cycle[1] * weights["identity"])
    config = CycleGAN.Config(cycle=cycle, identity=identity)
    method = CycleGAN(config, NetworkConfig(width=8, discriminator_width=8)).double()
    fill_networks(method, record["phases"])
    return method


def test_step_gives_the_published_losses_and_gradients() -> None:
    record = records()["cycle_gan"]
    method, found, fakes = recorded_method(record), {}, {}
    size = (record["batch"], 3, record["height"], record["width"])
    real = {name: image(size, record["phases"][f"real_{name}"]) for name in "AB"}
    for direction, name in NAMES.items():
        terms, fakes[name] = method.generator_losses(real[name][:, None], direction, torch.Generator())
        values = backward(terms)
        found |= {f"G_{name}": values["adversarial"], f"cycle_{name}": values["cycle"]}
        found[f"identity_{OTHER[name]}"] = values.get("identity", 0.0)
    for direction, name in NAMES.items():
        assert_close(gradient_norms(method.generators[direction]), record[f"grad_norms_G_{name}"])
        found[f"D_{name}"] = float(method.discriminator_loss(direction[1], real[OTHER[name]], fakes[name]).detach())
    assert found == {key: pytest.approx(record[key], rel=1e-9, abs=1e-12) for key in found}
