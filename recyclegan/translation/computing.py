"""How a translator computes: engine, precision, batches and memory, as asked for or as measured."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from recyclegan.engines.batches import GrowingBatch
from recyclegan.engines.choosing import HALVES, SHORT, Chooser, engines_for, precisions_for
from recyclegan.engines.devices import growing_batch, measured_together, memory_errors_in_words, tell_of_slow_half
from recyclegan.engines.engines import autocast, make_engine
from recyclegan.errors import InputError
from recyclegan.settings.training import Precision
from recyclegan.settings.translating import EngineChoice, PrecisionChoice
from recyclegan.tensors import Frames, Translated
from recyclegan.tiles.tiled import fits, in_bands, rows_within
from recyclegan.translation.account import Account

Show = Callable[[Translated], Tensor]
"""Makes levels of what an engine returns."""
BATCH, BATCH_ON_GPU = 4, 8
"""Frames translated at once where the batch size is "auto" and nothing is measured."""


class Computing:
    """Runs a generator on its device; ``account`` tells what was chosen, and what it took."""

    def __init__(
        self,
        generator: nn.Module,
        device: torch.device,
        engine: EngineChoice = "torch",
        precision: PrecisionChoice = "32",
        batch_size: int | Literal["auto"] = "auto",
        max_memory: float | None = None,
    ) -> None:
        """Take what is asked for; "auto" is torch, 32 and a few frames until something is measured.

        Raises:
            InputError: one of them is not there, out of range, or not for the others.
        """
        if batch_size != "auto" and batch_size < 1:
            raise InputError(f"batch size: found {batch_size}, expected at least 1")
        if max_memory is not None and not max_memory > 0:
            raise InputError(f"max memory: found {max_memory}, expected gigabytes above 0")
        self.device, self.account = device, Account()
        self.precision: Precision = "32" if precision == "auto" else precision
        self._generator, self._max_memory, self._batch_size = generator, max_memory, batch_size
        self._wanted, self._unmeasured = (engine, precision), self.precision
        self._growing: GrowingBatch | None = None
        self._grown: dict[tuple[int, ...], GrowingBatch] = {}
        self._engine = make_engine("torch" if engine == "auto" else engine, generator, device)
        tell_of_slow_half(device, HALVES.get(self.precision))

    def __call__(self, frames: Frames) -> Translated:
        """Return frames on the device translated, in 32 bits; whether they are finite is not looked at.

        Raises:
            InputError: the device has too little memory, or the engine cannot be used.
        """
        height, width = frames.shape[-2:]
        with memory_errors_in_words(f"a batch of {len(frames)} frames of {width}x{height}"):
            if self._max_memory is None:
                return self._engine(frames, HALVES.get(self.precision)).float()
            return self._within(self._max_memory * 1e9, frames)

    def _within(self, most: float, frames: Frames) -> Translated:
        """Return frames translated in so many bytes: together, one after the other, or in bands of rows."""
        half = HALVES.get(self.precision)
        if fits(self._generator, frames, most):
            return self._engine(frames, half).float()
        if len(frames) > 1:
            return torch.cat([self._within(most, frame[None]) for frame in frames])
        with autocast(self.device.type, half):
            return in_bands(self._generator, frames, rows_within(self._generator, frames, most))

    @property
    def batch_size(self) -> int:
        """Return how many frames are translated at once, unless they are large."""
        if self._batch_size != "auto":
            return self._batch_size
        return BATCH_ON_GPU if self.device.type == "cuda" else BATCH

    @property
    def batch_now(self) -> int:
        """Return how many frames of a video or folder are to be translated at once next."""
        return self._growing.size if self._growing else self.batch_size

    def took(self, frames: int, seconds: float) -> None:
        """Take down in how many seconds a batch was translated; the next one may be larger for it."""
        self.account.add(frames, seconds)
        if self._growing:
            self._growing.took(frames, seconds)

    @torch.inference_mode()
    def settle(self, frame: Callable[[], Frames], size: tuple[int, ...], total: int | None, shown: Show) -> None:
        """Choose by measuring what is "auto", before ``total`` images of a size are translated.

        ``frame`` gives the first of them as the generator reads it, ``shown`` the levels of what it makes. Few images
        are not measured on: that would take longer than it saves. Where memory is bounded, nothing is.
        """
        self.precision, self._growing = self._unmeasured, None
        if (total is not None and total < SHORT) or self._max_memory is not None:
            return
        if "auto" in self._wanted:
            self._choose(frame().to(self.device), total or SHORT, shown)
        if self._batch_size == "auto" and self._engine.grows:
            self._growing = self._grown.setdefault(size, growing_batch(self.device))

    def _choose(self, frame: Frames, total: int, shown: Show) -> None:
        engine, precision = self._wanted
        choice = Chooser(self._generator, self.device, shown).choose(
            frame.expand(measured_together(self.device, frame), -1, -1, -1).contiguous(),
            engines_for(self.device) if engine == "auto" else [engine],
            precisions_for(self.device) if precision == "auto" else [precision],
            total,
        )
        self._engine, self.precision = choice.engine, choice.precision
        self.account.choose(choice.words)
