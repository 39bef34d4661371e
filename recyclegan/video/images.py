"""Image files as 8-bit RGB arrays."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.tensors import Image

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})

_SIXTEEN_BIT = ("I", "I;16", "I;16B", "I;16L")
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    ".jpg": {"quality": 95, "subsampling": 0},
    ".jpeg": {"quality": 95, "subsampling": 0},
    ".webp": {"lossless": True},
}


def read_image(path: Path) -> Image:
    """Return an image file as RGB, turned upright as its EXIF orientation asks.

    Palettes are looked up, grey is repeated, 16 bits are rounded to 8, and an alpha channel is dropped.

    Raises:
        InputError: the file is missing, damaged or no image.
    """
    try:
        with Pillow.open(path) as picture:
            return _to_rgb(ImageOps.exif_transpose(picture))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: not an image; expected one of {', '.join(sorted(IMAGE_SUFFIXES))}") from error
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise InputError(f"{path}: cannot be read as an image ({error}); replace or remove the file") from error


def _to_rgb(picture: Pillow.Image) -> Image:
    if picture.mode in _SIXTEEN_BIT:
        levels = np.asarray(picture).astype(np.float32) / 257
        grey = levels.round().clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode == "F":
        raise ValueError("it holds floating point numbers; expected 8 or 16 bits")
    return np.array(picture.convert("RGB"))


def write_image(path: Path, image: Image, comment: str = "") -> None:
    """Write an RGB (or, with one channel, a grey) image; the suffix of ``path`` names the format.

    PNG, BMP, TIFF and WebP keep every level; JPEG is written at quality 95 without chroma subsampling. A PNG can hold a
    comment, which ``read_comment`` returns.

    Raises:
        InputError: the suffix names no image format, or ``path`` cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise InputError(f"{path}: {suffix or 'no suffix'} is no image format; use .png or .jpg")
    picture = Pillow.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    options = dict(_SAVE_OPTIONS.get(suffix, {}))
    if comment:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", comment)
    try:
        with whole_file(path) as scratch:
            picture.save(scratch, **options)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error


def read_comment(path: Path) -> str:
    """Return the comment inside a PNG file; an empty string where there is none, or no such image."""
    try:
        with Pillow.open(path) as picture:
            return str(picture.info.get("Comment", ""))
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return ""
