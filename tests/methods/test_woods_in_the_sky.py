"""Why footage gets black holes: a target with other layouts than the source asks for shapes that no look explains."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recyclegan.settings.networks import NetworkConfig
from tests.two_looks import LOOKS, by_class, judged, recipe, scenes, trained

NETWORKS = NetworkConfig(generator="detail-6", width=6, discriminator_width=8, discriminator_layers=2)
STEPS = 200


def after(networks: NetworkConfig, **method: Any) -> dict[str, float]:
    return judged(trained(recipe(networks, method={"cycle": (10.0, 10.0), **method}), STEPS), "ab")


def test_the_measures_know_a_perfect_translation_from_woods_in_the_sky() -> None:
    frames, classes = map(np.stack, zip(*scenes("b", 8, 0), strict=True))
    kept = by_class(frames, classes, LOOKS["b"])
    assert kept["dark_sky"] == kept["astray"] == 0
    assert kept["off"] < 15
    frames[classes == 0] = LOOKS["b"].trees
    spoilt = by_class(frames, classes, LOOKS["b"])
    assert spoilt["dark_sky"] == 1
    assert spoilt["astray"] > 0.1


@pytest.mark.slow
def test_adversaries_put_the_woods_of_the_target_into_the_sky() -> None:
    assert after(NETWORKS)["dark_sky"] > 0.3


@pytest.mark.slow
def test_the_same_looks_with_one_layout_leave_the_sky_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = replace(LOOKS["b"], horizon=LOOKS["a"].horizon, tree_height=LOOKS["a"].tree_height)
    monkeypatch.setitem(LOOKS, "b", alike)
    assert after(NETWORKS)["dark_sky"] < 0.05


@pytest.mark.slow
def test_what_starts_at_identity_keeps_the_sky_but_stays_there_under_the_steady_terms() -> None:
    found = after(replace(NETWORKS, generator="identity-6"))
    assert found["dark_sky"] == 0
    assert found["lightness_agreement"] > 0.99
    assert found["off"] > 70, "no look was learned"
