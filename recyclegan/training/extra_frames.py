"""What lies behind the channels of frames of A in training: further inputs, or what a teacher made of them."""

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.data import CachedDomain, Clip, DomainFrames, LoadSpec, cached_clips, find_clips
from recyclegan.data.extra_clips import extra_spec, extras_of, join
from recyclegan.pace import Progress
from recyclegan.settings.extra_inputs import LEFT_OUT, named_in_words
from recyclegan.settings.training import TrainConfig
from recyclegan.tensors import Clips

NamedFrame = tuple[str, Float[Tensor, "1 _ _ _"]]
"""A frame with what it is called."""
TEACHER = "teacher"
"""The folder beside A and B of what a teacher made of the clips of A."""


def note_on_terms(config: TrainConfig) -> tuple[str, ...]:
    """Return a line on terms of b that are left out because frames made of b have no extras; none where none are."""
    names = named_in_words(config.extras.extra)
    terms = [term for term in LEFT_OUT if names and getattr(config.method, term, (0.0, 0.0))[1]]
    return (f"extra: {named_in_words(terms)} of b left out: they translate frames that have no {names}",) * bool(terms)


def with_extra_samples(
    config: TrainConfig,
    split: str,
    clips: Sequence[Clip],
    spec: LoadSpec,
    samples: list[NamedFrame],
    samples_of: Callable[[Sequence[Clip], LoadSpec], Iterator[NamedFrame]],
) -> list[NamedFrame]:
    """Return the samples of ``clips`` of A with their further channels, which ``samples_of`` takes out of other clips.

    Raises:
        InputError: extras are missing, or do not fit.
    """
    for name, channels in config.extras.channels.items():
        extras = extras_of(config.data, split, name, clips, config.frames.reading)
        more = samples_of(list(extras.values()), extra_spec(spec, channels))
        samples = [
            (of, torch.cat([frames, extra], dim=1)) for (of, frames), (_, extra) in zip(samples, more, strict=True)
        ]
    return samples


def with_blank_extras(clips: Clips, channels: int) -> Float[Tensor, "batch time carried height width"]:
    """Return clips with so many channels of mid-grey behind those of each frame."""
    batch, time, _, height, width = clips.shape
    return torch.cat([clips, clips.new_zeros(batch, time, channels, height, width)], dim=2)


def with_teacher(config: TrainConfig, source: CachedDomain, spec: LoadSpec, decoding: Progress | None) -> DomainFrames:
    """Return the clips of A, each frame with the channels of what the teacher made of it behind its own.

    ``spec`` says how the frames of B are kept; the teacher's are kept alike.

    Raises:
        InputError: the teacher's frames are missing, or do not fit.
    """
    folder, frames = config.data / "train" / TEACHER, config.frames
    clips = find_clips(folder)
    cached = cached_clips([(clip, spec) for clip in clips], frames.cache, frames.cache_bytes, decoding)
    return join(source, CachedDomain(tuple(clip.name for clip in clips), tuple(cached)), str(folder))
