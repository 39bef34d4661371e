"""What a run shows as it goes: sample grids, loss curves, and the two translators."""

import copy
from pathlib import Path

import torch
from torch import nn

from recyclegan.checkpoint import Card, save_translator
from recyclegan.logs import draw_curves, image_grid, read_stats, series
from recyclegan.tensors import Direction, Image, opposite, source_domain, target_domain, to_images
from recyclegan.training.footage import Footage
from recyclegan.training.step import TrainState
from recyclegan.video import write_image


def translating_generators(state: TrainState) -> nn.ModuleDict:
    """Return the generators that users get, in evaluation mode: averaged where the run averages."""
    generators = copy.deepcopy(state.method.generators)
    if state.average:
        generators.load_state_dict(state.average.average)
    return generators.eval()


def save_translators(state: TrainState, footage: Footage, done: int) -> None:
    """Write ``ab.safetensors`` and ``ba.safetensors`` (those that the method trains) into the run folder."""
    generators = translating_generators(state)
    for way in state.method.ways:
        save_translator(state.config.out / f"{way}.safetensors", generators[way], make_card(state, footage, way, done))


def make_card(state: TrainState, footage: Footage, way: Direction, done: int) -> Card:
    """Return what a translator of this run says of itself."""
    config, networks, scale = state.config, state.config.networks, state.config.frames.scale
    channels = dict(zip(("a", "b"), config.frames.channels, strict=True))
    source, target = source_domain(way), target_domain(way)
    return Card(
        method=config.method_name,
        direction=way,
        generator=networks.generator,
        channels_in=channels[source],
        channels_out=channels[target],
        width=networks.width,
        norm=networks.norm,
        dropout=networks.dropout,
        size=scale.size,
        resize=scale.resize,
        load_size=None if scale.resize == "none" else scale.loaded,
        steps=done,
        labels_in=config.frames.is_label(source),
        palette=footage.palettes.get(target, ()),
    )


@torch.inference_mode()
def write_samples(state: TrainState, generators: nn.ModuleDict, footage: Footage, done: int) -> None:
    """Write a grid of held-out frames with their translations, and with the way there and back, as a PNG."""
    rows: list[list[Image]] = []
    for way in state.method.ways:
        for frames in footage.samples[source_domain(way)]:
            real = frames.to(state.fabric.device)
            fake = generators[way](real)
            shown = [real, fake]
            if opposite(way) in generators:
                shown.append(generators[opposite(way)](fake))
            rows.append([to_images(image)[0] for image in shown])
    write_image(state.config.out / "samples" / f"step-{done:08d}.png", image_grid(rows))


def write_curves(run: Path) -> None:
    """Draw what ``stats.jsonl`` holds so far as ``curves.png``."""
    points = series(read_stats(run / "stats.jsonl"))
    if points:
        write_image(run / "curves.png", draw_curves(points))
