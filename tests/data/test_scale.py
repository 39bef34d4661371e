"""One scale for whoever shows frames to a network: training, samples, measures, translators."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from recyclegan.checkpoint import Card, load_card
from recyclegan.data import Crop, Resize, Scale
from recyclegan.distributed.processes import make_fabric
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.steps import TrainState
from recyclegan.training import train
from recyclegan.training.artifacts import make_card
from recyclegan.training.training_data import Footage, load_footage, load_spec
from recyclegan.translation import Translator
from tests.small import make_data, small_config, small_state


@pytest.mark.parametrize(
    ("scale", "loaded", "window"),
    [
        (Scale((256, 256)), (286, 286), Crop("rectangle", 256, 256)),
        (Scale((256, 512)), (286, 572), Crop("rectangle", 256, 512)),
        (Scale((32, 32), (128, 128)), (128, 128), Crop("rectangle", 32, 32)),
        (Scale((32, 48), (128, 128), cuts=False), (32, 48), Crop("none")),
    ],
    ids=str,
)
def test_a_scale_is_that_of_the_frames_that_windows_are_cut_from(scale: Scale, loaded: Any, window: Crop) -> None:
    assert scale.loaded == loaded
    assert scale.whole == Resize("scale_shortest", *loaded)
    assert scale.window == window


SIDES = st.tuples(st.integers(32, 200), st.integers(32, 200))
CONFIGS = st.builds(
    DataConfig,
    size=SIDES,
    load_size=st.none() | SIDES,
    resize=st.sampled_from(["scale_shortest", "rectangle", "none"]),
    crop=st.sampled_from(["rectangle", "none"]),
) | st.integers(32, 90).map(lambda side: DataConfig((side, side), (side + 9, side + 9), "square"))


Run = tuple[TrainState, Footage]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = small_config(make_data(tmp_path_factory.mktemp("data")), Path("run"))
    return small_state(config), load_footage(config, 1, make_fabric(config), None)


class Watched(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.size: tuple[int, ...] = ()

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        self.size = tuple(frames.shape[2:])
        return frames


@given(CONFIGS, st.tuples(st.integers(30, 120), st.integers(30, 120)))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_translator_shows_its_network_frames_of_the_size_that_training_cuts_from(
    run: Run, frames: DataConfig, size: tuple[int, int]
) -> None:
    state, footage = run
    state.config = replace(state.config, frames=frames)
    watched, image = Watched(), np.zeros((*size, 3), np.uint8)
    Translator(watched, make_card(state, footage, "ab", 3), "cpu").translate_images(image[None])
    assert watched.size == load_spec(state.config, "a")(image).shape[:2]


@pytest.mark.parametrize("resize", ["scale_shortest", "rectangle"])
@pytest.mark.parametrize("crop", ["rectangle", "none"])
def test_samples_measures_and_translators_see_things_as_large_as_training_does(
    tmp_path: Path, resize: Any, crop: Any
) -> None:
    frames = DataConfig((32, 32), (96, 96), resize, crop)
    config = small_config(make_data(tmp_path / "data", height=60, width=60), tmp_path / "run", steps=1, frames=frames)
    footage = load_footage(config, METHODS[config.method_name].clip_length, make_fabric(config), None)
    wanted = (96, 96) if crop == "rectangle" else (32, 32)
    assert {sample.shape[2:] for samples in footage.samples.values() for sample in samples} == {wanted}
    train(config)
    card = load_card(config.out / "ab.safetensors")
    assert card.scale.whole == Resize(resize, *wanted)
    watched = Watched()
    Translator(watched, card, "cpu").translate_images(np.zeros((1, 60, 60, 3), np.uint8))
    assert watched.size == wanted


def test_a_card_without_a_load_size_keeps_to_the_size_of_its_frames() -> None:
    watched = Watched()
    card = Card("cycle-gan", "ab", "resnet-6", 3, 3, 4, "instance", False, (32, 48), "rectangle", 7)
    Translator(watched, card, "cpu").translate_images(np.zeros((1, 60, 60, 3), np.uint8))
    assert watched.size == (32, 48)
