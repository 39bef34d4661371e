"""What contenders' translations look like: frames of the same moments side by side, and films in step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image, Picture
from recyclegan.checkpoint import load_card
from recyclegan.comparison.entry import Entry
from recyclegan.data import Resize, find_clips
from recyclegan.domains import Direction, source_domain
from recyclegan.evaluation.footage import PairedClip, pair_clips
from recyclegan.labels import LABEL_SETS, LabelSet, colourize
from recyclegan.pages.grids import Band, Row, sheet
from recyclegan.video import write_video

NUM_CLIPS = 3
PANEL_WIDTH = 256
FILM_FRAMES = 90
RATE = Fraction(15)


@dataclass(frozen=True)
class Column:
    """What stands under a heading: the frames of every held-out clip."""

    heading: str
    frames: Mapping[str, Callable[[], Iterator[Image]]]
    """By the clip's name."""


def columns(entries: Sequence[Entry], way: Direction) -> list[Column]:
    """Return the source, the first finished run of each contender, and the true label maps, where they are known."""
    shown = list({entry.contender: entry for entry in reversed(entries)}.values())[::-1]
    source = find_clips(shown[0].footage("val", source_domain(way)))
    found = [
        Column("source", {clip.name: clip.images for clip in source}),
        *(Column(one.contender, {clip.name: clip.images for clip in find_clips(one.translated(way))}) for one in shown),
    ]
    return [*found, *_truth(shown[0], way)]


def contact_sheet(entries: Sequence[Entry], way: Direction) -> Picture:
    """Return the middle frame of the first clips, the source to the left of every contender's translation."""
    shown = columns(entries, way)
    rows = []
    for clip in find_clips(entries[0].footage("val", source_domain(way)))[:NUM_CLIPS]:
        middle = clip.num_frames // 2
        panels = [_panel(next(islice(column.frames[clip.name](), middle, None))) for column in shown]
        rows.append(Row(panels, f"{clip.name}, frame {middle}"))
    return sheet([Band([column.heading for column in shown], rows)])


def film(entries: Sequence[Entry], way: Direction, path: Path) -> list[str]:
    """Write a video of the first clip, all columns side by side; return their headings."""
    shown = columns(entries, way)
    clip = next(iter(shown[0].frames))
    frames = zip(*(islice(column.frames[clip](), FILM_FRAMES) for column in shown), strict=True)
    write_video(path, (np.concatenate([_panel(image) for image in row], axis=1) for row in frames), RATE)
    return [column.heading for column in shown]


def _truth(entry: Entry, way: Direction) -> Iterator[Column]:
    """Yield the true label maps of the source, where they are known and the contenders write label maps."""
    told, truth = entry.judging.evaluation.labels, entry.judging.truth
    if told is None or truth is None or not load_card(entry.config.out / f"{way}.safetensors").palette:
        return
    domain, labels = source_domain(way), LABEL_SETS[told]
    pairs = pair_clips(entry.translated(way), entry.footage("val", domain), truth / domain.upper(), labels)
    if all(pair.truth and pair.truth.tells_classes for pair in pairs):
        yield Column("truth", {pair.source.name: partial(_label_maps, pair, labels) for pair in pairs})


def _label_maps(pair: PairedClip, labels: LabelSet) -> Iterator[Image]:
    assert pair.truth is not None
    return (colourize(known.classes, labels) for known in pair.truth.frames(pair.size))


def _panel(image: Image) -> Picture:
    """Return an image brought to the width of a panel, in even numbers of pixels."""
    height, width = image.shape[:2]
    size = max(2, round(height * PANEL_WIDTH / width / 2) * 2), PANEL_WIDTH
    return Resize("rectangle", *size)(image, is_label=width < PANEL_WIDTH)
