"""Colours of pictures whose files hold a colour profile, brought to sRGB."""

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from recyclegan.files import digest_of
from recyclegan.notes import tell

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
        tell(f"{name}: its colour profile is passed over ({transform})", about=digest_of(profile))
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
