"""How long a training step takes on this machine."""

import math
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import torch

from recyclegan.acceleration.stepping import choose_halves
from recyclegan.data import index_data
from recyclegan.data.resize import scale_of
from recyclegan.distributed.processes import make_fabric
from recyclegan.domains import DOMAINS, Colours, Domain
from recyclegan.engines.devices import pick_device, synchronize
from recyclegan.methods.class_reader import ClassReader, with_one_class
from recyclegan.pace import Progress
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.halves import Batch
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import TrainState
from recyclegan.tensors import Clips, to_frames
from recyclegan.training.extra_frames import with_blank_extras
from recyclegan.training.loop import first_method, prepare
from recyclegan.training.training_data import load_spec

NUM_TIMED = 3
TRIAL_CLASSES = 16
"""Classes that a candidate's segmenter reads, where label maps are trained on; how many hardly matters."""
NUM_TRIED = 5
"""Steps that are timed of one candidate among several: what else the machine does must not decide between them."""


BUSY = 0.5
"""Share of the cores that other programs may keep busy before it is told."""


def notes_on_busy_cores(device: str) -> list[str]:
    """Say where other programs keep cores busy that threads of this one wait for each other on, within every step."""
    cores, threads = os.cpu_count() or 1, torch.get_num_threads()
    if pick_device(device).type != "cpu" or threads == 1 or not hasattr(os, "getloadavg"):
        return []
    busy = os.getloadavg()[0]
    if busy < BUSY * cores:
        return []
    return [
        f"other programs keep about {busy:.0f} of {cores} cores busy; steps on {threads} threads may take many times "
        f"as long: set OMP_NUM_THREADS={max(1, cores - round(busy))}"
    ]


def step_seconds(
    config: TrainConfig, decoding: Progress | None = None, num_timed: int = NUM_TIMED, at_most: float = math.inf
) -> float:
    """Return the median seconds of ``num_timed`` training steps after a first one; nothing is written.

    Where steps together take more than ``at_most`` seconds, fewer are timed.

    Raises:
        InputError: the data or the devices do not allow it.
    """
    state, footage = prepare(replace(config, steps=(num_timed + 1) * num_parts(config)), decoding)
    with footage.ahead(0, state.num_steps) as batches:
        return median_seconds(state, batches.batch, at_most)


def median_seconds(state: TrainState, batch: Callable[[int], Batch], at_most: float = math.inf) -> float:
    """Return the median seconds of all steps of a run but the first, reading their batches included.

    Where only some steps have a gradient penalty, it is the mean of the medians of both kinds, by how often they come.
    It ends early, after two steps at least, when all of them together have taken more than ``at_most`` seconds. Where
    resolution is progressive, all are taken, and it is the mean of the medians of all parts.
    """
    seconds = list[float]()
    for step in range(state.num_steps):
        start = time.perf_counter()
        train_step(state, batch(step), step)
        synchronize(state.fabric.device)
        seconds.append(time.perf_counter() - start)
        if len(seconds) > 1 and sum(seconds) > at_most and not state.config.progressive:
            break
    length = state.num_steps // num_parts(state.config)
    adversary = state.config.networks.adversary
    every = adversary.r1_every if adversary.is_lazy else 1
    parts = [(seconds[first + 1 : first + length], first + 1) for first in range(0, len(seconds), length)]
    return statistics.mean(_usual(part, first, every) for part, first in parts)


def _usual(seconds: Sequence[float], first: int, every: int) -> float:
    """Return the median seconds of steps from ``first`` on, of which one of ``every`` does more than the others."""
    more = [took for step, took in enumerate(seconds, first) if step % every == 0]
    plain = [took for step, took in enumerate(seconds, first) if step % every]
    if not more or not plain:
        return statistics.median(seconds)
    return (statistics.median(more) + (every - 1) * statistics.median(plain)) / every


def num_parts(config: TrainConfig) -> int:
    """Return in how many parts of the same length frames have sizes of their own."""
    return len(config.progressive) or 1


def first_frames(config: TrainConfig, clip_length: int) -> dict[Domain, list[np.ndarray]]:
    """Return as many frames of each domain's first clip as a step needs, at their own size.

    Raises:
        InputError: a folder is missing, or a clip cannot be read.
    """
    found = index_data(config.data, "train", DOMAINS, config.frames.triplets, config.frames.reading)
    images = {domain: clips[0].images(config.frames.is_label(domain)) for domain, clips in found.items()}
    return {domain: list(islice(own, clip_length)) for domain, own in images.items()}


def trial_seconds(config: TrainConfig, frames: Mapping[Domain, list[np.ndarray]], at_most: float = math.inf) -> float:
    """Return the median seconds of a training step on a few frames; infinite where they do not fit into memory.

    Where steps together take more than ``at_most`` seconds, fewer are timed. The weights are thrown away, nothing is
    written, and no other footage is read.
    """
    trial = replace(config, steps=(NUM_TRIED + 1) * num_parts(config))
    try:
        return _median_seconds_on(trial, frames, at_most)
    except torch.OutOfMemoryError:
        return math.inf
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _median_seconds_on(config: TrainConfig, frames: Mapping[Domain, list[np.ndarray]], at_most: float) -> float:
    assert config.steps is not None
    fabric = make_fabric(config)
    palettes = {domain: _colours(images) for domain, images in frames.items() if config.frames.is_label(domain)}
    method = first_method(config, palettes)
    method.reader = ClassReader([1] * TRIAL_CLASSES) if config.faithfulness.labels_weight else None
    state = TrainState(method, config, fabric, config.steps)
    choose_halves(state)
    batch = {domain: _clips(config, domain, images).to(fabric.device) for domain, images in frames.items()}
    batch["a"] = with_blank_extras(batch["a"], config.extras.num_channels)
    if state.method.reader:
        batch["a"] = with_one_class(batch["a"])
    return median_seconds(state, lambda _: batch, at_most)


def _clips(config: TrainConfig, domain: Domain, images: list[np.ndarray]) -> Clips:
    """Return a batch of the same frames again and again, cut as training cuts them."""
    spec = load_spec(config, domain)
    window = scale_of(config.frames).window(np.stack([spec(image) for image in images]), np.random.default_rng(0))
    return to_frames(window).contiguous().repeat(config.batch_size, 1, 1, 1).unflatten(0, (config.batch_size, -1))


def _colours(images: list[np.ndarray]) -> Colours:
    pixels = np.concatenate([image.reshape(-1, 3) for image in images])
    return tuple((red, green, blue) for red, green, blue in np.unique(pixels, axis=0).tolist())
