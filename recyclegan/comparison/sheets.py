"""What contenders' translations look like: frames of the same moments side by side, and films in step."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from recyclegan.comparison.entry import Entry
from recyclegan.data import Clip, Resize, find_clips
from recyclegan.logs import Picture, image_grid
from recyclegan.tensors import Direction, Image, source_domain
from recyclegan.video import write_video

NUM_CLIPS = 3
PANEL_WIDTH = 256
FILM_FRAMES = 90
RATE = Fraction(15)
HEADING = 18


def columns(entries: Sequence[Entry]) -> list[Entry]:
    """Return the first finished run of each contender."""
    return list({entry.contender: entry for entry in reversed(entries)}.values())[::-1]


def contact_sheet(entries: Sequence[Entry], way: Direction) -> Picture:
    """Return the middle frame of the first clips, the source to the left of every contender's translation."""
    shown = columns(entries)
    rows = []
    for moments in _clips(shown, way):
        middle = moments[0].num_frames // 2
        rows.append([_panel(next(islice(clip.images(), middle, None))) for clip in moments])
    headings = [_heading(name, rows[0][0].shape[1]) for name in names(shown)]
    return np.concatenate([image_grid([headings]), image_grid(rows)])


def film(entries: Sequence[Entry], way: Direction, path: Path, clip: int = 0) -> None:
    """Write a video of one clip: the source and every contender's translation side by side."""
    moments = list(_clips(columns(entries), way))[clip]
    frames = zip(*(islice(clip.images(), FILM_FRAMES) for clip in moments), strict=True)
    write_video(path, (np.concatenate([_panel(image) for image in row], axis=1) for row in frames), RATE)


def names(entries: Sequence[Entry]) -> list[str]:
    """Return the headings of a sheet."""
    return ["source", *(entry.contender for entry in entries)]


def _clips(entries: Sequence[Entry], way: Direction) -> Iterator[list[Clip]]:
    """Yield for each of the first clips the source and its translations."""
    sources = find_clips(entries[0].footage("val", source_domain(way)))[:NUM_CLIPS]
    translated = [{clip.name: clip for clip in find_clips(entry.translated(way))} for entry in entries]
    for source in sources:
        yield [source, *(clips[source.name] for clips in translated)]


def _panel(image: Image) -> Picture:
    """Return an image brought to the width of a panel, in even numbers of pixels."""
    height, width = image.shape[:2]
    size = max(2, round(height * PANEL_WIDTH / width / 2) * 2), PANEL_WIDTH
    return Resize("rectangle", *size)(image, is_label=width < PANEL_WIDTH)


def _heading(words: str, width: int) -> Picture:
    canvas = PillowImage.new("RGB", (width, HEADING), "white")
    ImageDraw.Draw(canvas).text((2, 1), words, fill="black", font=ImageFont.load_default(13))
    return np.asarray(canvas)
