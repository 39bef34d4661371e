"""A run that fits into so many minutes on this machine: its size, width and steps, found by timing a few steps.

How long a training step takes on this machine.

What is trained in so many minutes: the size of frames and the width of networks that leave enough steps.

Pure functions of the footage's shape and of how long steps take; `step_seconds` measures those.
"""

import math
import statistics
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

import numpy as np
import torch

from recyclegan.acceleration.stepping import choose_halves
from recyclegan.data import index_data
from recyclegan.data.resize import MARGIN, scale_of
from recyclegan.distributed.processes import make_fabric
from recyclegan.domains import DOMAINS, Colours, Domain
from recyclegan.errors import InputError
from recyclegan.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.steps.halves import Batch
from recyclegan.steps.step import TrainState, train_step
from recyclegan.tensors import Clips, to_frames
from recyclegan.training.loop import first_method, prepare
from recyclegan.training.training_data import Decoding, load_spec

NUM_TIMED = 3
NUM_TRIED = 5
"""Steps that are timed of one candidate among several: what else the machine does must not decide between them."""


def step_seconds(
    config: TrainConfig, decoding: Decoding | None = None, num_timed: int = NUM_TIMED, at_most: float = math.inf
) -> float:
    """Return the median seconds of ``num_timed`` training steps after a first one; nothing is written.

    Where steps together take more than ``at_most`` seconds, fewer are timed.

    Raises:
        InputError: the data or the devices do not allow it.
    """
    state, footage = prepare(replace(config, steps=num_timed + 1), decoding)
    with footage.ahead(0, state.num_steps) as batches:
        return median_seconds(state, batches.batch, at_most)


def median_seconds(state: TrainState, batch: Callable[[int], Batch], at_most: float = math.inf) -> float:
    """Return the median seconds of all steps of a run but the first, reading their batches included.

    It ends early, after two steps at least, when all of them together have taken more than ``at_most`` seconds.
    """
    device, seconds = state.fabric.device, list[float]()
    for step in range(state.num_steps):
        start = time.perf_counter()
        train_step(state, batch(step), step)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
        if len(seconds) > 1 and sum(seconds) > at_most:
            break
    return statistics.median(seconds[1:])


def first_frames(config: TrainConfig, clip_length: int) -> dict[Domain, list[np.ndarray]]:
    """Return as many frames of each domain's first clip as a step needs, at their own size.

    Raises:
        InputError: a folder is missing, or a clip cannot be read.
    """
    reading, triplets = config.frames.reading, config.frames.triplets
    clips = {domain: found[0] for domain, found in index_data(config.data, "train", DOMAINS, triplets, reading).items()}
    frames: dict[Domain, list[np.ndarray]] = {}
    for domain, clip in clips.items():
        images = clip.images(config.frames.is_label(domain))
        frames[domain] = [image for image, _ in zip(images, range(clip_length), strict=False)]
    return frames


def trial_seconds(config: TrainConfig, frames: Mapping[Domain, list[np.ndarray]], at_most: float = math.inf) -> float:
    """Return the median seconds of a training step on a few frames; infinite where they do not fit into memory.

    Where steps together take more than ``at_most`` seconds, fewer are timed. The weights are thrown away, nothing is
    written, and no other footage is read.
    """
    trial = replace(config, steps=NUM_TRIED + 1)
    try:
        return _median_seconds_on(trial, frames, at_most)
    except torch.OutOfMemoryError:
        return math.inf
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _median_seconds_on(config: TrainConfig, frames: Mapping[Domain, list[np.ndarray]], at_most: float) -> float:
    fabric, num_steps = make_fabric(config), NUM_TRIED + 1
    palettes = {domain: _colours(images) for domain, images in frames.items() if config.frames.is_label(domain)}
    state = TrainState(first_method(config, palettes), config, fabric, num_steps)
    choose_halves(state)
    batch = {domain: _clips(config, domain, images).to(fabric.device) for domain, images in frames.items()}
    return median_seconds(state, lambda _: batch, at_most)


def _clips(config: TrainConfig, domain: Domain, images: list[np.ndarray]) -> Clips:
    """Return a batch of the same frames again and again, cut as training cuts them."""
    spec = load_spec(config, domain)
    window = scale_of(config.frames).window(np.stack([spec(image) for image in images]), np.random.default_rng(0))
    return to_frames(window).contiguous().repeat(config.batch_size, 1, 1, 1).unflatten(0, (config.batch_size, -1))


def _colours(images: list[np.ndarray]) -> Colours:
    pixels = np.concatenate([image.reshape(-1, 3) for image in images])
    return tuple((red, green, blue) for red, green, blue in np.unique(pixels, axis=0).tolist())


