import shutil
from pathlib import Path

import pytest

from recyclegan.doctor import split_checks
from tests.doctor.world import make_world, only, scene, severities, survey_of, write_frames


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_world(tmp_path / "data")


def test_a_missing_and_an_empty_domain_are_named(world: Path) -> None:
    shutil.rmtree(world / "train" / "B")
    shutil.rmtree(world / "val" / "A" / "clip-0")
    missing, empty = split_checks.missing_folders(survey_of(world))
    assert str(world / "train" / "B") in missing.what
    assert str(world / "val" / "A") in empty.what
    assert severities([missing, empty]) == ["problem", "problem"]
    assert "put .mp4 files" in empty.remedy


def test_a_folder_of_another_name_is_recognized(world: Path) -> None:
    (world / "train" / "A").rename(world / "train" / "a")
    finding = only(split_checks.missing_folders(survey_of(world)), "problem", "train/A")
    assert finding.remedy.endswith("name it A")


def test_domains_outside_a_split_are_told_of_once(tmp_path: Path) -> None:
    write_frames(tmp_path / "A" / "clip", scene(1, 3))
    write_frames(tmp_path / "B" / "clip", scene(2, 3))
    only(split_checks.missing_folders(survey_of(tmp_path)), "problem", "train: no such folder")


def test_nothing_is_missing_in_a_whole_world(world: Path) -> None:
    scan = survey_of(world)
    checks = (
        split_checks.missing_folders,
        split_checks.no_readable_clip,
        split_checks.nothing_held_out,
        split_checks.unequal_domains,
    )
    assert not [finding for check in checks for finding in check(scan)]


def test_a_world_without_held_out_clips(world: Path) -> None:
    shutil.rmtree(world / "val")
    scan = survey_of(world)
    only(split_checks.nothing_held_out(scan), "warning", str(world / "val"))
    assert not list(split_checks.missing_folders(scan))


def test_a_domain_of_damaged_clips_alone(world: Path) -> None:
    shutil.rmtree(world / "train" / "A")
    (world / "train" / "A").mkdir()
    (world / "train" / "A" / "broken.mp4").write_bytes(b"no video")
    only(split_checks.no_readable_clip(survey_of(world)), "problem", str(world / "train" / "A"))


def test_few_frames_and_few_clips(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = split_checks.few_frames(survey_of(world))
    assert "train/A: holds 36 frames in 3 clips" in a.what
    assert "train/B" in b.what
    monkeypatch.setattr(split_checks, "FEW_FRAMES", 36)
    assert not list(split_checks.few_frames(survey_of(world)))
    monkeypatch.setattr(split_checks, "FEW_FRAMES", 10)
    shutil.rmtree(world / "train" / "A" / "clip-0")
    only(split_checks.few_frames(survey_of(world)), "warning", "train/A: holds 24 frames in 2 clips", "2 scenes")


def test_domains_of_very_different_size(tmp_path: Path) -> None:
    world = make_world(tmp_path / "data", clips=1, num_frames=3)
    write_frames(world / "train" / "A" / "long", scene(9, 57, 1), ".jpg")
    only(split_checks.unequal_domains(survey_of(world)), "note", "train/A holds 20 times as many", "(60 and 3)")


def test_one_clip_a_side_with_nothing_held_out_is_no_alarm(tmp_path: Path) -> None:
    world = make_world(tmp_path / "data", clips=1)
    shutil.rmtree(world / "val")
    finding = only(
        split_checks.nothing_held_out(survey_of(world)), "note", str(world / "val"), "each domain has one clip"
    )
    assert "recyclegan prepare videos" in finding.remedy
