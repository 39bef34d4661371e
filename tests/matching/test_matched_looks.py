"""What matched crops change in training, where a few frames of the target have the layout of the source."""

from dataclasses import replace

import numpy as np
import pytest

from recyclegan.data import WHOLE_FRAME, DomainFrames, UnpairedClips
from recyclegan.features.efficientnet import weights_file
from recyclegan.matching import match_crops
from recyclegan.metrics.frame_numbers import Numbers
from recyclegan.settings.frames import DataConfig, Match
from recyclegan.settings.networks import NetworkConfig
from recyclegan.steps import train_step
from tests.two_looks import LOOKS, NUM_FRAMES, RACE, TOY, draw_scene, footage, judged, recipe, started

NETWORKS = NetworkConfig(generator="detail-6", width=6, discriminator_width=8, discriminator_layers=2)
STEPS = 200
SHARE_OPEN = 0.08
OPEN = replace(RACE, horizon=TOY.horizon, tree_height=TOY.tree_height)
"""The race with the layout of the toy game."""


def race() -> DomainFrames:
    """Return frames of the race, a few of which have the layout of the toy game."""
    rng, which = np.random.default_rng([1, ord("b")]), np.random.default_rng([1, ord("b"), 1])
    looks = [OPEN if which.random() < SHARE_OPEN else LOOKS["b"] for _ in range(NUM_FRAMES)]
    return DomainFrames(("race",), (np.stack([draw_scene(look, rng)[0] for look in looks]),))


def after(match: Match) -> Numbers:
    state = started(recipe(NETWORKS, method={"cycle": (10.0, 10.0)}), STEPS)
    clips = UnpairedClips(DomainFrames(("toy",), (np.stack(footage("a", NUM_FRAMES, 1)),)), race(), 1)
    match_crops(clips, clips.frames, DataConfig(match=match, neighbours=4), 1, WHOLE_FRAME, 0, cache=None)
    for step in range(STEPS):
        train_step(state, clips.batch(step), step)
    return judged(state, "ab")


@pytest.mark.slow
@pytest.mark.skipif(weights_file() is None, reason="needs the extra features")
def test_matched_frames_bring_classes_closer_to_their_colours() -> None:
    plain, matched = after("none"), after("nearest")
    assert matched["off"] < 0.85 * plain["off"]
    assert matched["astray"] < plain["astray"]
