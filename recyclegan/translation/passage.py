"""The way of 8-bit images through a generator and back: through Pillow on a CPU, wholly on the device on a GPU."""

import math
import time
from functools import partial

import numpy as np
import torch
from jaxtyping import UInt8

from recyclegan.checkpoint import Card
from recyclegan.data.resize import Resize
from recyclegan.engines.on_device import DevicePath, shown_levels, with_detail
from recyclegan.errors import InputError
from recyclegan.labels import snap
from recyclegan.networks.weights import check_finite
from recyclegan.tensors import Frames, Translated, to_frames, to_images
from recyclegan.translation.computing import Computing
from recyclegan.translation.extras_beside import parted
from recyclegan.translation.kinds import Images, Picture, check_channels, with_channels
from recyclegan.translation.pending import CudaTraffic, Pending

Scaled = UInt8[np.ndarray, "batch scaled_height scaled_width channels_in"]
Shown = UInt8[np.ndarray, "batch height_out width_out channels_out"]

MOST_SCALED = 1 << 25
"""Pixels of a frame at the scale of training, unless it has more by itself: those of 8K."""


class Passage:
    """Brings images to the scale of training, translates them, and brings them back to a size."""

    def __init__(self, card: Card, to_scale: Resize, computing: Computing) -> None:
        self._card, self._to_scale, self._computing = card, to_scale, computing
        self._traffic = CudaTraffic(computing.device) if computing.device.type == "cuda" else None

    def translated(self, frames: Frames) -> Translated:
        """Return frames on the device translated.

        Raises:
            InputError: numbers come out that are not finite, or the device has too little memory.
        """
        translated = self._computing(frames)
        check_finite(translated, self._what)
        return translated

    @torch.inference_mode()
    def begin(self, images: Images, size: tuple[int, int]) -> Pending:
        """Return translations at a (height, width), on which a GPU still works.

        Raises:
            InputError: the number of channels is not what the generator reads, frames would be too large at the scale
                of training, or as ``translated``; on a GPU numbers that are not finite are told where the images are
                asked for.
        """
        self._check_scaled(*images.shape[1:3])
        if self._traffic and not self._card.extras:
            check_channels(images, self._card.channels_in)
            path = DevicePath(self._card, self._to_scale, self._computing)
            return self._traffic.begin(images, lambda there: path(there, size), self._what)
        start = time.perf_counter()
        made = self._on_host(images, size)
        seconds = time.perf_counter() - start
        return Pending(lambda: made, lambda: seconds)

    def settle(self, image: Picture, total: int | None) -> None:
        """Choose by measuring on an image, of the ``total`` that are to be translated, what is to be chosen so."""
        shown = partial(shown_levels, card=self._card)
        self._computing.settle(lambda: to_frames(self._scaled(image[None])), image.shape, total, shown)

    @property
    def _what(self) -> str:
        """Return what errors call translating."""
        return f"translating {self._card.direction} in --precision {self._computing.precision}"

    def _on_host(self, images: Images, size: tuple[int, int]) -> Shown:
        scaled = self._scaled(images)
        frames = to_frames(scaled).to(self._computing.device)
        translated = to_images(self.translated(frames))
        if self._card.palette:
            palette = np.array(self._card.palette)
            translated = np.stack([snap(image, palette) for image in translated])
        to_size = Resize("rectangle", *size)
        made = np.stack([to_size(image, is_label=bool(self._card.palette)) for image in translated])
        return self._with_detail(made, images, scaled) if self._card.detail and scaled.shape[1:3] != size else made

    def _with_detail(self, made: Shown, images: Images, scaled: Scaled) -> Shown:
        """Return translations with the detail that images lost on their way to the scale of training."""
        channels, to_size = self._card.channels_in, Resize("rectangle", *made.shape[1:3])
        seen = with_channels(parted(images, self._card)[0], channels), scaled[..., :channels]
        pictures = made, *(np.stack([to_size(image) for image in some]) for some in seen)
        shown, source, coarse = (torch.from_numpy(some).permute(0, 3, 1, 2) for some in pictures)
        return with_detail(shown, source, coarse, self._card.detail).permute(0, 2, 3, 1).numpy()

    def _scaled(self, images: Images) -> Scaled:
        """Return images at the scale of training, with the channels that the generator reads."""
        frames, *extras = parted(images, self._card)
        scaled = np.stack([self._to_scale(image, is_label=self._card.labels_in) for image in frames])
        beside = [np.stack([self._to_scale(image) for image in extra]) for extra in extras]
        return np.concatenate([with_channels(scaled, self._card.channels_in), *beside], axis=3)

    def _check_scaled(self, height: int, width: int) -> None:
        """Refuse frames that the scale of training would blow up beyond measure."""
        scaled = self._to_scale.size(height, width)
        if math.prod(scaled) > max(MOST_SCALED, height * width):
            raise InputError(
                f"frames of {width}x{height}: would be {scaled[1]}x{scaled[0]} at the scale of training, which is too "
                "large; crop them, or give --scale native"
            )
