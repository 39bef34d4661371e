"""Further inputs beside the frames of A: found by name, laid behind the pixels that they are of, refused where not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import LoadSpec, find_clips, index_data, load_data
from recyclegan.data.extra_clips import ClipsWithExtras, with_extras
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.data.resize import Crop, Resize
from recyclegan.data.sampling import UnpairedClips
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, colourize
from recyclegan.roadworld import Drive
from recyclegan.settings.frames import DataConfig
from recyclegan.video import read_image, write_image
from tests.small import make_data, make_frames, picture

CHANNELS = {"depth": 1, "normals": 3}


def extra_data(root: Path, num_frames: int = 4) -> Path:
    """Write a data folder in which depth is the frame itself and normals are its negative."""
    make_data(root)
    for seed, split in ((0, "train"), (1000, "val")):
        make_frames(root / split / "A_extra" / "depth" / "drive", num_frames, seed)
        make_frames(root / split / "A_extra" / "normals" / "drive", num_frames, seed, make=lambda n: 255 - picture(n))
    return root


def load(root: Path, resize: Resize | None = None) -> ClipsWithExtras:
    spec, config = LoadSpec(resize or Resize("none")), DataConfig(cache=root / "cache")
    frames = load_data(root, "train", {"a": spec}, config.cache)["a"]
    return with_extras(root, frames, spec, CHANNELS, config)


def test_each_pixel_has_its_extras_behind_it_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = load(extra_data(tmp_path))
    (clip,) = found.frames.clips
    assert clip.shape == (4, 36, 54, 7)
    window = clip[1:3]
    assert (window[..., :3] == np.stack([picture(1), picture(2)])).all()
    assert (window[..., 4:] == 255 - window[..., :3]).all()
    grey = window[..., :3].astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(window[..., 3] - grey).max() < 1
    assert found.digests.keys() == {"A_extra/depth/drive", "A_extra/normals/drive"}


def test_extras_go_through_scaling_crops_and_mirroring_as_their_pixels_do(tmp_path: Path) -> None:
    frames = load(extra_data(tmp_path), Resize("rectangle", 48, 64)).frames
    clips = UnpairedClips(frames, frames, 1, Crop("rectangle", 24, 32), flip=True, seed=1)
    for step in range(6):
        (window,) = clips.windows(step)["a"]
        assert window.shape == (1, 24, 32, 7)
        assert np.abs(255 - window[..., :3].astype(int) - window[..., 4:]).max() <= 1


def without(root: Path) -> None:
    (root / "train" / "A_extra" / "depth").rename(root / "train" / "A_extra" / "other")


def renamed(root: Path) -> None:
    (root / "train" / "A_extra" / "depth" / "drive").rename(root / "train" / "A_extra" / "depth" / "other")


def shorter(root: Path) -> None:
    (root / "train" / "A_extra" / "depth" / "drive" / "frame_003.png").unlink()


def smaller(root: Path) -> None:
    for path in (root / "train" / "A_extra" / "depth" / "drive").iterdir():
        write_image(path, read_image(path)[::2, ::2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, "A_extra/depth: no such folder; put depth of the clips of .*train/A there"),
        (renamed, "depth: holds nothing for drive; add it as a video or a folder of that name"),
        (shorter, "drive: has 3 frames for 4 of its clip; expected one for each"),
        (smaller, "drive: is 27x18 and its clip is 54x36; write both in one size"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    change(extra_data(tmp_path))
    with pytest.raises(InputError, match=message):
        load(tmp_path)


def test_roadworld_writes_depth_and_labels_of_the_frames_of_a(tmp_path: Path) -> None:
    world = tmp_path / "world"
    prepare_roadworld(world, 1, 2, (32, 64), ("day", "night"), seed=3, val_clips=1, extra=("depth", "labels"))
    for split in ("train", "val"):
        (clip,) = index_data(world, split, ("a",))["a"]
        beside = {name: find_clips(world / split / "A_extra" / name) for name in ("depth", "labels")}
        assert all([extra.name for extra in extras] == [clip.name] for extras in beside.values())
    drive = Drive(300_000, 32, 64, num_frames=2)
    (depth,), (labels,) = (find_clips(world / "train" / "A_extra" / name) for name in ("depth", "labels"))
    for number, (near, classes) in enumerate(zip(depth.images(), labels.images(), strict=True)):
        assert (classes == colourize(drive[number].classes, VIPER)).all()
        assert np.abs(near[..., 0] - 255 * 8 / (8 + drive.depth(number))).max() <= 0.5
    with pytest.raises(InputError, match="extra: found 'dept', expected depth, labels"):
        prepare_roadworld(tmp_path / "other", 1, 2, (32, 64), extra=("dept",))
