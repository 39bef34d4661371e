"""What a teacher made of the frames that are trained on, where a method imitates one."""

from collections.abc import Callable

from recyclegan.data import CachedDomain, DomainFrames, LoadSpec, cached_clips, find_clips
from recyclegan.data.joined_frames import join
from recyclegan.settings.training import TrainConfig

TEACHER = "teacher"
"""The folder beside A and B of what a teacher made of the clips of A."""
Decoding = Callable[[int, int, str], None]
"""Told of (frames decoded, frames in all, clip) while footage is read into the cache."""


def with_teacher(config: TrainConfig, source: CachedDomain, spec: LoadSpec, decoding: Decoding | None) -> DomainFrames:
    """Return the clips of A, each frame with the channels of what the teacher made of it behind its own.

    ``spec`` says how the frames of B are kept; the teacher's are kept alike.

    Raises:
        InputError: the teacher's frames are missing, or do not fit.
    """
    folder, frames = config.data / "train" / TEACHER, config.frames
    clips = find_clips(folder)
    cached = cached_clips([(clip, spec) for clip in clips], frames.cache, frames.cache_bytes, decoding)
    return join(source, CachedDomain(tuple(clip.name for clip in clips), tuple(cached)), str(folder))
