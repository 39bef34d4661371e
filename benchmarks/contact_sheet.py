"""Draw frames of videos beside translations: ``python benchmarks/contact_sheet.py OUT.png SOURCE=TRANSLATED ...``.

Each gives ``--frames`` rows, spread evenly over the video: the source to the left, its translation to the right, and
what else is named (SOURCE=TRANSLATED=ANOTHER=...) beside them. ``--headings`` stand over the columns.
"""

import argparse
from itertools import chain
from pathlib import Path

import numpy as np

from recyclegan.evaluation.paired_clips import clips_at
from recyclegan.pages.grids import Band, Row, sheet
from recyclegan.video import write_image


def chosen(place: Path, count: int) -> list[np.ndarray]:
    """Return frames spread evenly over a video or folder of frames, its ends left out."""
    (clip,) = clips_at(place)
    wanted = np.linspace(0, clip.num_frames - 1, count + 2).round().astype(int)[1:-1]
    return [image for index, image in enumerate(clip.images()) if index in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("columns", nargs="+", help="videos or folders of one clip, joined by =")
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--across", type=int, default=1, help="pairs in a row of the sheet")
    parser.add_argument("--headings", nargs="*", default=(), help="words over the columns")
    arguments = parser.parse_args()
    pairs: list[list[np.ndarray]] = []
    for column in arguments.columns:
        pairs += map(list, zip(*(chosen(Path(p), arguments.frames) for p in column.split("=")), strict=True))
    starts = range(0, len(pairs), arguments.across)
    rows = [Row(list(chain(*pairs[start : start + arguments.across]))) for start in starts]
    headings = [*arguments.headings] * arguments.across or [""] * len(rows[0].pictures)
    write_image(arguments.out, sheet([Band(headings, rows)]))


if __name__ == "__main__":
    main()
