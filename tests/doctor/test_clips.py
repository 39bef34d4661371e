from pathlib import Path

import numpy as np
import pytest

from recyclegan.doctor import clip_checks
from recyclegan.video import write_image
from tests.doctor.world import film, make_world, only, scene, survey_of, write_frames


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_world(tmp_path / "data", clips=1)


def test_nothing_is_found_in_clips_that_move(world: Path) -> None:
    scan = survey_of(world)
    checks = (clip_checks.unreadable_files, clip_checks.frozen_clips, clip_checks.blank_frames, clip_checks.short_clips)
    assert not [finding for check in checks for finding in check(scan)]


def test_every_file_that_cannot_be_read_is_named_and_the_others_are_seen(world: Path) -> None:
    folder = world / "train" / "A"
    (folder / "empty.mp4").write_bytes(b"")
    whole = film(folder / "cut.mkv", scene(5, 60)).read_bytes()
    (folder / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    (folder / "clip-0" / "0003.png").write_bytes(b"no picture")
    cut = (folder / "clip-0" / "0005.png").read_bytes()
    (folder / "clip-0" / "0005.png").write_bytes(cut[: len(cut) // 2])
    scan = survey_of(world)
    messages = " ".join(finding.what for finding in clip_checks.unreadable_files(scan))
    assert len(scan.damaged) == 4
    for name in ("empty.mp4", "cut.mkv", "clip-0/0003.png", "clip-0/0005.png"):
        assert name in messages
    assert {finding.severity for finding in scan.damaged} == {"problem"}
    (left,) = scan.of("train", "a")
    assert left.num_frames == 11
    assert len(left.thumbs) == 10


def test_a_frozen_clip_counts_once(world: Path) -> None:
    film(world / "train" / "A" / "still.mp4", [scene(7)[0]] * 20)
    only(clip_checks.frozen_clips(survey_of(world)), "warning", "train/A/still.mp4", "20 frames", "20 times")


def test_one_frame_is_not_frozen(world: Path) -> None:
    write_frames(world / "train" / "A" / "single", scene(7, 1))
    assert not list(clip_checks.frozen_clips(survey_of(world)))


@pytest.mark.parametrize(("colour", "called"), [((0, 0, 0), "black"), ((20, 200, 20), "one colour (20, 200, 20)")])
def test_a_clip_of_one_colour(world: Path, colour: tuple[int, int, int], called: str) -> None:
    blank = np.broadcast_to(np.uint8(colour), (48, 64, 3)).copy()
    write_frames(world / "train" / "B" / "blank", [blank] * 4)
    scan = survey_of(world)
    only(clip_checks.blank_frames(scan), "problem", "train/B/blank", called, "all 4 frames")
    assert not list(clip_checks.frozen_clips(scan))


def test_a_clip_with_a_long_fade(world: Path) -> None:
    images = scene(8, 8)
    images[:3] = [np.zeros_like(images[0])] * 3
    write_frames(world / "train" / "B" / "fade", images)
    only(clip_checks.blank_frames(survey_of(world)), "note", "train/B/fade", "3 of the 8 frames")


def test_clips_too_short_for_three_frames_in_a_row(world: Path) -> None:
    write_frames(world / "train" / "A" / "pair", scene(7, 2))
    write_frames(world / "val" / "A" / "pair", scene(8, 2))
    finding = only(clip_checks.short_clips(survey_of(world)), "warning", "1 clip in train", "3 frames", "train/A/pair")
    assert "recycle-gan and re-cycle-gan" in finding.what


def test_sizes_of_images_are_read_of_every_frame(world: Path) -> None:
    write_image(world / "train" / "A" / "clip-0" / "0001.png", scene(7, 1, size=(40, 64))[0])
    (view,) = survey_of(world, frames=2).of("train", "a")
    assert dict(view.sizes) == {(48, 64): 11, (40, 64): 1}
