import pytest

from recyclegan.losses import vanilla_adversarial
from recyclegan.networks import PatchGAN
from tests.golden.records import fill, image, records


def test_cross_entropy_of_a_verdict() -> None:
    record = records()["vanilla_gan"]
    judge = fill(PatchGAN(record["input"]["shape"][1], 8), record["phase"])
    verdict = judge(image(record["input"]["shape"], record["input"]["phase"])).detach()
    assert float(vanilla_adversarial(verdict)) == pytest.approx(record["real"], rel=1e-9)
    assert float(vanilla_adversarial(-verdict)) == pytest.approx(record["fake"], rel=1e-9)
