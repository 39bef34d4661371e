"""Text in pictures, in a font that every machine has."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
INK, SOFT_INK = "#1b1d22", "#5d626c"
_WIDE_FONTS = ("DejaVuSans.ttf", "Arial.ttf")
"""Fonts of many systems that know more letters than the one that Pillow brings along."""


@lru_cache
def font_of(size: int) -> Font:
    """Return a font whose letters are ``size`` pixels high: one of the system's, or the one of Pillow."""
    for name in _WIDE_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def fitted(words: str, font: Font, width: float) -> str:
    """Return text that is at most ``width`` pixels wide: what is too long loses its middle."""
    if font.getlength(words) <= width:
        return words
    kept = len(words) - 1
    while kept > 0 and font.getlength(_without_middle(words, kept)) > width:
        kept -= 1
    return _without_middle(words, kept)


def _without_middle(words: str, kept: int) -> str:
    return words[: (kept + 1) // 2] + "…" + words[len(words) - kept // 2 :]


def wrapped(words: str, font: Font, width: float) -> list[str]:
    """Return text as lines of at most ``width`` pixels, broken after words and hyphens; what is wider is fitted."""
    lines = [""]
    for part in re.findall(r"\s*(?:\S+?-+(?=[^\s-])|\S+)", words):
        if lines[-1] and font.getlength(lines[-1] + part) > width:
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip()
    return [fitted(line, font, width) for line in lines]


def paragraphs(texts: Sequence[str], width: int, size: int) -> UInt8[np.ndarray, "height width 3"]:
    """Return texts below each other on white, each on as many lines of ``width`` pixels as it takes."""
    lines = [line for words in texts for line in wrapped(words, font_of(size), width)]
    return np.concatenate([line_of_text(line, width, size) for line in lines])


def line_of_text(words: str, width: int, size: int, colour: str = INK) -> UInt8[np.ndarray, "height width 3"]:
    """Return one line of text on white, ``width`` pixels wide, its letters ``size`` high."""
    canvas = PillowImage.new("RGB", (width, round(1.5 * size)), "white")
    font = font_of(size)
    ImageDraw.Draw(canvas).text((0, size * 0.15), fitted(words, font, width), fill=colour, font=font)
    return np.asarray(canvas)
