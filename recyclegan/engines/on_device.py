"""From 8-bit images to 8-bit translations wholly on a device, equal to the way through Pillow to a level."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, UInt8
from torch import Tensor

from recyclegan.checkpoint import Card
from recyclegan.data.resampling import resize_levels
from recyclegan.data.resize import Resize
from recyclegan.engines.engines import Network
from recyclegan.tensors import Frames, Translated

DeviceImages = UInt8[Tensor, "batch height width channels"]
DeviceLevels = UInt8[Tensor, "batch channels height width"]
Shown = UInt8[Tensor, "batch height_out width_out channels_out"]

_GREY = (19595, 38470, 7471)
"""Shares of red, green and blue in grey, of 2**16, as Pillow has them."""


@dataclass(frozen=True)
class DevicePath:
    """Images to translations: resized to the scale of training, translated, snapped to the palette, resized back.

    What the scale of training leaves out is put back where the card says how.
    """

    card: Card
    to_scale: Resize
    network: Network

    def __call__(self, images: DeviceImages, size: tuple[int, int]) -> tuple[Shown, Bool[Tensor, ""]]:
        """Return the translations at another (height, width), and whether all numbers behind them are finite."""
        levels = images.permute(0, 3, 1, 2)
        scaled = resize_levels(levels, self.to_scale.size(*levels.shape[-2:]), self.card.labels_in)
        seen = self._seen(scaled)
        translated = self.network(to_signed(seen))
        shown = resize_levels(shown_levels(translated, self.card), size, bool(self.card.palette))
        if self.card.detail and scaled.shape[-2:] != size:
            source = resize_levels(self._seen(levels), size)
            shown = with_detail(shown, source, resize_levels(seen, size), self.card.detail)
        return shown.permute(0, 2, 3, 1).contiguous(), torch.isfinite(translated).all()

    def _seen(self, levels: DeviceLevels) -> UInt8[Tensor, "batch channels_in height width"]:
        """Return levels with the channels that the generator reads."""
        return grey_of(levels) if self.card.channels_in == 1 and levels.shape[1] == 3 else levels


def with_detail(shown: Tensor, source: Tensor, coarse: Tensor, matrix: Sequence[Sequence[float]]) -> Tensor:
    """Return 8-bit translations with what a source shows beyond a coarse version of it, multiplied by a matrix.

    All are UInt8[Tensor, "batch channels height width"] of one height and width.
    """
    detail, rows = (source.float() - coarse.float()).unbind(1), []
    for levels, row in zip(shown.unbind(1), matrix, strict=True):
        made = levels.float()
        for number, channel in zip(row, detail, strict=True):
            made = made.add(channel, alpha=number)
        rows.append(made.round_().clamp_(0, 255).to(torch.uint8))
    return torch.stack(rows, dim=1)


def shown_levels(translated: Translated, card: Card) -> UInt8[Tensor, "batch channels_out height width"]:
    """Return what is shown of translated frames in 8 bits: of label maps colours of their palette only."""
    levels = to_levels(translated)
    return snapped(levels, card.palette) if card.palette else levels


def to_signed(levels: DeviceLevels) -> Frames:
    """Return 8-bit levels as frames in [-1, 1], contiguous."""
    return levels.contiguous().float().div_(127.5).sub_(1)


def to_levels(frames: Translated) -> UInt8[Tensor, "batch channels_out height width"]:
    """Return frames in [-1, 1] as the nearest 8-bit levels."""
    return frames.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def grey_of(levels: UInt8[Tensor, "batch 3 height width"]) -> UInt8[Tensor, "batch 1 height width"]:
    """Return RGB levels in grey, rounded as Pillow rounds them."""
    red, green, blue = (levels[:, place : place + 1].to(torch.int32) * share for place, share in enumerate(_GREY))
    return ((red + green + blue + (1 << 15)) >> 16).to(torch.uint8)


def snapped(
    levels: UInt8[Tensor, "batch 3 height width"], palette: tuple[tuple[int, int, int], ...]
) -> UInt8[Tensor, "batch 3 height width"]:
    """Return levels with each pixel's colour replaced by the nearest one of a palette, the first of equally near."""
    channels = levels.to(torch.int32).unbind(1)
    nearest = torch.zeros_like(channels[0])
    least = torch.full_like(channels[0], torch.iinfo(torch.int32).max)
    for row, colour in enumerate(palette):
        terms = [(channel - level).square_() for channel, level in zip(channels, colour, strict=True)]
        distance = terms[0].add_(terms[1]).add_(terms[2])
        nearest.masked_fill_(distance < least, row)
        least = torch.minimum(least, distance)
    return _colours_on(levels.device, palette)[nearest.long()].permute(0, 3, 1, 2)


@lru_cache(maxsize=8)
def _colours_on(device: torch.device, palette: tuple[tuple[int, int, int], ...]) -> UInt8[Tensor, "colours 3"]:
    """Return the colours on a device, kept there: to copy them would wait for all that it has to do."""
    with torch.inference_mode(False):
        return torch.tensor(palette, dtype=torch.uint8, device=device)
