"""Grids of pictures: headings over the columns, a caption over each row, small frames enlarged.

Text in pictures, in a font that every machine has.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

import numpy as np
from jaxtyping import UInt8
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from recyclegan.arrays import Picture

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


GAP, MARGIN = 4, 8
BAND_GAP = 24
SMALL = 240
"""Width in pixels below which frames are enlarged, so that there is something to see and headings fit."""
LETTERS_A_COLUMN = 13
"""Height of headings as a share of the column's width: readable, too, where the sheet is fitted to a small screen."""
LEAST_LETTERS, MOST_LETTERS = 14, 48


@dataclass(frozen=True)
class Row:
    """Pictures side by side, and what they show."""

    pictures: Sequence[Picture]
    caption: str = ""


@dataclass(frozen=True)
class Band:
    """Rows whose columns show the same, and the headings that tell what."""

    headings: Sequence[str]
    rows: Sequence[Row]


def sheet(bands: Sequence[Band]) -> Picture:
    """Return one RGB picture of all bands, one above the other, on white.

    Pictures take the height of the first in their row. Where the first of all is narrower than ``SMALL``, all are
    enlarged by the same whole number, pixel by pixel.
    """
    factor = enlargement(bands[0].rows[0].pictures[0])
    content = stacked([_band(band, factor) for band in bands], BAND_GAP)
    return np.pad(content, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), constant_values=255)


def enlargement(picture: Picture) -> int:
    """Return the whole number by which pictures as narrow as this one are enlarged; 1 where it is wide enough."""
    return -(-SMALL // min(SMALL, picture.shape[1]))


def letters_for(width: int) -> int:
    """Return the height of the headings over columns ``width`` pixels wide."""
    return min(max(width // LETTERS_A_COLUMN, LEAST_LETTERS), MOST_LETTERS)


def with_key(picture: Picture, symbol: Picture, texts: Sequence[str], letters: int) -> Picture:
    """Return a picture of a sheet above its key: a symbol, and beside it what it means."""
    width = picture.shape[1] - symbol.shape[1] - 2 * MARGIN - BAND_GAP
    words = paragraphs(texts, max(width, 1), letters)
    key = beside(_of_one_height([symbol, words]), BAND_GAP)
    return stacked([picture, np.pad(key, ((0, MARGIN), (MARGIN, MARGIN), (0, 0)), constant_values=255)], MARGIN)


def stacked(pictures: Sequence[Picture], gap: int = GAP) -> Picture:
    """Return pictures one above the other, on white, ``gap`` pixels apart."""
    width = max(picture.shape[1] for picture in pictures)
    padded = [
        np.pad(_to_width(picture, width), ((0, gap), (0, 0), (0, 0)), constant_values=255) for picture in pictures
    ]
    return np.concatenate(padded)[: -gap or None]


def image_grid(rows: Sequence[Sequence[Picture]], gap: int = GAP) -> Picture:
    """Return one RGB picture of rows of images, each scaled to the height of the first, on white."""
    height = rows[0][0].shape[0]
    return stacked([beside([_as_rgb(image, height) for image in row], gap) for row in rows], gap)


def beside(pictures: Sequence[Picture], gap: int = GAP) -> Picture:
    """Return RGB pictures of one height side by side, white ``gap`` pixels between them."""
    spaced = [np.pad(picture, ((0, 0), (0, gap), (0, 0)), constant_values=255) for picture in pictures]
    return np.concatenate(spaced, axis=1)[:, : -gap or None]


def _band(band: Band, factor: int) -> Picture:
    rows = [[_enlarged(picture, row.pictures[0].shape[0], factor) for picture in row.pictures] for row in band.rows]
    widths = [max(picture.shape[1] for picture in column if picture is not None) for column in zip_longest(*rows)]
    letters = letters_for(widths[0])
    headings = [paragraphs([words], width, letters) for words, width in zip(band.headings, widths, strict=True)]
    parts = [beside(_of_one_height(headings))]
    for row, pictures in zip(band.rows, rows, strict=True):
        strip = beside([_to_width(picture, width) for picture, width in zip(pictures, widths, strict=False)])
        if row.caption:
            parts.append(line_of_text(row.caption, strip.shape[1], letters, SOFT_INK))
        parts.append(strip)
    return stacked(parts)


def _enlarged(picture: Picture, height: int, factor: int) -> Picture:
    return _as_rgb(picture, height).repeat(factor, axis=0).repeat(factor, axis=1)


def _of_one_height(pictures: Sequence[Picture]) -> list[Picture]:
    height = max(picture.shape[0] for picture in pictures)
    missing = [height - picture.shape[0] for picture in pictures]
    return [
        np.pad(picture, ((0, below), (0, 0), (0, 0)), constant_values=255)
        for picture, below in zip(pictures, missing, strict=True)
    ]


def _to_width(picture: Picture, width: int) -> Picture:
    return np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=255)


def _as_rgb(image: Picture, height: int) -> Picture:
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    if image.shape[0] == height:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return np.asarray(PillowImage.fromarray(image).resize((width, height), PillowImage.Resampling.BICUBIC))