LEAST_STEPS = 1200
"""Steps below which no size is worth training: a small one that has them shows more than a large one that has not.

On small footage the look is there after 1,000 to 1,500 steps. More minutes buy steps up to this number, then a larger
size, then wider networks, then steps again.
"""
SHORTER_SIDES = (64, 96, 128, 160, 192, 256, 320, 384, 512)
"""Pixels of the shorter side that are tried, from the smallest on."""
WIDTHS = (16, 24, 32, 48, 64)
"""Channels of the generators' first layer that are tried, from the smallest on."""
WIDEST_DISCRIMINATOR = 64
MULTIPLE = 8
"""What divides both sides, so that neither networks nor their patches need a border."""
FOR_STEPS = 0.9
"""Share of the minutes that steps may take; the rest is for timing them, samples, measures and checkpoints."""
FOR_TIMING = 0.1
"""Share of the minutes after which nothing more is timed."""

Size = tuple[int, int]
"""Height and width in pixels."""


@dataclass(frozen=True)
class Candidate:
    """What may be trained."""

    size: Size
    """Height and width of the frames that are trained on."""
    width: int
    """Channels of the generators' first layer."""

    @property
    def discriminator_width(self) -> int:
        """Return the channels of the discriminators' first layer: twice those of the generators, up to 64."""
        return min(2 * self.width, WIDEST_DISCRIMINATOR)

    def __str__(self) -> str:
        """Return it in words."""
        return f"frames of {in_words(self.size)}, networks of width {self.width}"


@dataclass(frozen=True)
class Timed:
    """A candidate, and the seconds that a training step of it takes; infinite where it does not fit into memory."""

    candidate: Candidate
    seconds: float


@dataclass(frozen=True)
class Choice:
    """The candidate to train, and the next larger one that was tried and takes too long, if there is one."""

    taken: Timed
    refused: Timed | None = None


def in_words(size: Size) -> str:
    """Return a size as options take it: height, then width."""
    return f"{size[0]}x{size[1]}"


def shape_between(shapes: Sequence[Size]) -> float:
    """Return the width over the height that lies in the middle of several shapes, so that none is squeezed most."""
    return math.prod(width / height for height, width in shapes) ** (1 / len(shapes))


def size_of_shape(shorter: int, shape: float) -> Size:
    """Return the size with this shorter side that is nearest to ``shape`` (width over height), in multiples of 8."""
    longer = max(shorter, MULTIPLE * round(shorter * max(shape, 1 / shape) / MULTIPLE))
    return (shorter, longer) if shape >= 1 else (longer, shorter)


def sizes_within(shapes: Sequence[Size], margin: float = MARGIN) -> tuple[Size, ...]:
    """Return the sizes to try for footage of these shapes (height, width): of its shape, none of them enlarged.

    ``margin`` is the side of the frames over that of the window that is cut from them. There is always a size.
    """
    shape, shortest = shape_between(shapes), min(min(size) for size in shapes)
    sides = [side for side in SHORTER_SIDES if side * margin <= shortest] or [SHORTER_SIDES[0]]
    return tuple(size_of_shape(side, shape) for side in sides)


def longest_step(minutes: float, steps: int = LEAST_STEPS) -> float:
    """Return the seconds that a step may take, for ``steps`` of them to fit into ``minutes``."""
    return 60 * minutes * FOR_STEPS / steps


def choose(
    sizes: Sequence[Size], widths: Sequence[int], seconds: Callable[[Candidate], float], longest: float
) -> Choice:
    """Return the largest size, and at that size the greatest width, whose steps take at most ``longest`` seconds.

    Both ascend. The first size at the first width is taken where nothing is fast enough. ``seconds`` is asked for each
    candidate once, from the smallest on, and for none beyond the first that takes too long.
    """
    first = Candidate(sizes[0], widths[0])
    taken, refused = Timed(first, seconds(first)), None
    steps: dict[str, Sequence[Any]] = {} if taken.seconds > longest else {"size": sizes[1:], "width": widths[1:]}
    for field, larger in steps.items():
        for value in larger:
            candidate = replace(taken.candidate, **{field: value})
            timed = Timed(candidate, seconds(candidate))
            if timed.seconds > longest:
                refused = refused or timed
                break
            taken = timed
    return Choice(taken, refused)


def steps_within(minutes: float, spent: float, seconds: float) -> int:
    """Return the steps of ``seconds`` each that are left of ``minutes`` after ``spent`` seconds; at least one."""
    left = 60 * minutes - spent - (1 - FOR_STEPS) / 2 * 60 * minutes
    return max(1, int(left / seconds))


CHOSEN = ("size", "width", "steps")
"""What is chosen, where it is not given."""
SHORTEST = 50
"""Least steps between sample grids, which take the time of a few steps each."""


