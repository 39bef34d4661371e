"""An image of three frames side by side is a clip."""

from pathlib import Path

import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.data import LoadSpec, Resize, cached_clips, find_clips, index_data
from recyclegan.errors import InputError
from recyclegan.methods import RecycleGAN
from recyclegan.settings.frames import DataConfig
from recyclegan.training import train
from recyclegan.video import write_image
from tests.small import SIZE, picture, small_config


def write_triplet(path: Path, seed: int = 0) -> list[Image]:
    frames = [picture(seed + number) for number in range(3)]
    write_image(path, np.concatenate(frames, axis=1))
    return frames


def test_each_image_is_a_clip_of_its_three_frames_from_the_left(tmp_path: Path) -> None:
    frames = {name: write_triplet(tmp_path / f"{name}.png", seed) for seed, name in enumerate(("9", "10", "in/1"))}
    clips = find_clips(tmp_path, triplets=True)
    assert [clip.name for clip in clips] == ["9", "10", "in/1"]
    for clip in clips:
        assert (clip.kind, clip.num_frames, clip.size) == ("triplet", 3, (36, 54))
        for image, frame in zip(clip.images(), frames[clip.name], strict=True):
            np.testing.assert_array_equal(image, frame)


def test_without_the_option_they_are_frames(tmp_path: Path) -> None:
    for number in range(2):
        write_triplet(tmp_path / "train" / "A" / f"{number}.png")
    (clip,) = index_data(tmp_path, "train", "a")["a"]
    assert (clip.kind, clip.num_frames, clip.size) == ("frames", 2, (36, 162))
    assert len(index_data(tmp_path, "train", "a", triplets=True)["a"]) == 2


def test_the_cache_tells_a_triplet_from_a_frame(tmp_path: Path) -> None:
    write_triplet(tmp_path / "in" / "1.png")
    spec = LoadSpec(Resize("rectangle", 18, 27))
    for triplets, length in ((False, 1), (True, 3)):
        (clip,) = find_clips(tmp_path / "in", triplets)
        (kept,) = cached_clips([(clip, spec)], tmp_path / "cache")
        assert kept.shape == (length, 18, 27, 3)


def test_an_image_that_cannot_be_cut_in_three_is_told(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png", picture(0, 8, 10))
    (clip,) = find_clips(tmp_path, triplets=True)
    with pytest.raises(InputError, match="is 10x8, expected three frames side by side; 3 must divide the width"):
        list(clip.images())


def test_recycle_gan_trains_on_triplets(tmp_path: Path) -> None:
    for seed, domain in enumerate("AB"):
        for number in range(2):
            write_triplet(tmp_path / "train" / domain / f"{number}.png", 10 * seed + number)
    frames = DataConfig(size=SIZE, triplets=True)
    config = small_config(tmp_path, tmp_path / "run", method=RecycleGAN.Config(), frames=frames, steps=1, save_every=1)
    assert train(config).steps == 1
