"""What a data set paints for void is no stray colour."""

from pathlib import Path

import numpy as np

from recyclegan.doctor import clip_checks
from recyclegan.labels import CITYSCAPES, colourize
from tests.doctor.world import make_world, survey_of, write_frames


def test_the_void_of_cityscapes_is_of_its_palette(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 19, (8, 8), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    painted = colourize(ids, CITYSCAPES)
    painted[:20], painted[20:24, :30] = (0, 0, 0), (250, 170, 160)
    world = make_world(tmp_path / "data", clips=1)
    for split in ("train", "val"):
        write_frames(world / split / "B" / "maps", [painted] * 4)
        for clip in (world / split / "B").iterdir():
            if clip.name != "maps":
                for file in clip.iterdir():
                    file.unlink()
                clip.rmdir()
    scan = survey_of(world, labels="b")
    assert not list(clip_checks.colours_off_the_palette(scan))
