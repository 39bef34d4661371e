"""Generators of the target's colours begin with those of the footage, and go on from there when a run is resumed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recyclegan.arrays import Image
from recyclegan.checkpoint import load_card, load_translator
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import config_of
from recyclegan.settings.training import TrainConfig
from recyclegan.tensors import to_frames
from recyclegan.training import train
from recyclegan.training.loop import prepare
from recyclegan.video import read_image
from tests.small import NETWORKS, SIZE, make_data, make_frames, picture, small_config

COLOURS = replace(NETWORKS, generator="colours-6")


def dark(seed: int, **size: int) -> Image:
    return np.uint8(picture(seed, **size) * [0.2, 0.3, 0.5])


def config(root: Path, out: str = "run", **changes: Any) -> TrainConfig:
    values = {"networks": COLOURS, "frames": DataConfig(size=SIZE, cache=root / "cache"), "steps": 2, **changes}
    return small_config(root / "data", root / out, **values)


def colours_of(frames: torch.Tensor) -> torch.Tensor:
    pixels = frames.double().permute(1, 0, 2, 3).flatten(1)
    return torch.cat([pixels.mean(dim=1), torch.cov(pixels).flatten()])


def frames_of(root: Path, folder: str) -> torch.Tensor:
    return to_frames(np.stack([read_image(file) for file in sorted((root / "data/train" / folder).glob("*.png"))]))


@pytest.mark.parametrize("method_name", ["unsup-recycle-gan", "cycle-gan", "recycle-gan"])
@torch.no_grad()
def test_first_translations_have_the_targets_colours(tmp_path: Path, method_name: str) -> None:
    make_data(tmp_path / "data", make_b=dark)
    state, _ = prepare(config(tmp_path, method=config_of(method_name)()), None)
    a, b = frames_of(tmp_path, "A/drive"), frames_of(tmp_path, "B/walk")
    for direction, source, target in (("ab", a, b), ("ba", b, a)):
        made = state.method.generators[direction](source)
        assert torch.allclose(colours_of(made), colours_of(target), atol=0.03)
        assert not torch.allclose(colours_of(source), colours_of(target), atol=0.2)


def test_a_resumed_run_keeps_the_colours_that_it_began_with(tmp_path: Path) -> None:
    make_data(tmp_path / "data", make_b=dark)
    train(config(tmp_path))
    train(config(tmp_path, "whole", steps=4, decay=0.0))
    train(config(tmp_path, "halves", steps=2, decay=0.0))
    make_frames(tmp_path / "data/train/B/another", seed=900)
    begun = load_translator(tmp_path / "halves/ab.safetensors")[0].state_dict()
    train(config(tmp_path, "halves", steps=3, decay=0.0), resume=True)
    ended = load_translator(tmp_path / "halves/ab.safetensors")[0].state_dict()
    for name in ("matrix", "offset"):
        assert torch.equal(begun[name], ended[name])
        assert torch.equal(begun[name], load_translator(tmp_path / "whole/ab.safetensors")[0].state_dict()[name])
    assert not torch.equal(begun["matrix"], torch.eye(3))
    assert load_card(tmp_path / "whole/ab.safetensors").detail == tuple(map(tuple, begun["matrix"].tolist()))


@pytest.mark.parametrize("labels", ["a", "b", "ab"])
def test_label_maps_have_no_colours_to_start_at(tmp_path: Path, labels: str) -> None:
    with pytest.raises(InputError, match="generator: found colours-6, and label maps; take classes-6"):
        config(tmp_path, frames=DataConfig(size=SIZE, labels=labels))
