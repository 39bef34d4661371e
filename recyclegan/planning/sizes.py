"""What is trained in so many minutes: the size of frames and the width of networks that leave enough steps.

Pure functions of the footage's shape and of how long steps take, but for ``shapes_of``. What is squeezed
or not seen at a size is told before any footage is decoded.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from recyclegan.data import index_data
from recyclegan.data.resize import MARGIN, scale_of
from recyclegan.domains import DOMAINS, Domain
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig

LEAST_STEPS = 1200
"""Steps below which the look is seldom whole."""
ENOUGH_STEPS = 2000
"""Steps below which no larger size is worth training: a small one that has them shows more than a large one without.

More minutes buy steps up to this number, then a larger size, then wider networks, then steps again.
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

SQUEEZED = 0.1
"""Change of the width over the height that is worth a word."""
SEEN = 0.6
"""Share of a frame that a window must show to pass without a word."""
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


def size_of_shape(shorter: int, shape: float) -> Size:
    """Return the size with this shorter side that is nearest to ``shape`` (width over height), in multiples of 8."""
    longer = max(shorter, MULTIPLE * round(shorter * max(shape, 1 / shape) / MULTIPLE))
    return (shorter, longer) if shape >= 1 else (longer, shorter)


def sizes_within(shapes: Sequence[Size], margin: float = MARGIN) -> tuple[Size, ...]:
    """Return the sizes to try for footage of these shapes (height, width): none of them enlarged.

    They have the shape that lies in the middle of all, so that none is squeezed most. ``margin`` is the side of the
    frames over that of the window that is cut from them. There is always a size.
    """
    shape = math.prod(width / height for height, width in shapes) ** (1 / len(shapes))
    shortest = min(map(min, shapes))
    sides = [side for side in SHORTER_SIDES if side * margin <= shortest] or [SHORTER_SIDES[0]]
    return tuple(size_of_shape(side, shape) for side in sides)


def longest_step(minutes: float, steps: int = ENOUGH_STEPS) -> float:
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


def tell_choice(choice: Choice, minutes: float, steps: int, least: int, given: Collection[str]) -> str:
    """Return in one line what was chosen for ``minutes`` and why, with the steps that are expected."""
    taken = choice.taken
    line = f"{minutes:g} minutes: {taken.candidate}, {steps:,} steps of {taken.seconds:.2g} s"
    if choice.refused and choice.refused.seconds < math.inf:
        other = choice.refused
        what = other.candidate.size != taken.candidate.size
        larger = f"frames of {in_words(other.candidate.size)}" if what else f"width {other.candidate.width}"
        line += f"; {larger} would take {other.seconds:.2g} s a step, and leave fewer than {least:,}"
    if steps < FOR_STEPS * LEAST_STEPS and "steps" not in given:
        line += f"; fewer than {LEAST_STEPS:,} steps seldom show the whole look: give more minutes"
    return line


def shapes_of(config: TrainConfig) -> dict[Domain, Size]:
    """Return the (height, width) of the first clip of each domain that is trained on; one frame of it is decoded.

    Raises:
        InputError: a folder is missing, or a clip cannot be read.
    """
    frames = config.frames
    found = index_data(config.data, "train", DOMAINS, frames.triplets, frames.reading)
    return {domain: clips[0].size for domain, clips in found.items()}


def notes_on_sizes(shapes: Mapping[Domain, Size], frames: DataConfig) -> list[str]:
    """Return a line for each shape of footage of which much is squeezed, or shown only in small windows."""
    names: dict[Size, str] = {shape: domain.upper() for domain, shape in shapes.items()}
    if len(names) < len(shapes):
        names = dict.fromkeys(names, " and ".join(domain.upper() for domain in shapes))
    return [note for shape, domains in names.items() for note in _notes(domains, shape, frames)]


def _notes(domains: str, shape: Size, frames: DataConfig) -> Iterator[str]:
    """Yield the line of one shape, or none."""
    whole = scale_of(frames).whole.size(*shape)
    height, width = map(min, scale_of(frames).window.size(*whole), whole)
    wider = (whole[1] / whole[0]) / (shape[1] / shape[0])
    seen = height * width / (whole[0] * whole[1])
    squeezed = max(wider, 1 / wider) - 1
    said = []
    if squeezed > SQUEEZED:
        said.append(f"squeezed {'in height' if wider > 1 else 'in width'} by {1 - min(wider, 1 / wider):.0%}")
    if seen < SEEN:
        said.append(f"windows of {in_words((height, width))} cut from them show {seen:.0%} of a frame")
    if said:
        scaled = f"frames of {in_words(shape)} are scaled to {in_words(whole)}"
        yield f"{domains}: {scaled}, {', and '.join(said)}{_remedy(shape, frames)}"


def _remedy(shape: Size, frames: DataConfig) -> str:
    """Return what would keep the shape of frames; nothing where their size does already."""
    height, width = size_of_shape(min(frames.size), shape[1] / shape[0])
    if frames.size == (height, width) and frames.load_size is None:
        return ""
    alone = " without --load-size" if frames.load_size else ""
    return f"; --size {height} {width}{alone} would keep their shape"