@dataclass(frozen=True)
class Planned:
    """A run for so many minutes."""

    config: TrainConfig
    """With size, widths and steps as plain numbers."""
    summary: str
    """What was chosen and why, in one line."""


def plan(
    config: TrainConfig,
    minutes: float,
    given: Collection[str] = (),
    show: Callable[[int, int | None, str], None] | None = None,
    decoding: Decoding | None = None,
) -> Planned:
    """Return ``config`` with the size, width and steps that ``minutes`` of this machine are best spent on.

    Fields named in ``given`` stay as they are. All footage is read into the cache at the chosen size; that, too, takes
    from the minutes. ``show`` is told of the candidates that are timed, ``decoding`` of the footage read.

    Raises:
        InputError: nothing is left to choose, several devices train together, or the data does not allow it.
    """
    _check(config, given)
    start = monotonic()
    frames = first_frames(config, METHODS[config.method_name].clip_length)
    shapes = [(images[0].shape[0], images[0].shape[1]) for images in frames.values()]
    wanted = config.steps if "steps" in given and config.steps else LEAST_STEPS

    def seconds(candidate: Candidate) -> float:
        if monotonic() - start > FOR_TIMING * 60 * minutes:
            return math.inf
        (show or (lambda *_: None))(0, None, f"timing {candidate}")
        return trial_seconds(_with(config, candidate, given), frames, FOR_TIMING / 2 * 60 * minutes)

    choice = choose(_sizes(config, given, shapes), _widths(config, given), seconds, longest_step(minutes, wanted))
    chosen = _with(config, choice.taken.candidate, given)
    step = step_seconds(chosen, decoding, NUM_TRIED, FOR_TIMING / 2 * 60 * minutes)
    steps = wanted if "steps" in given else steps_within(minutes, monotonic() - start, step)
    choice = replace(choice, taken=Timed(choice.taken.candidate, step))
    config = replace(chosen, steps=steps, sample_every=_sample_every(config, given, steps))
    return Planned(config, tell_choice(choice, minutes, steps, wanted, given))


def _check(config: TrainConfig, given: Collection[str]) -> None:
    if set(CHOSEN) <= set(given):
        raise InputError("--minutes: found --size, --width and --steps besides; leave one of them out, or the minutes")
    if config.devices > 1:
        raise InputError(f"--minutes: times one device, found --devices {config.devices}; give --steps instead")
    if "size" not in given and ("load_size" in given or config.frames.resize == "none"):
        found = "--load-size" if "load_size" in given else "--resize none"
        raise InputError(f"--minutes: chooses sizes of the footage's shape, found {found}; give --size besides")


def _sizes(config: TrainConfig, given: Collection[str], shapes: list[Size]) -> tuple[Size, ...]:
    if "size" in given:
        return (config.frames.size,)
    return sizes_within(shapes, MARGIN if scale_of(config.frames).cuts else 1)


def _widths(config: TrainConfig, given: Collection[str]) -> tuple[int, ...]:
    return (config.networks.width,) if "width" in given else WIDTHS


def _with(config: TrainConfig, candidate: Candidate, given: Collection[str]) -> TrainConfig:
    """Return the configuration of a candidate; frames keep their shape, as its size has it."""
    frames, networks = replace(config.frames, size=candidate.size), replace(config.networks, width=candidate.width)
    if "size" not in given:
        resize = config.frames.resize if "resize" in given else "rectangle"
        frames = replace(frames, load_size=None, resize=resize)
    if "discriminator_width" not in given and "width" not in given:
        networks = replace(networks, discriminator_width=candidate.discriminator_width)
    return replace(config, frames=frames, networks=networks)


def _sample_every(config: TrainConfig, given: Collection[str], steps: int) -> int:
    """Return the steps between sample grids: a tenth of all, so that a short run shows early where it goes."""
    return config.sample_every if "sample_every" in given else min(config.sample_every, max(SHORTEST, steps // 10))


def tell_choice(choice: Choice, minutes: float, steps: int, least: int, given: Collection[str]) -> str:
    """Return in one line what was chosen for ``minutes`` and why, with the steps that are expected."""
    taken = choice.taken
    line = f"{minutes:g} minutes: {taken.candidate}, {steps:,} steps of {taken.seconds:.2g} s"
    if choice.refused and choice.refused.seconds < math.inf:
        other = choice.refused
        what = other.candidate.size != taken.candidate.size
        larger = f"frames of {in_words(other.candidate.size)}" if what else f"width {other.candidate.width}"
        line += f"; {larger} would take {other.seconds:.2g} s a step, and leave fewer than {least:,}"
    if steps < LEAST_STEPS and "steps" not in given:
        line += f"; fewer than {LEAST_STEPS:,} steps seldom show the look: give more minutes"
    return line
