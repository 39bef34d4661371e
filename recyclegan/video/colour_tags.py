"""RGB to and from the colour formats of videos.

RGB is full range everywhere in the project. What a video states about its matrix and range is obeyed. A video that
states nothing is limited range, BT.709 from 720 lines upward or 1280 columns, else BT.601, as players take it. High
dynamic range (PQ, HLG) is read as it is coded, without tone mapping.

Colours of pictures whose files hold a colour profile, brought to sRGB.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from PIL import Image as Pillow
from PIL import ImageCms

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.files import digest_of
from recyclegan.notes import notify

_STEPS = 9
_ALIKE = 1
"""Levels by which a profile may differ from sRGB and still be taken for it, so that its colours stay exact."""
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def to_srgb(picture: Pillow.Image, profile: bytes | None, name: str) -> Pillow.Image:
    """Return a picture with its colours in sRGB; without a profile, or with one that is sRGB, it stays as it is.

    A profile that cannot be read, or is not for such pictures, is passed over; the first time, that is told.
    """
    if not profile:
        return picture
    fit = picture if picture.mode in _SPACES else picture.convert("RGB")
    if fit.mode == "L" and _space(profile) == "RGB":
        fit = fit.convert("RGB")
    transform = _transform(profile, fit.mode)
    if isinstance(transform, str):
        notify(f"{name}: its colour profile is passed over ({transform})", about=digest_of(profile))
        return picture
    return ImageCms.applyTransform(fit, transform) or fit if transform else picture


@lru_cache(maxsize=64)
def _space(profile: bytes) -> str:
    """Return what kind of colours a profile is for: ``RGB``, ``GRAY``, ``CMYK``; an empty string if it is damaged."""
    try:
        return str(ImageCms.ImageCmsProfile(BytesIO(profile)).profile.xcolor_space).strip()
    except Exception:
        return ""


@lru_cache(maxsize=64)
def _transform(profile: bytes, mode: str) -> Any:
    """Return the way from a profile to sRGB, None where there is nothing to change, or in words why there is none."""
    if _space(profile) != _SPACES[mode]:
        return f"it is for {_space(profile) or 'no known'} colours, the picture is {mode}"
    try:
        found = ImageCms.ImageCmsProfile(BytesIO(profile))
        transform = ImageCms.buildTransform(found, ImageCms.createProfile("sRGB"), mode, "RGB")
        return transform if _changes(transform, mode) else None
    except Exception as error:
        return " ".join(str(error).split()) or type(error).__name__


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Return whether a transform moves colours by more than rounding does."""
    if mode == "CMYK":
        return True
    steps = np.linspace(0, 255, _STEPS if mode == "RGB" else 256).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(_STEPS, -1, 3) if mode == "RGB" else steps[None]
    before = Pillow.fromarray(grid)
    after = ImageCms.applyTransform(before, transform)
    assert after is not None
    return int(np.abs(np.asarray(after).astype(int) - np.asarray(before.convert("RGB"))).max()) > _ALIKE


_CAREFUL = (
    Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)
_RGB_MATRIX = 0
_UNSTATED_MATRICES = frozenset({0, 2, 3})
"""Of frames that are not RGB: "RGB" (a mistake of the file), "unspecified" and "reserved"."""
_KNOWN_MATRICES = frozenset({1, 4, 5, 6, 7, 9})
"""Those that can be undone: BT.709, FCC, BT.601 twice, SMPTE 240M, and BT.2020 without constant luminance."""
_NAMES_OF_OTHERS = {8: "YCgCo", 10: "BT.2020 with constant luminance", 14: "ICtCp", 16: "YCgCo-R", 17: "YCgCo-R"}


class ColourConverter:
    """Converts frame after frame; one instance serves one video, which errors name by ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reformatter = VideoReformatter()

    def to_rgb(self, frame: av.VideoFrame) -> Image:
        """Return a decoded frame as RGB, not yet turned upright.

        Raises:
            InputError: the frame states a colour matrix that cannot be undone.
        """
        converted = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=_assumed_matrix(self._path, frame),
            dst_color_range=ColorRange.JPEG,
            interpolation=_CAREFUL,
        )
        return converted.to_ndarray()

    def from_rgb(self, image: Image, pixel_format: str, matrix: Colorspace = Colorspace.ITU709) -> av.VideoFrame:
        """Return an RGB image as a frame for an encoder: by the matrix at limited range, or RGB or grey as it is."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        if is_rgb(pixel_format):
            return self._reformatter.reformat(frame, format=pixel_format)
        return self._reformatter.reformat(
            frame,
            format=pixel_format,
            dst_colorspace=matrix,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_CAREFUL,
        )


def is_rgb(pixel_format: str) -> bool:
    """Return whether a pixel format stores red, green and blue themselves."""
    return av.VideoFormat(pixel_format).is_rgb


def state_colours(context: av.VideoCodecContext, pixel_format: str) -> None:
    """Write into an encoder what :meth:`ColourConverter.from_rgb` produces, so that players undo the same matrix."""
    rgb = is_rgb(pixel_format)
    context.colorspace = _RGB_MATRIX if rgb else Colorspace.ITU709
    context.color_range = ColorRange.JPEG if rgb else ColorRange.MPEG
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709


def _assumed_matrix(path: Path, frame: av.VideoFrame) -> Colorspace | None:
    """Return the matrix of a frame that states none, None for one that does."""
    if frame.format.is_rgb or frame.colorspace in _KNOWN_MATRICES:
        return None
    if frame.colorspace not in _UNSTATED_MATRICES:
        name = _NAMES_OF_OTHERS.get(frame.colorspace, f"number {frame.colorspace}")
        raise InputError(f"{path}: states the colour matrix {name}, which cannot be undone; re-encode it in BT.709")
    return unstated_matrix(frame.height, frame.width)


def unstated_matrix(height: int, width: int) -> Colorspace:
    """Return the matrix that players take frames of a size for, where nothing states one."""
    return Colorspace.ITU709 if height >= 720 or width >= 1280 else Colorspace.ITU601
