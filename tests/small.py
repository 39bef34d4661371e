"""Footage, networks and runs that are small enough to train in a test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from recyclegan.arrays import Image
from recyclegan.checkpoint import Card
from recyclegan.domains import Domains
from recyclegan.methods import Method, UnsupRecycleGAN
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.steps import TrainState
from recyclegan.video import write_image

NETWORKS = NetworkConfig(width=4, discriminator_width=4)
SIZE = (32, 48)
SMALL_OPTIONS = [
    *("--size", "32", "48", "--width", "4", "--discriminator-width", "4", "--device", "cpu"),
    *("--steps", "6", "--save-every", "2", "--log-every", "1", "--sample-every", "100"),
]
"""Options of ``recyclegan train`` that ``small_config`` has by default."""


def picture(seed: int, height: int = 36, width: int = 54) -> Image:
    """Return a smooth colour picture that differs for each seed."""
    y, x, _ = np.mgrid[:height, :width, :1] / 9
    phase = np.random.default_rng(seed).uniform(0, 6, 3)
    return np.uint8(127 + 100 * np.sin(x + phase) * np.cos(y - phase))


def label_map(seed: int, height: int = 36, width: int = 54) -> Image:
    """Return a label map of the three colours of ``PALETTE``."""
    classes = np.random.default_rng(seed).integers(0, 3, (height // 6 + 1, width // 6 + 1))
    return np.uint8(PALETTE)[classes.repeat(6, 0).repeat(6, 1)[:height, :width]]


PALETTE = ((0, 0, 142), (70, 130, 180), (128, 64, 128))


def make_frames(folder: Path, num_frames: int = 4, seed: int = 0, make: Any = picture, **size: int) -> Path:
    """Write a clip as a folder of PNG frames."""
    for number in range(num_frames):
        write_image(folder / f"frame_{number:03d}.png", make(seed + number, **size))
    return folder


def make_data(root: Path, num_frames: int = 4, make_b: Any = picture, **size: int) -> Path:
    """Write a data folder with one clip a domain for training and one held out."""
    for offset, split in enumerate(("train", "val")):
        make_frames(root / split / "A" / "drive", num_frames, 1000 * offset, **size)
        make_frames(root / split / "B" / "walk", num_frames, 1000 * offset + 500, make_b, **size)
    return root


def small_config(data: Path, out: Path, **changes: Any) -> TrainConfig:
    """Return a configuration that trains in a second."""
    values = {
        "steps": 6,
        "save_every": 2,
        "log_every": 1,
        "sample_every": 100,
        "networks": NETWORKS,
        "frames": DataConfig(size=SIZE),
        "device": "cpu",
    }
    return TrainConfig(data, out, **{**values, **changes})


def small_method(
    name: str = UnsupRecycleGAN.name, seed: int = 0, networks: NetworkConfig = NETWORKS, **changes: Any
) -> Method:
    """Return a method with small networks, whose first weights follow from ``seed``; ``changes`` go to its Config."""
    torch.manual_seed(seed)
    kind = METHODS[name]
    return kind(replace(kind.Config(), **changes), networks)


def small_state(config: TrainConfig, num_steps: int = 8) -> TrainState:
    """Return the training state that ``train`` would make."""
    torch.manual_seed(config.seed)
    fabric = Fabric(accelerator="cpu", devices=1, precision=config.precision)
    kind = METHODS[config.method_name]
    return TrainState(kind(config.method, config.networks, Domains(config.frames.channels)), config, fabric, num_steps)


def small_card(**changes: Any) -> Card:
    """Return the card of a translator with a resnet-6 of width 4."""
    values = {
        "method": "unsup-recycle-gan",
        "direction": "ab",
        "generator": "resnet-6",
        "channels_in": 3,
        "channels_out": 3,
        "width": 4,
        "norm": "instance",
        "dropout": False,
        "size": SIZE,
        "resize": "scale_shortest",
        "steps": 7,
    }
    return Card(**{**values, **changes})


def random_clips(
    seed: int, time: int = 1, channels: int = 3, batch: int = 1, size: tuple[int, int] = (32, 32)
) -> Tensor:
    """Return clips of noise in [-1, 1]."""
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(batch, time, channels, *size, generator=rng) * 2 - 1


def files_below(folder: Path) -> set[str]:
    """Return the files of a folder and of those in it, by their paths from there."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def touch(folder: Path, *names: str) -> None:
    """Make empty files, and the folders that they lie in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
