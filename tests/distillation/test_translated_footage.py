"""A folder that any model made teaches: clips pair by name, and what does not fit is named in a line."""

from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import Resize, find_clips
from recyclegan.distillation import learn_from, open_teacher
from recyclegan.errors import InputError
from tests.distillation.small_students import small_student
from tests.small import label_map, make_data, make_frames


def test_clips_pair_by_name_and_a_single_one_under_any_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_frames(tmp_path / "clips" / name, seed=len(name))
    make_frames(tmp_path / "made" / "one", seed=40)
    make_frames(tmp_path / "made" / "two", seed=50)
    teacher, clips = open_teacher(tmp_path / "made"), find_clips(tmp_path / "clips")
    teacher.check(clips)
    for clip, seed in zip(clips, (40, 50), strict=True):
        (wanted,) = [made for made in find_clips(tmp_path / "made") if made.name == clip.name]
        pairs = zip(teacher.translated(clip, Resize("none"), False), wanted.images(), strict=True)
        assert all((made == image).all() for made, image in pairs), seed
    lone = make_frames(tmp_path / "lone" / "whatever")
    open_teacher(lone.parent).check(clips[:1])


def test_names_that_do_not_fit_are_named_in_one_line(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_frames(tmp_path / "clips" / name)
    for name in ("one", "zwei"):
        make_frames(tmp_path / "made" / name)
    with pytest.raises(InputError, match=r"holds nothing named two; nothing is called like its zwei; name") as error:
        open_teacher(tmp_path / "made").check(find_clips(tmp_path / "clips"))
    assert "\n" not in str(error.value)


def test_clips_of_another_length_are_refused(tmp_path: Path) -> None:
    make_frames(tmp_path / "clips" / "one", 4)
    make_frames(tmp_path / "made" / "one", 3)
    with pytest.raises(InputError, match="one has 3 frames, and its source 4"):
        open_teacher(tmp_path / "made").check(find_clips(tmp_path / "clips"))


def test_label_maps_are_seen(tmp_path: Path) -> None:
    make_frames(tmp_path / "clips" / "one")
    make_frames(tmp_path / "made" / "one", make=label_map)
    assert open_teacher(tmp_path / "made").frames(find_clips(tmp_path / "clips")[0]).labels == "b"


def test_a_student_learns_from_a_folder_and_held_out_clips_without_a_pair_are_left_alone(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    make_frames(tmp_path / "made" / "drive", seed=70)
    distilled = learn_from(
        teacher := open_teacher(tmp_path / "made"), small_student(teacher, data, tmp_path / "student", steps=2)
    )
    assert distilled.likeness is not None
    assert np.isfinite(distilled.likeness.shared["psnr"])
