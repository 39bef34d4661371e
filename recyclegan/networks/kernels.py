"""Kernels in Triton for what lies between convolutions: instance norm with its activation, and reflected borders.

All of them take and leave tensors whose channels lie side by side in memory (channels-last), add in 32 bits, and add in
the same order every time. Triton reads the source of its functions: whoever checks types at run time leaves them alone.
"""

from typing import no_type_check

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

ELEMENTS = 4096
"""Of a tile that a program works on."""
WIDEST = 64
"""Channels of a tile at most: 128 bytes in half precision."""
PROGRAMS = 512
"""Programs that a sum is split among at most, in all; a large GPU runs as many side by side."""


@triton.jit
@no_type_check
def _collect(x, sums, pixels, channels, per_split, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """Add values and their squares, less those of the first pixel, over a part of the pixels."""
    split, sample = tl.program_id(0), tl.program_id(1)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    x += sample.to(tl.int64) * pixels * channels
    pivot = tl.load(x + channel, mask=inside, other=0.0).to(tl.float32)
    total = tl.zeros([PIXELS, CHANNELS], tl.float32)
    squares = tl.zeros([PIXELS, CHANNELS], tl.float32)
    for start in range(0, per_split, PIXELS):
        pixel = split * per_split + start + tl.arange(0, PIXELS)
        mask = (pixel < pixels)[:, None] & inside[None, :]
        value = tl.load(x + pixel[:, None] * channels + channel[None, :], mask=mask, other=0.0).to(tl.float32)
        value = tl.where(mask, value - pivot[None, :], 0.0)
        total += value
        squares += value * value
    place = sums + (sample * tl.num_programs(0) + split) * 2 * channels + channel
    tl.store(place, tl.sum(total, 0), mask=inside)
    tl.store(place + channels, tl.sum(squares, 0), mask=inside)


@triton.jit
@no_type_check
def _statistics(x, sums, found, pixels, channels, num_splits, eps, SPLITS: tl.constexpr, CHANNELS: tl.constexpr):
    """Make mean and inverse deviation of the sums of all parts."""
    sample = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    split = tl.arange(0, SPLITS)
    mask = (split < num_splits)[:, None] & inside[None, :]
    place = sums + (sample * num_splits + split)[:, None] * 2 * channels + channel[None, :]
    shift = tl.sum(tl.load(place, mask=mask, other=0.0), 0) / pixels
    square = tl.sum(tl.load(place + channels, mask=mask, other=0.0), 0) / pixels
    pivot = tl.load(x + sample.to(tl.int64) * pixels * channels + channel, mask=inside, other=0.0).to(tl.float32)
    variance = tl.maximum(square - shift * shift, 0.0)
    tl.store(found + sample * 2 * channels + channel, pivot + shift, mask=inside)
    tl.store(found + (sample * 2 + 1) * channels + channel, 1.0 / tl.sqrt(variance + eps), mask=inside)


@triton.jit
@no_type_check
def _normalize(
    x, residual, found, y, pixels, channels, slope, RESIDUAL: tl.constexpr, PIXELS: tl.constexpr, CHANNELS: tl.constexpr
):
    """Normalise, activate, and add what is to be added."""
    pixel, sample = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS), tl.program_id(1)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    mean = tl.load(found + sample * 2 * channels + channel, mask=inside, other=0.0)
    inverse = tl.load(found + (sample * 2 + 1) * channels + channel, mask=inside, other=0.0)
    place = sample.to(tl.int64) * pixels * channels + pixel[:, None] * channels + channel[None, :]
    mask = (pixel < pixels)[:, None] & inside[None, :]
    value = (tl.load(x + place, mask=mask, other=0.0).to(tl.float32) - mean[None, :]) * inverse[None, :]
    value = tl.where(value > 0, value, value * slope)
    if RESIDUAL:
        value = value.to(y.dtype.element_ty).to(tl.float32) + tl.load(residual + place, mask=mask, other=0.0).to(
            tl.float32
        )
    tl.store(y + place, value.to(y.dtype.element_ty), mask=mask)


@triton.jit
@no_type_check
def _collect_gradients(
    x, dy, found, sums, pixels, channels, per_split, slope, PIXELS: tl.constexpr, CHANNELS: tl.constexpr
):
    """Add gradients, and gradients times normalised values, over a part of the pixels."""
    split, sample = tl.program_id(0), tl.program_id(1)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    mean = tl.load(found + sample * 2 * channels + channel, mask=inside, other=0.0)
    inverse = tl.load(found + (sample * 2 + 1) * channels + channel, mask=inside, other=0.0)
    start_of = sample.to(tl.int64) * pixels * channels
    total = tl.zeros([PIXELS, CHANNELS], tl.float32)
    products = tl.zeros([PIXELS, CHANNELS], tl.float32)
    for start in range(0, per_split, PIXELS):
        pixel = split * per_split + start + tl.arange(0, PIXELS)
        mask = (pixel < pixels)[:, None] & inside[None, :]
        place = start_of + pixel[:, None] * channels + channel[None, :]
        value = (tl.load(x + place, mask=mask, other=0.0).to(tl.float32) - mean[None, :]) * inverse[None, :]
        gradient = tl.load(dy + place, mask=mask, other=0.0).to(tl.float32)
        gradient = tl.where(value > 0, gradient, gradient * slope)
        total += gradient
        products += gradient * value
    place = sums + (sample * tl.num_programs(0) + split) * 2 * channels + channel
    tl.store(place, tl.sum(total, 0), mask=inside)
    tl.store(place + channels, tl.sum(products, 0), mask=inside)


