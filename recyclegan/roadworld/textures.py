"""Tileable textures with prefiltered levels, and how they are sampled without flicker."""

from functools import cache

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8

from recyclegan.roadworld.parts import Texture

SIZE = 128
LEVELS = 8
_LEVEL_START = np.cumsum([0] + [(SIZE >> level) ** 2 for level in range(LEVELS)]).astype(np.int32)

Tile = Float[np.ndarray, "size size"]
Samples = Float32[np.ndarray, "pixels"]


def _unit(tile: Tile) -> Tile:
    tile = tile - tile.mean()
    return np.clip(tile / (2 * tile.std()), -1, 1)


def _noise(rng: np.random.Generator, roughness: float, stretch: float = 1.0) -> Tile:
    """Return tileable noise whose amplitude falls with frequency to the power ``roughness``."""
    fy = np.fft.fftfreq(SIZE)[:, None] * stretch
    fx = np.fft.fftfreq(SIZE)[None, :] / stretch
    amplitude = (fx**2 + fy**2 + 1e-4) ** (-roughness / 2)
    return _unit(np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIZE, SIZE))) * amplitude).real)


def _masonry(rng: np.random.Generator, width: int, height: int, shift: int) -> Tile:
    """Return bricks of ``width`` by ``height`` texels, each of its own tone, between dark joints."""
    y, x = np.mgrid[:SIZE, :SIZE]
    row = y // height
    x = (x + (row % 2) * shift) % SIZE
    tones = rng.uniform(-0.6, 1.0, (SIZE // height, SIZE // width))
    joint = (x % width == 0) | (y % height == 0)
    return np.where(joint, -1.0, tones[row, x // width])


def _draw(texture: Texture) -> Tile:
    rng = np.random.default_rng((7, int(texture)))
    match texture:
        case Texture.ASPHALT:
            return _unit(0.6 * _noise(rng, 0.3) + 0.6 * _noise(rng, 1.4))
        case Texture.TILES:
            return 0.8 * _masonry(rng, 16, 16, 0) + 0.2 * _noise(rng, 0.5)
        case Texture.GRASS:
            return _unit(_noise(rng, 0.5, stretch=0.6) + 0.5 * _noise(rng, 1.5))
        case Texture.LEAVES:
            return np.tanh(2.5 * _noise(rng, 1.1))
        case Texture.BRICKS:
            return 0.8 * _masonry(rng, 16, 8, 8) + 0.3 * _noise(rng, 1.5)
        case Texture.STREAKS:
            return _noise(rng, 1.0, stretch=3.0)
        case _:
            return _noise(rng, 1.6)


def _levels(tile: Tile) -> Float[np.ndarray, "texels"]:
    levels = []
    while True:
        levels.append(tile.ravel())
        if len(tile) == 1:
            return np.concatenate(levels)
        tile = tile.reshape(len(tile) // 2, 2, -1, 2).mean(axis=(1, 3))


@cache
def _table() -> Samples:
    return np.concatenate([_levels(_draw(texture)) for texture in Texture]).astype(np.float32)


def sample(
    texture: UInt8[np.ndarray, "pixels"],
    x: Samples,
    y: Samples,
    footprint: Samples,
) -> Samples:
    """Return the texture's value, about -1 to 1, at (x, y) texels, averaged over ``footprint`` texels.

    Bilinear between the texels of the level whose texels are nearest to the footprint in size.
    """
    level = _level(footprint)
    shrink = np.ldexp(np.float32(1), -level)
    x, y = x * shrink - np.float32(0.5), y * shrink - np.float32(0.5)
    left, top = np.floor(x), np.floor(y)
    x -= left
    y -= top
    mask = np.right_shift(SIZE, level) - 1
    start = _LEVEL_START[level] + texture * _LEVEL_START[-1]
    columns, rows = left.astype(np.int32), top.astype(np.int32)
    shift = 7 - level
    first, second = start + ((rows & mask) << shift), start + (((rows + 1) & mask) << shift)
    columns, right = columns & mask, (columns + 1) & mask
    table = _table()
    upper = table.take(first + columns) * (1 - x) + table.take(first + right) * x
    lower = table.take(second + columns) * (1 - x) + table.take(second + right) * x
    return upper + (lower - upper) * y


def _level(footprint: Samples) -> Int[np.ndarray, "pixels"]:
    # The exponent of a float32, rounded at sqrt(2), is its rounded base-2 logarithm; far faster than np.log2.
    exponent = ((footprint * np.float32(2**0.5)).view(np.int32) >> 23) - 127
    return np.clip(exponent, 0, LEVELS - 1)
