from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import Clip
from recyclegan.doctor import scan
from recyclegan.doctor.doubles import compare, compare_closely, moments_of
from recyclegan.doctor.scan import Colours, count_colours
from tests.doctor.world import film, make_world, scene, survey_of, write_frames


def test_frames_are_spread_from_the_first_to_the_last() -> None:
    assert scan.spread(9, 5) == [0, 2, 4, 6, 8]
    assert scan.spread(3, 64) == [0, 1, 2]
    assert scan.spread(1, 8) == [0]


def test_views_are_named_by_their_place(tmp_path: Path) -> None:
    root = make_world(tmp_path / "data", clips=1, num_frames=2)
    film(root / "train" / "B" / "film.mp4", scene(5, 4))
    names = [view.name for view in survey_of(root).views]
    assert names == ["train/A/clip-0", "train/B/clip-0", "train/B/film.mp4", "val/A/clip-0", "val/B/clip-0"]


def test_thumbnails_are_means_of_the_frame() -> None:
    image = scene(1, 1, size=(64, 96))[0]
    thumb = scan.thumbnail(image)
    expected = image.reshape(32, 2, 32, 3, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(thumb, expected, atol=1)


def test_a_long_video_is_sampled_without_decoding_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film(tmp_path / "train" / "A" / "film.mp4", scene(5, 30), crf=1)
    write_frames(tmp_path / "train" / "B" / "clip", scene(6, 4))
    whole = survey_of(tmp_path, frames=4).of("train", "a")[0]
    monkeypatch.setattr(scan, "LONG", 20)
    monkeypatch.setattr(scan, "FEW", 4)
    monkeypatch.setattr(Clip, "images", None)
    sought = survey_of(tmp_path, frames=30).of("train", "a")[0]
    assert sought.places == whole.places == (0, 10, 19, 29)
    np.testing.assert_array_equal(sought.thumbs, whole.thumbs)


def test_a_clip_matches_itself_frame_by_frame(tmp_path: Path) -> None:
    root = make_world(tmp_path / "data", clips=2)
    one, other = (moments_of(view) for view in survey_of(root).of("train", "a"))
    assert compare(one, one).num_same == 12
    assert compare(one, one).difference == 0
    assert compare(one, other).num_same == 0
    assert compare_closely(one, one).num_same == compare_closely(one, one).num_compared == 3
    assert compare_closely(one, other).num_same == 0


def test_colours_of_frames_add_up() -> None:
    flat = np.zeros((20, 20, 3), np.uint8)
    flat[:, 10:] = (128, 64, 128)
    colours = count_colours(flat)
    assert (colours.num_pixels, colours.num_distinct, colours.num_bright) == (19 * 19, 2, 19 * 9)
    assert colours.flatness == 1
    assert colours.exact["viper"] == colours.num_pixels
    assert colours.near["viper"] == colours.num_bright
    both = colours + count_colours(np.full((20, 20, 3), 77, np.uint8))
    assert both.num_distinct == 3
    assert both.num_pixels == 2 * colours.num_pixels
    assert both.common[128, 64, 128] == 19 * 9
    assert colours + Colours() == colours


def test_noise_is_not_flat() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    assert count_colours(noise).flatness < 0.01
