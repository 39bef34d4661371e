"""Image files as 8-bit RGB arrays: one door in, one door out."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.paths import AnyPath, as_path
from recyclegan.video.colour_tags import to_srgb

FORMATS = {
    ".bmp": "BMP",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pgm": "PPM",
    ".png": "PNG",
    ".ppm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
IMAGE_SUFFIXES = frozenset(FORMATS)
BACKGROUND = (0, 0, 0)
"""What transparent pixels are laid on."""

_READ_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Of all that Pillow knows: others run programs (PostScript), or are no pictures."""
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_DEEPEST = 65535
_SIDEWAYS = (5, 6, 7, 8)
"""EXIF orientations that swap height and width."""
_ORIENTATION = 274
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
}


@contextmanager
def open_picture(source: Path | BufferedIOBase, name: str = "") -> Iterator[Pillow.Image]:
    """Yield an image file as Pillow opens it, to be decoded inside the block; the one door for image files.

    ``name`` is what errors call it, by default its path.

    Raises:
        InputError: the file is missing, damaged, no image, or no single picture, whatever the library raises.
    """
    name = name or str(source)
    try:
        if isinstance(source, Path) and not stat.S_ISREG(source.stat().st_mode):
            raise InputError(f"{name}: is no file; name an image file")
        with Pillow.open(cast(Path | IO[bytes], source), formats=_READ_FORMATS) as picture:
            _refuse_several(picture)
            yield picture
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file; check the path") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{name}: not an image; expected one of {', '.join(sorted(IMAGE_SUFFIXES))}") from error
    except Exception as error:
        raise InputError(
            f"{name}: cannot be read as an image ({_reason(error)}); replace or remove the file"
        ) from error


def read_image(path: AnyPath, as_labels: bool = False) -> Image:
    """Return an image file as RGB, turned upright as its EXIF orientation asks.

    Palettes are looked up, grey is repeated, 16 bits are rounded to 8, transparent pixels become black, and colours are
    brought to sRGB from the profile in the file. ``as_labels`` is for label maps: profiles are passed over, and more
    than 8 bits are refused.

    Raises:
        InputError: the file is missing, damaged, no image, no single picture, or a label map of more than 8 bits.

    Example:
        >>> read_image("street.png").shape
        (48, 64, 3)
    """
    with open_picture(as_path(path)) as picture:
        return _to_rgb(ImageOps.exif_transpose(picture), str(path), as_labels)


def image_size(path: AnyPath) -> tuple[int, int]:
    """Return the (height, width) that an image file states, turned upright, without decoding it.

    Raises:
        InputError: as for `read_image`.
    """
    with open_picture(as_path(path)) as picture:
        # Pillow decodes a whole PNG to look for EXIF behind the pixels.
        may_be_turned = picture.format != "PNG" or "exif" in picture.info
        sideways = may_be_turned and picture.getexif().get(_ORIENTATION) in _SIDEWAYS
        return (picture.width, picture.height) if sideways else (picture.height, picture.width)


def write_image(path: AnyPath, image: Image, comment: str = "") -> None:
    """Write an RGB (or, with one channel, a grey) image; the suffix of ``path`` names the format.

    PNG, BMP, TIFF and WebP keep every level; JPEG is written at quality 95 without chroma subsampling. A PNG can hold a
    comment, which ``read_comment`` returns.

    Raises:
        InputError: the suffix names no image format, the format cannot hold the image, or ``path`` cannot be written.

    Example:
        >>> write_image("mirrored.png", read_image("street.png")[:, ::-1])
    """
    path = as_path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path}: {suffix or 'no suffix'} is no image format; use .png or .jpg")
    options = dict(_SAVE_OPTIONS.get(FORMATS[suffix], {}))
    if comment:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", comment)
    data = BytesIO()
    try:
        Pillow.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).save(data, FORMATS[suffix], **options)
    except Exception as error:
        raise InputError(f"{path}: cannot be written as {suffix} ({_reason(error)}); use .png") from error
    with whole_file(path) as scratch:
        scratch.write_bytes(data.getbuffer())


def read_comment(path: Path) -> str:
    """Return the comment inside a PNG file; an empty string where there is none, or no such image."""
    try:
        with open_picture(path) as picture:
            return str(picture.info.get("Comment", ""))
    except InputError:
        return ""


def _reason(error: Exception) -> str:
    """Return in one line what a library says, with the kind of the error where that says more than its words."""
    words = " ".join(str(error).split())
    plain = isinstance(error, OSError | SyntaxError | ValueError) and words
    return words if plain else f"{type(error).__name__} {words}".strip()


def _refuse_several(picture: Pillow.Image) -> None:
    """Refuse an animation, or pages of one size: of those only the first would be seen."""
    if picture.format == "TIFF":
        several = _has_second_page(picture)
    else:
        several = picture.format in ("PNG", "WEBP") and getattr(picture, "n_frames", 1) > 1
    if several:
        raise ValueError("it holds several pictures, expected one; write each to a file of its own")


def _has_second_page(picture: Pillow.Image) -> bool:
    """Return whether a TIFF goes on with a picture of the same size; smaller ones are previews."""
    size = picture.size
    try:
        picture.seek(1)
        return picture.size == size
    except EOFError:
        return False
    finally:
        picture.seek(0)


def _to_rgb(picture: Pillow.Image, name: str, as_labels: bool) -> Image:
    if picture.mode == "F":
        raise ValueError("it holds floating point numbers; expected 8 or 16 bits")
    if picture.mode in _DEEP_MODES:
        if as_labels:
            raise InputError(
                f"{name}: holds numbers of 16 bits or more, which cannot be told apart as 8-bit colours; "
                "write class ids as 8-bit grey levels, or paint them in colours"
            )
        return _from_deep(picture)
    refuse_missing_colours(picture)
    opaque = _on_background(picture) if picture.has_transparency_data else picture
    profile = None if as_labels else picture.info.get("icc_profile")
    return np.array(to_srgb(opaque, profile, name).convert("RGB"))


def refuse_missing_colours(picture: Pillow.Image) -> None:
    """Refuse a palette image that uses colours which its palette does not have; Pillow would show them black."""
    if picture.mode != "P":
        return
    last, size = int(np.asarray(picture).max()), len(picture.getpalette() or ()) // 3
    if last >= size:
        raise ValueError(f"it uses colour {last} of a palette of {size} colours, counted from 0")


def _from_deep(picture: Pillow.Image) -> Image:
    """Return grey of 16 bits as RGB."""
    levels = np.asarray(picture).astype(np.int64)
    if levels.min() < 0 or levels.max() > _DEEPEST:
        raise ValueError(f"it holds levels of {levels.min()} to {levels.max()}; expected 0 to {_DEEPEST}")
    if "transparency" in picture.info:
        levels[levels == picture.info["transparency"]] = 0
    grey = (levels / 257).round().astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _on_background(picture: Pillow.Image) -> Pillow.Image:
    """Return a picture whose transparent pixels show the background instead of what lies hidden under them."""
    below = Pillow.new("RGBA", picture.size, (*BACKGROUND, 255))
    return Pillow.alpha_composite(below, picture.convert("RGBA")).convert("RGB")
