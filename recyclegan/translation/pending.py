"""Translations that are under way: on a CPU they are there at once, on a GPU they are fetched when they are wanted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from recyclegan.engines.on_device import DeviceImages, Shown
from recyclegan.networks.weights import refuse_unfinite

HostImages = UInt8[np.ndarray, "batch height width channels"]


@dataclass(frozen=True)
class Pending:
    """Translations of a batch, and the seconds in which the device was busy with them."""

    images: Callable[[], HostImages]
    """Waits for the translations.

    Raises:
        InputError: numbers behind them are not finite.
    """
    seconds: Callable[[], float]
    """Known once the images are."""


class CudaTraffic:
    """Moves images to a GPU and back on streams of their own, so that copies and computing overlap."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._up, self._down = torch.cuda.Stream(device), torch.cuda.Stream(device)

    def send(self, images: HostImages) -> DeviceImages:
        """Return images on the GPU; the stream that computes waits for them, nobody else does."""
        pinned = torch.empty(images.shape, dtype=torch.uint8, pin_memory=True)
        pinned.numpy()[...] = images
        computing = torch.cuda.current_stream(self._device)
        with torch.cuda.stream(self._up):
            there = pinned.to(self._device, non_blocking=True)
        computing.wait_stream(self._up)
        there.record_stream(computing)
        return there

    def begin(
        self, images: HostImages, path: Callable[[DeviceImages], tuple[Shown, Bool[Tensor, ""]]], what: str
    ) -> Pending:
        """Put a batch on its way through ``path`` and back; ``what`` is what errors call it."""
        there = self.send(images)
        begun, ended = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        computing = torch.cuda.current_stream(self._device)
        begun.record(computing)
        made, finite = path(there)
        ended.record(computing)
        back, is_finite, arrived = self._fetch(made, finite)

        def wait() -> HostImages:
            arrived.synchronize()
            refuse_unfinite(bool(is_finite), what)
            return back.numpy()

        return Pending(wait, lambda: begun.elapsed_time(ended) / 1000)

    def _fetch(self, *tensors: Tensor) -> Any:
        """Return copies of tensors in pinned memory, and the event after which they hold them."""
        self._down.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._down):
            copies = [torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True) for tensor in tensors]
            for copy, tensor in zip(copies, tensors, strict=True):
                copy.copy_(tensor, non_blocking=True)
                tensor.record_stream(self._down)
            arrived = torch.cuda.Event()
            arrived.record(self._down)
        return *copies, arrived
