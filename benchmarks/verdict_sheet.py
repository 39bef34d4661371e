"""The picture in docs/verdict.md: a drive by day, five nights made by hand of the same drive, and each one's verdict.

``python benchmarks/verdict_sheet.py docs/images/verdict.jpg``
"""

import sys
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recyclegan.arrays import Image
from recyclegan.roadworld import Drive
from recyclegan.verdict import judge
from recyclegan.video import write_image
from tests.verdict.outputs import OUTPUTS

WIDTH, HEIGHT, WORDS, GAP = 384, 192, 96, 12
SIZE = (128, 256)
BEFORE, AFTER = "day", "night"


def cell(image: Image, title: str, words: str) -> Pillow.Image:
    """Return a picture under its heading, with words below it."""
    sheet = Pillow.new("RGB", (WIDTH, 28 + HEIGHT + WORDS), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((0, 2), title, fill="black", font=ImageFont.load_default(18))
    sheet.paste(Pillow.fromarray(image).resize((WIDTH, HEIGHT), Pillow.Resampling.BICUBIC), (0, 28))
    lines = textwrap.wrap(words, 58)[:5]
    draw.text((0, 32 + HEIGHT), "\n".join(lines), fill="#222222", font=ImageFont.load_default(13), spacing=3)
    return sheet


def main(out: Path) -> None:
    drives = [Drive(seed, *SIZE, num_frames=20) for seed in range(6)]
    sources, nights = ([drive.image(10, look) for drive in drives[:2]] for look in (BEFORE, AFTER))
    target = [drive.image(10, AFTER) for drive in drives[2:]]
    cells = [cell(sources[0], f"Source: {BEFORE}", "")]
    for name, change in OUTPUTS.items():
        made = [change(image, seed) for seed, image in enumerate(nights, start=1)]
        cells.append(cell(made[0], f"{name.capitalize()} {AFTER}", judge(sources, made, target).sentence))
    rows = [
        np.hstack([np.pad(np.asarray(one), ((0, 0), (0, GAP), (0, 0)), constant_values=255) for one in row])
        for row in (cells[:3], cells[3:])
    ]
    write_image(out, np.pad(np.vstack(rows), ((GAP, 0), (GAP, 0), (0, 0)), constant_values=255))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
