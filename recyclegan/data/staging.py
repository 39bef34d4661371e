"""Batches on the device that trains, made ahead: copied while it works on others, or cut out of frames kept there."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from recyclegan.data.cache import ClipFrames
from recyclegan.data.cache_entry import Window
from recyclegan.data.cuts import LevelClip
from recyclegan.data.eviction import gigabytes
from recyclegan.data.sampling import UnpairedClips, as_clips
from recyclegan.domains import Domain
from recyclegan.errors import InputError
from recyclegan.settings.training import OnDevice
from recyclegan.tensors import Clips, Levels
from recyclegan.threads import compute_alone
from recyclegan.video.reading import made_ahead

Kept = Mapping[Domain, Sequence[UInt8[Tensor, "_ _ _ _"]]]
"""The clips of each domain (time, height, width, channels) as they lie on a device."""
LARGEST_SHARE = 1 / 3
"""Of a device's free memory, what frames may take where nobody said that they should."""
DEPTH = 2
"""Batches that wait at most, while one more is made."""


@dataclass(frozen=True)
class Staged:
    """A batch that is there, or that the device has been asked for."""

    batch: dict[Domain, Clips]
    ready: torch.cuda.Event | None = None
    """What happens on the device when the batch is there; None where it already is."""

    def take(self) -> dict[Domain, Clips]:
        """Return the batch, for work on the current stream; it is the device that waits, not this process."""
        if self.ready is not None:
            for clips in self.batch.values():
                stream = torch.cuda.current_stream(clips.device)
                stream.wait_event(self.ready)
                clips.record_stream(stream)
        return self.batch


class Staging:
    """Brings the batches of a sampler to a device, on CUDA on a stream of its own; the same bits on each way."""

    def __init__(self, clips: UnpairedClips, device: torch.device, kept: Kept | None = None) -> None:
        """Cut windows out of ``kept``, which lie on the device, or else out of the sampler's own frames."""
        self._clips, self._device, self._kept = clips, device, kept
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def stage(self, step: int) -> Staged:
        """Return the batch of a step (from 0) as soon as the device has been asked for it.

        Raises:
            InputError: frames are damaged in the cache, and cannot be decoded anew.
        """
        with self._aside():
            levels = self._cut(step) if self._kept else self._copied(step)
            batch = {domain: as_clips(frames, self._clips.batch_size) for domain, frames in levels.items()}
            return Staged(batch, self._stream.record_event() if self._stream else None)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        if self._stream is None:
            yield
            return
        with torch.cuda.device(self._device), torch.cuda.stream(self._stream):
            yield

    def _cut(self, step: int) -> dict[Domain, Levels]:
        assert self._kept is not None
        cuts = self._clips.cuts(step)
        return {
            domain: torch.cat([cut.of_levels(self._kept[domain][cut.clip]) for cut in cuts[domain]]) for domain in cuts
        }

    def _copied(self, step: int) -> dict[Domain, Levels]:
        return {domain: self._joined(windows) for domain, windows in self._clips.windows(step).items()}

    def _joined(self, windows: Sequence[Window]) -> Levels:
        """Return windows one behind the other on the device, by way of memory that it can read by itself.

        An only window that needs no copying to another device is not copied at all.
        """
        if len(windows) == 1 and self._device.type == "cpu":
            return torch.from_numpy(windows[0])
        shape = (sum(map(len, windows)), *windows[0].shape[1:])
        levels = torch.empty(shape, dtype=torch.uint8, pin_memory=self._stream is not None)
        np.concatenate(windows, out=levels.numpy())
        return levels.to(self._device, non_blocking=True)


def are_kept(choice: OnDevice, num_bytes: int, device: torch.device) -> bool:
    """Return whether frames of so many bytes are kept on a device; by ``auto`` they are where it is CUDA and has room.

    Raises:
        InputError: they should be, and there is not that much memory.
    """
    if choice == "off" or (choice == "auto" and device.type != "cuda"):
        return False
    free = free_bytes(device)
    if choice == "on" and num_bytes > free:
        raise InputError(
            f"--data-on-device on: the frames take {gigabytes(num_bytes)}, and {device} has {gigabytes(free)} free; "
            "take auto or off, or smaller frames"
        )
    return choice == "on" or num_bytes <= LARGEST_SHARE * free


def free_bytes(device: torch.device) -> int:
    """Return how much of a device's memory is free; of one that does not tell, and of a CPU, the machine's."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def num_bytes(clips: UnpairedClips) -> int:
    """Return how much the frames that are drawn from take in levels of 255."""
    return sum(int(np.prod(clip.shape)) for frames in clips.frames.values() for clip in frames.clips)


def keep(clips: UnpairedClips, device: torch.device) -> Kept:
    """Return all frames that are drawn from, on a device, each read and checked once.

    Raises:
        InputError: frames are damaged in the cache, and cannot be decoded anew.
    """
    kept = {domain: [_kept(clip, device) for clip in frames.clips] for domain, frames in clips.frames.items()}
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # other streams read them from now on
    return kept


def _kept(clip: ClipFrames, device: torch.device) -> LevelClip:
    """Return a clip on a device; frame by frame, so that no second copy of it is in memory."""
    kept = torch.empty(clip.shape, dtype=torch.uint8, device=device)
    for number in range(len(clip)):
        kept[number] = torch.from_numpy(np.ascontiguousarray(clip[number : number + 1][0]))
    return kept


def kept_words(num_bytes: int, device: torch.device) -> str:
    """Return in words that frames are kept."""
    return f"all frames are kept on {device}, in {gigabytes(num_bytes)} of its memory (see --data-on-device)"


def _staged(stage: Callable[[int], Staged], first: int, num_steps: int) -> Iterator[tuple[int, Staged]]:
    """Yield the number and the batch of each step, made by a thread that leaves the cores to the training."""
    compute_alone()
    for step in range(first, num_steps):
        yield step, stage(step)


class Prefetched:
    """The batches of consecutive steps, the same whatever the timing: each depends on its step alone.

    What goes wrong while one is made is raised when it is asked for. On leaving the block the thread has ended.
    """

    def __init__(self, stage: Callable[[int], Staged], first: int, num_steps: int) -> None:
        """Make the batches of steps ``first`` to ``num_steps - 1`` by ``stage``, from the first one asked for on."""
        self._batches = made_ahead(_staged(stage, first, num_steps), DEPTH)
        self._start: float | None = None
        self._waited = 0.0

    def __enter__(self) -> "Prefetched":
        return self

    def __exit__(self, *_: object) -> None:
        self._batches.close()

    def batch(self, step: int) -> dict[Domain, Clips]:
        """Return the batch of a step, on the device; steps are asked for one after the other.

        Raises:
            InputError: frames are damaged in the cache, and cannot be decoded anew.
        """
        asked = time.perf_counter()
        made, staged = next(self._batches)
        assert made == step
        batch, now = staged.take(), time.perf_counter()
        if self._start is None:  # nothing could be made ahead of the first one
            self._start = now
        else:
            self._waited += now - asked
        return batch

    @property
    def share_waited(self) -> float:
        """Return the share of the time since the first batch in which steps waited for theirs."""
        since = time.perf_counter() - self._start if self._start is not None else 0.0
        return self._waited / since if since else 0.0
