"""Batches on the device that trains on them: copied there while it works on others, or cut out of frames kept there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor

from recyclegan.data.cache_entry import Window
from recyclegan.data.sampling import UnpairedClips, as_clips
from recyclegan.domains import Domain
from recyclegan.tensors import Clips, Levels

Kept = Mapping[Domain, Sequence[UInt8[Tensor, "_ _ _ _"]]]
"""The clips of each domain (time, height, width, channels) as they lie on a device."""


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
        """Return windows one behind the other on the device, by way of memory that it can read by itself."""
        shape = (sum(map(len, windows)), *windows[0].shape[1:])
        levels = torch.empty(shape, dtype=torch.uint8, pin_memory=self._stream is not None)
        np.concatenate(windows, out=levels.numpy())
        return levels.to(self._device, non_blocking=True)
