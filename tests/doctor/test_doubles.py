"""The same footage in two places is found however it was copied; clips that only resemble each other are not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.data.prepare import prepare_videos
from recyclegan.doctor import doubles, examine_data
from tests.doctor.world import film, make_world, only, resized, scene, severities, survey_of, write_frames


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_world(tmp_path / "data")


def test_different_clips_share_nothing(world: Path) -> None:
    assert not list(doubles.shared_footage(survey_of(world)))


def test_the_same_file_in_both_splits(world: Path) -> None:
    film(world / "train" / "A" / "one.mp4", scene(70))
    shutil.copy(world / "train" / "A" / "one.mp4", world / "val" / "A" / "two.mp4")
    finding = only(doubles.shared_footage(survey_of(world)), "problem", "val/A/two.mp4 is train/A/one.mp4")
    assert "byte for byte" in finding.what


def test_frames_copied_to_the_other_split_are_counted(world: Path) -> None:
    (world / "val" / "A" / "some").mkdir()
    for number in (2, 5, 7):
        name = f"{number:04d}.png"
        shutil.copy(world / "train" / "A" / "clip-1" / name, world / "val" / "A" / "some" / name)
    only(doubles.shared_footage(survey_of(world)), "problem", "3 of 3 frames of val/A/some in train/A/clip-1")


def test_an_encoded_and_resized_copy_in_the_other_split(world: Path) -> None:
    film(world / "val" / "A" / "copy.mp4", resized(scene(1), 36, 40), rate=25, crf=33)
    finding = only(doubles.shared_footage(survey_of(world)), "problem", "frames of val/A/copy.mp4 in train/A/clip-1")
    assert "12 of 12" in finding.what


def test_every_fourth_frame_of_a_clip_held_out(world: Path) -> None:
    images = scene(80, 40, speed=2)
    write_frames(world / "train" / "B" / "drive", [image for n, image in enumerate(images) if n % 4 != 2], ".jpg")
    write_frames(world / "val" / "B" / "drive", images[2::4], ".jpg")
    only(doubles.shared_footage(survey_of(world)), "problem", "frames of val/B/drive in train/B/drive")


@pytest.mark.parametrize("kind", ["videos", "frames"])
def test_what_prepare_cuts_from_the_only_clip_is_a_note(tmp_path: Path, kind: str) -> None:
    """The scene moves so slowly that its end resembles what comes before it."""
    slow, clips = [image for image in scene(80, 30, speed=1) for _ in range(4)], []
    for number, images in enumerate((slow, scene(90, 12))):
        place = tmp_path / "given" / f"clip-{number}"
        clips.append(film(place.with_suffix(".mp4"), images) if kind == "videos" else write_frames(place, images))
    prepare_videos(tmp_path / "data", clips[:1], clips[1:])
    finding = only(doubles.shared_footage(survey_of(tmp_path / "data", frames=64)), "note", "only clip of its domain")
    assert "add clips" in finding.remedy
    assert "problem" not in severities(examine_data(tmp_path / "data", (32, 32)))


@pytest.mark.parametrize("held_out", [slice(2, None, 4), slice(10, 16)], ids=["every fourth frame", "a piece"])
def test_a_leak_from_the_only_clip_stays_a_problem(tmp_path: Path, held_out: slice) -> None:
    images = scene(80, 40, speed=2)
    write_frames(tmp_path / "train" / "B" / "drive", images, ".jpg")
    write_frames(tmp_path / "val" / "B" / "drive", [image ^ 1 for image in images[held_out]], ".jpg")
    only(doubles.shared_footage(survey_of(tmp_path)), "problem", "frames of val/B/drive in train/B/drive")


def test_a_piece_that_lies_between_the_sampled_frames(world: Path) -> None:
    images = scene(80, 90, speed=1)
    write_frames(world / "train" / "B" / "drive", images[:40] + images[42:], ".jpg")
    write_frames(world / "val" / "B" / "piece", images[40:42], ".jpg")
    few = survey_of(world, frames=8)
    only(doubles.shared_footage(few), "problem", "frames of val/B/piece in train/B/drive")


def test_a_repeated_clip_of_one_split(world: Path) -> None:
    film(world / "train" / "A" / "again.mp4", scene(1), crf=30)
    only(doubles.shared_footage(survey_of(world)), "warning", "train/A/again.mp4", "train/A/clip-1", "counts twice")


def test_a_clip_in_both_domains(world: Path) -> None:
    film(world / "train" / "B" / "astray.mp4", scene(1), crf=20)
    only(doubles.shared_footage(survey_of(world)), "problem", "A and B show the same footage", "train/B/astray.mp4")


def test_the_same_moments_in_two_looks_are_no_mistake(world: Path) -> None:
    night = [np.uint8(image * (0.2, 0.25, 0.4)) for image in scene(1)]
    write_frames(world / "train" / "B" / "night", night)
    only(doubles.shared_footage(survey_of(world)), "note", "two looks", "train/B/night", "train/A/clip-1")


def test_what_all_frames_have_in_common_makes_no_match(world: Path) -> None:
    for split, seed in (("train", 31), ("val", 32)):
        write_frames(world / split / "A" / "camera", [with_bonnet(image) for image in scene(seed)])
    assert not list(doubles.shared_footage(survey_of(world)))


def with_bonnet(image: Image) -> Image:
    """Return a frame whose lower two thirds are those of a fixed pattern."""
    fixed = scene(999, 1)[0]
    return np.concatenate([image[:16], fixed[16:]])


def test_a_fixed_camera_at_two_times_is_no_copy(world: Path) -> None:
    for split, places in (("train", range(0, 24, 2)), ("val", range(25, 49, 2))):
        write_frames(world / split / "A" / "corner", [passer_by(place) for place in places])
    assert not list(doubles.shared_footage(survey_of(world)))


def passer_by(place: int) -> Image:
    """Return a frame of a place with a white square in it."""
    image = scene(998, 1)[0].copy()
    image[30:40, place : place + 8] = 255
    return image


def test_black_frames_in_common_are_no_leak(world: Path) -> None:
    for split, seed in (("train", 51), ("val", 52)):
        images = scene(seed)
        images[0] = np.zeros_like(images[0])
        write_frames(world / split / "B" / "opening", images)
    assert not list(doubles.shared_footage(survey_of(world)))
