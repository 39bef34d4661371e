"""Draw videos beside each other as one moving picture: ``python benchmarks/moving_sheet.py OUT.webp VIDEO=VIDEO=...``.

Each word is a row: videos or folders of one clip, in step. ``--headings`` stand over the columns, ``--seconds`` is how
much is shown.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from recyclegan.evaluation.paired_clips import clips_at
from recyclegan.pages.grids import Band, Row, sheet


def shown(place: Path, count: int) -> list[np.ndarray]:
    """Return the first frames of a video or folder of frames."""
    (clip,) = clips_at(place)
    return list(islice(clip.images(), count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("rows", nargs="+", help="videos or folders of one clip, joined by =")
    parser.add_argument("--headings", nargs="*", default=(), help="words over the columns")
    parser.add_argument("--rate", type=float, default=10, help="frames a second of the videos")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--quality", type=int, default=60)
    arguments = parser.parse_args()
    count = max(1, round(arguments.seconds * arguments.rate))
    rows = [[shown(Path(place), count) for place in row.split("=")] for row in arguments.rows]
    headings = [*arguments.headings] or [""] * len(rows[0])
    length = min(len(video) for row in rows for video in row)
    pictures = [
        Image.fromarray(sheet([Band(headings, [Row([video[number] for video in row]) for row in rows])]))
        for number in range(length)
    ]
    duration = round(1000 / arguments.rate)
    options = {"duration": duration, "loop": 0, "quality": arguments.quality, "method": 6, "minimize_size": True}
    pictures[0].save(arguments.out, save_all=True, append_images=pictures[1:], **options)


if __name__ == "__main__":
    main()
