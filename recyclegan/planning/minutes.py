"""A run that fits into so many minutes on this machine: its size, width and steps, found by timing a few steps."""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from time import monotonic

from recyclegan.data.resize import MARGIN, scale_of
from recyclegan.errors import InputError
from recyclegan.methods import METHODS
from recyclegan.pace import Progress, Show
from recyclegan.planning.sizes import (
    ENOUGH_STEPS,
    WIDTHS,
    Candidate,
    Size,
    Timed,
    choose,
    longest_step,
    sizes_within,
    steps_within,
    tell_choice,
)
from recyclegan.planning.step_time import NUM_TRIED, first_frames, step_seconds, trial_seconds
from recyclegan.settings.training import TrainConfig, parts_within

CHOSEN = ("size", "width", "steps")
"""What is chosen, where it is not given."""
FOR_TIMING = 0.1
"""Share of the minutes after which nothing more is timed."""
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
    show: Show | None = None,
    decoding: Progress | None = None,
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
    wanted = config.steps if "steps" in given and config.steps else ENOUGH_STEPS

    def seconds(candidate: Candidate) -> float:
        if monotonic() - start > FOR_TIMING * 60 * minutes:
            return math.inf
        (show or (lambda *_: None))(0, None, f"timing {candidate}")
        return trial_seconds(_with(config, candidate, given), frames, FOR_TIMING / 2 * 60 * minutes)

    choice = choose(*_choices(config, given, shapes), seconds, longest_step(minutes, wanted))
    chosen = _with(config, choice.taken.candidate, given)
    step = step_seconds(chosen, decoding, NUM_TRIED, FOR_TIMING / 2 * 60 * minutes)
    steps = wanted if "steps" in given else steps_within(minutes, monotonic() - start, step)
    choice = replace(choice, taken=Timed(choice.taken.candidate, step))
    chosen = replace(chosen, steps=steps)
    if "sample_every" not in given:  # a tenth of all steps, so that a short run shows early where it goes
        chosen = replace(chosen, sample_every=min(config.sample_every, max(SHORTEST, steps // 10)))
    return Planned(chosen, tell_choice(choice, minutes, steps, wanted, given))


def _check(config: TrainConfig, given: Collection[str]) -> None:
    if set(CHOSEN) <= set(given):
        raise InputError("--minutes: found --size, --width and --steps besides; leave one of them out, or the minutes")
    if config.devices > 1:
        raise InputError(f"--minutes: times one device, found --devices {config.devices}; give --steps instead")
    if "size" not in given and ("load_size" in given or config.frames.resize == "none"):
        found = "--load-size" if "load_size" in given else "--resize none"
        raise InputError(f"--minutes: chooses sizes of the footage's shape, found {found}; give --size besides")


def _choices(
    config: TrainConfig, given: Collection[str], shapes: list[Size]
) -> tuple[tuple[Size, ...], tuple[int, ...]]:
    """Return the sizes and the widths that there are to choose from."""
    margin = MARGIN if scale_of(config.frames).cuts else 1
    sizes = (config.frames.size,) if "size" in given else sizes_within(shapes, margin)
    return sizes, (config.networks.width,) if "width" in given else WIDTHS


def _with(config: TrainConfig, candidate: Candidate, given: Collection[str]) -> TrainConfig:
    """Return the configuration of a candidate; frames keep their shape, as its size has it."""
    frames, networks = replace(config.frames, size=candidate.size), replace(config.networks, width=candidate.width)
    if "size" not in given:
        resize = config.frames.resize if "resize" in given else "rectangle"
        frames = replace(frames, load_size=None, resize=resize)
    if "discriminator_width" not in given and "width" not in given:
        networks = replace(networks, discriminator_width=candidate.discriminator_width)
    parts = config.progressive
    if "progressive" not in given:
        parts = parts_within(parts, candidate.size, networks)
    return replace(config, frames=frames, networks=networks, progressive=parts)