@triton.jit
@no_type_check
def _means(sums, means, pixels, channels, num_splits, SPLITS: tl.constexpr, CHANNELS: tl.constexpr):
    """Make means of the sums of all parts."""
    sample = tl.program_id(0)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    split = tl.arange(0, SPLITS)
    mask = (split < num_splits)[:, None] & inside[None, :]
    place = sums + (sample * num_splits + split)[:, None] * 2 * channels + channel[None, :]
    one = tl.sum(tl.load(place, mask=mask, other=0.0), 0) / pixels
    other = tl.sum(tl.load(place + channels, mask=mask, other=0.0), 0) / pixels
    tl.store(means + sample * 2 * channels + channel, one, mask=inside)
    tl.store(means + (sample * 2 + 1) * channels + channel, other, mask=inside)


@triton.jit
@no_type_check
def _normalize_gradients(
    x, dy, found, means, dx, pixels, channels, slope, PIXELS: tl.constexpr, CHANNELS: tl.constexpr
):
    """Make the gradient of what was normalised."""
    pixel, sample = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS), tl.program_id(1)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    inside = channel < channels
    mean = tl.load(found + sample * 2 * channels + channel, mask=inside, other=0.0)
    inverse = tl.load(found + (sample * 2 + 1) * channels + channel, mask=inside, other=0.0)
    one = tl.load(means + sample * 2 * channels + channel, mask=inside, other=0.0)
    other = tl.load(means + (sample * 2 + 1) * channels + channel, mask=inside, other=0.0)
    place = sample.to(tl.int64) * pixels * channels + pixel[:, None] * channels + channel[None, :]
    mask = (pixel < pixels)[:, None] & inside[None, :]
    value = (tl.load(x + place, mask=mask, other=0.0).to(tl.float32) - mean[None, :]) * inverse[None, :]
    gradient = tl.load(dy + place, mask=mask, other=0.0).to(tl.float32)
    gradient = tl.where(value > 0, gradient, gradient * slope)
    result = (gradient - one[None, :] - value * other[None, :]) * inverse[None, :]
    tl.store(dx + place, result.to(dx.dtype.element_ty), mask=mask)


@triton.jit
@no_type_check
def _pad(
    x, y, height, width, channels, left, top, padded_height, padded_width,
    of_sample, of_channel, of_row, of_column, PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """Copy each pixel of the padded frame from where its reflection lies."""
    pixel, sample = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS), tl.program_id(1).to(tl.int64)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    mask = (pixel < padded_height * padded_width)[:, None] & (channel < channels)[None, :]
    row, column = tl.abs(pixel // padded_width - top), tl.abs(pixel % padded_width - left)
    row = tl.where(row < height, row, 2 * (height - 1) - row)
    column = tl.where(column < width, column, 2 * (width - 1) - column)
    source = x + sample * of_sample + (row * of_row + column * of_column)[:, None] + channel[None, :] * of_channel
    target = y + sample * padded_height * padded_width * channels + pixel[:, None] * channels + channel[None, :]
    tl.store(target, tl.load(source, mask=mask, other=0.0), mask=mask)


@triton.jit
@no_type_check
def _pad_gradients(
    dy, dx, height, width, channels, left, right, top, bottom, PIXELS: tl.constexpr, CHANNELS: tl.constexpr
):
    """Add the gradients of all pixels of the padded frame that show a pixel: itself, and up to eight reflections."""
    pixel, sample = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS), tl.program_id(1).to(tl.int64)
    channel = tl.program_id(2) * CHANNELS + tl.arange(0, CHANNELS)
    mask = (pixel < height * width)[:, None] & (channel < channels)[None, :]
    row, column = pixel // width, pixel % width
    padded_width = width + left + right
    dy += sample * (height + top + bottom) * padded_width * channels
    total = tl.zeros([PIXELS, CHANNELS], tl.float32)
    for vertical in tl.static_range(3):
        if vertical == 0:
            from_row, is_row = row + top, row >= 0
        elif vertical == 1:
            from_row, is_row = top - row, (row >= 1) & (row <= top)
        else:
            from_row, is_row = 2 * (height - 1) - row + top, (row >= height - 1 - bottom) & (row <= height - 2)
        for horizontal in tl.static_range(3):
            if horizontal == 0:
                from_column, is_column = column + left, column >= 0
            elif horizontal == 1:
                from_column, is_column = left - column, (column >= 1) & (column <= left)
            else:
                from_column = 2 * (width - 1) - column + left
                is_column = (column >= width - 1 - right) & (column <= width - 2)
            place = (from_row * padded_width + from_column)[:, None] * channels + channel[None, :]
            shows = mask & (is_row & is_column)[:, None]
            total += tl.load(dy + place, mask=shows, other=0.0).to(tl.float32)
    place = sample * height * width * channels + pixel[:, None] * channels + channel[None, :]
    tl.store(dx + place, total.to(dx.dtype.element_ty), mask=mask)


