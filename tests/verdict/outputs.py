"""Outputs made by hand: what a perfect translator would give for a drive, and the same with one thing wrong."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from recyclegan.arrays import Image
from recyclegan.roadworld import Drive

SIZE = (64, 128)
NUM_FRAMES = 20


@lru_cache(maxsize=512)
def frame(seed: int, index: int, look: str) -> Image:
    """Return a frame of a drive in one look."""
    return _drive(seed).image(index, look)


@lru_cache(maxsize=16)
def _drive(seed: int) -> Drive:
    return Drive(seed, *SIZE, num_frames=NUM_FRAMES)


def frames(seeds: range, look: str) -> list[Image]:
    """Return the first and the last frame of drives."""
    return [frame(seed, index, look) for seed in seeds for index in (0, NUM_FRAMES - 1)]


def inverted(image: Image, seed: int = 0) -> Image:
    """Return the negative."""
    return 255 - image


def holed(image: Image, seed: int = 0) -> Image:
    """Return the image with three black holes, each of about a fortieth of the area."""
    rng, out, (height, width) = np.random.default_rng(seed), image.copy(), image.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    for _ in range(3):
        row, column = rng.uniform(0.1, 0.9, 2) * (height, width)
        out[((rows - row) / (0.07 * height)) ** 2 + ((columns - column) / (0.11 * height)) ** 2 < 1] = 2
    return out


def tinted(image: Image, seed: int = 0) -> Image:
    """Return the image in a colour cast, green or purple."""
    cast = (-20, 25, -20) if seed % 2 else (25, -15, 25)
    return (image + np.array(cast)).clip(0, 255).astype(np.uint8)


def mushy(image: Image, seed: int = 0) -> Image:
    """Return the image without its detail."""
    radius = 0.025 * min(image.shape[:2])
    return np.asarray(Pillow.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def checkered(image: Image, seed: int = 0) -> Image:
    """Return the image under a faint checkerboard of single pixels."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return (image + 5 * (-1.0) ** (rows + columns)[..., None]).clip(0, 255).astype(np.uint8)


def perfect(image: Image, seed: int = 0) -> Image:
    """Return the image as it is."""
    return image


OUTPUTS: dict[str, Callable[[Image, int], Image]] = {
    "perfect": perfect,
    "inverted": inverted,
    "holed": holed,
    "tinted": tinted,
    "mushy": mushy,
}
SOURCES: dict[str, Callable[[Image], Image]] = {
    "plain": lambda image: image,
    "dark": lambda image: (0.25 * image).astype(np.uint8),
    "foggy": lambda image: (0.3 * image + 150).astype(np.uint8),
    "noisy": lambda image: (image + np.random.default_rng(0).normal(0, 6, image.shape)).clip(0, 255).astype(np.uint8),
}
"""What a source may look like besides: sources alone, so that the output is as good as before."""
