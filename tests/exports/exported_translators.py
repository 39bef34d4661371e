"""Translators with random weights, and footage for them, that tests export."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from recyclegan.checkpoint import Card, save_translator
from recyclegan.networks import make_generator
from recyclegan.video import write_video
from tests.small import picture, small_card


def generator_of(card: Card) -> nn.Module:
    torch.manual_seed(0)
    channels = {"channels_in": card.channels_in, "channels_out": card.channels_out}
    network = make_generator(card.generator, width=card.width, norm=card.norm, palette=card.palette, **channels)
    return network.eval().requires_grad_(False)


def saved(folder: Path, gain: float = 1.5, **changes: Any) -> Path:
    """Write a translator with random weights, ``gain`` times those of first ones."""
    card = small_card(**changes)
    network = generator_of(card)
    for parameter in network.parameters():
        parameter.mul_(gain)
    save_translator(folder / f"{card.direction}.safetensors", network, card)
    return folder / f"{card.direction}.safetensors"


def footage(folder: Path, num_frames: int = 12) -> Path:
    """Write a video of smooth pictures."""
    write_video(folder / "drive.mp4", [picture(number, 40, 60) for number in range(num_frames)], rate=25)
    return folder / "drive.mp4"