def _tile(channels: int) -> tuple[int, int]:
    """Return how many pixels and channels a program works on."""
    wide = min(triton.next_power_of_2(channels), WIDEST)
    return ELEMENTS // wide, wide


def _empty(like: Tensor, height: int, width: int) -> Tensor:
    shape = (*like.shape[:2], height, width)
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def channels_last(frames: Tensor) -> Tensor:
    """Return frames whose channels lie side by side."""
    return frames.contiguous(memory_format=torch.channels_last)


def _sums(kernel, tensors: tuple[Tensor, ...], slope: tuple[float, ...] = ()) -> tuple[Tensor, int]:
    """Return two sums of each channel for each of several parts of the pixels, and the number of parts."""
    batch, channels, height, width = tensors[0].shape
    (pixels, wide), of_frame = _tile(channels), height * width
    blocks = triton.cdiv(channels, wide)
    splits = max(1, min(triton.cdiv(of_frame, pixels), PROGRAMS // (batch * blocks)))
    per_split = triton.cdiv(triton.cdiv(of_frame, splits), pixels) * pixels
    splits = triton.cdiv(of_frame, per_split)
    sums = torch.empty(batch, splits, 2, channels, device=tensors[0].device)
    kernel[(splits, batch, blocks)](*tensors, sums, of_frame, channels, per_split, *slope, PIXELS=pixels, CHANNELS=wide)
    return sums, splits


class NormalizedActivation(torch.autograd.Function):
    """Instance norm, a leaky ReLU of any slope (1: none), and the addition of what a block adds to."""

    @staticmethod
    def forward(ctx, x: Tensor, residual: Tensor | None, slope: float, eps: float) -> Tensor:
        """Return the activated values in the type of ``x``."""
        x, added = channels_last(x), None if residual is None else channels_last(residual)
        batch, channels, height, width = x.shape
        sums, splits = _sums(_collect, (x,))
        found, y = torch.empty(batch, 2, channels, device=x.device), _empty(x, height, width)
        small = min(triton.next_power_of_2(channels), 16)
        _statistics[(batch, triton.cdiv(channels, small))](
            x, sums, found, height * width, channels, splits, eps,
            SPLITS=triton.next_power_of_2(splits), CHANNELS=small,
        )  # fmt: skip
        pixels, wide = _tile(channels)
        _normalize[(triton.cdiv(height * width, pixels), batch, triton.cdiv(channels, wide))](
            x, x if added is None else added, found, y, height * width, channels, slope,
            RESIDUAL=added is not None, PIXELS=pixels, CHANNELS=wide,
        )  # fmt: skip
        ctx.save_for_backward(x, found)
        ctx.slope, ctx.adds = slope, residual is not None
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of ``x`` and of what was added."""
        x, found = ctx.saved_tensors
        dy = channels_last(dy)
        batch, channels, height, width = x.shape
        sums, splits = _sums(_collect_gradients, (x, dy, found), (ctx.slope,))
        means, dx = torch.empty_like(found), _empty(x, height, width)
        small = min(triton.next_power_of_2(channels), 16)
        _means[(batch, triton.cdiv(channels, small))](
            sums, means, height * width, channels, splits, SPLITS=triton.next_power_of_2(splits), CHANNELS=small
        )
        pixels, wide = _tile(channels)
        _normalize_gradients[(triton.cdiv(height * width, pixels), batch, triton.cdiv(channels, wide))](
            x, dy, found, means, dx, height * width, channels, ctx.slope, PIXELS=pixels, CHANNELS=wide
        )
        return dx, dy if ctx.adds else None, None, None


class ReflectedBorder(torch.autograd.Function):
    """Borders of left, right, top and bottom pixels, each smaller than the frame."""

    @staticmethod
    def forward(ctx, x: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
        """Return the padded frames."""
        batch, channels, height, width = x.shape
        left, right, top, bottom = padding
        y = _empty(x, height + top + bottom, width + left + right)
        pixels, wide = _tile(channels)
        of_frame = y.shape[2] * y.shape[3]
        _pad[(triton.cdiv(of_frame, pixels), batch, triton.cdiv(channels, wide))](
            x, y, height, width, channels, left, top, y.shape[2], y.shape[3], *x.stride(),
            PIXELS=pixels, CHANNELS=wide,
        )  # fmt: skip
        ctx.padding, ctx.size = padding, (height, width)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, dy: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of the frames."""
        dy, (height, width) = channels_last(dy), ctx.size
        dx = _empty(dy, height, width)
        pixels, wide = _tile(dy.shape[1])
        _pad_gradients[(triton.cdiv(height * width, pixels), len(dy), triton.cdiv(dy.shape[1], wide))](
            dy, dx, height, width, dy.shape[1], *ctx.padding, PIXELS=pixels, CHANNELS=wide
        )
        return dx, None
