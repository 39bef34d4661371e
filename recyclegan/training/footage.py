"""The frames that a run trains on and shows, from the folders that its configuration names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from lightning_fabric import Fabric

from recyclegan.data import Clip, Crop, LoadSpec, Resize, UnpairedClips, index_data, load_data
from recyclegan.labels import palette_of
from recyclegan.logs import Picture
from recyclegan.tensors import DOMAINS, Clips, Colours, Domain, Frames, to_frames
from recyclegan.training.config import TrainConfig
from recyclegan.video import read_frame

Decoding = Callable[[int, int, str], None]
"""Told of (frames decoded, frames in all, clip) while footage is read into the cache."""

NUM_SAMPLES = 2
"""Frames of each domain that are shown in a sample grid and measured."""
PALETTE_FRAMES = 64
"""Frames of each clip that the palette of a label domain is gathered from."""


@dataclass(frozen=True)
class Footage:
    """Batches to train on, frames to show, and the palettes of label domains."""

    clips: UnpairedClips
    samples: dict[Domain, list[Frames]]
    palettes: dict[Domain, Colours]
    device: torch.device

    @property
    def steps_per_epoch(self) -> int:
        """Return the steps after which every window of both domains has been visited."""
        return self.clips.steps_per_epoch

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what there is to say of the data."""
        return tuple(self.clips.notes)

    def batch(self, step: int) -> dict[Domain, Clips]:
        """Return the batch of a step (from 0) on the device."""
        return {domain: clips.to(self.device) for domain, clips in self.clips.batch(step).items()}


def load_footage(config: TrainConfig, clip_length: int, fabric: Fabric, decoding: Decoding | None) -> Footage:
    """Return the footage of a run, decoding into the cache what is not there yet.

    Raises:
        InputError: folders, clips, sizes or palettes are not what the configuration says.
    """
    frames = config.frames
    specs = {domain: load_spec(config, domain) for domain in DOMAINS}
    cache_bytes = round(frames.cache_gb * 1e9)
    data = load_data(config.data, "train", specs, frames.cache, cache_bytes, decoding, frames.triplets)
    crop = Crop(frames.crop, *frames.size) if frames.crop != "none" else Crop("none")
    clips = UnpairedClips(
        data["a"],
        data["b"],
        clip_length,
        crop,
        frames.flip,
        config.batch_size,
        config.seed,
        fabric.global_rank,
        fabric.world_size,
        frames.shuffle,
    )
    palettes = {
        domain: _palette([clip[:: max(1, len(clip) // PALETTE_FRAMES)] for clip in data[domain].clips])
        for domain in DOMAINS
        if frames.is_label(domain)
    }
    return Footage(clips, _samples(config), palettes, fabric.device)


def load_spec(config: TrainConfig, domain: Domain) -> LoadSpec:
    """Return how frames of a domain are kept in the cache."""
    frames = config.frames
    channels = dict(zip(DOMAINS, frames.channels, strict=True))[domain]
    return LoadSpec(Resize(frames.resize, *frames.loaded), frames.is_label(domain), channels)


def _palette(clips: list[np.ndarray]) -> Colours:
    colours = palette_of([image for clip in clips for image in clip])
    return tuple((int(red), int(green), int(blue)) for red, green, blue in colours)


def _samples(config: TrainConfig) -> dict[Domain, list[Frames]]:
    """Return frames of each domain at trained size, of held-out clips where there are any.

    They are the first frames of the first clips; of an only clip, the first one and the middle one.
    """
    split = "val" if (config.data / "val").is_dir() else "train"
    clips = index_data(config.data, split, triplets=config.frames.triplets)
    return {
        domain: [_at_trained_size(config, domain, image) for image in _sample_images(clips[domain])]
        for domain in DOMAINS
    }


def _sample_images(clips: Sequence[Clip]) -> Iterator[Picture]:
    for clip in clips[:NUM_SAMPLES]:
        yield next(iter(clip.images()))
    if len(clips) == 1 and clips[0].num_frames > 1:
        yield _image_at(clips[0], clips[0].num_frames // 2)


def _image_at(clip: Clip, number: int) -> Picture:
    if clip.kind == "video":
        return read_frame(clip.files[0], number)
    return next(islice(clip.images(), number, None))


def _at_trained_size(config: TrainConfig, domain: Domain, image: Picture) -> Frames:
    spec = load_spec(config, domain)
    at_size = LoadSpec(Resize(config.frames.resize, *config.frames.size), spec.is_label, spec.channels)
    return to_frames(at_size(image)[None])
