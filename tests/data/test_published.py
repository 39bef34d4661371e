"""VIPER and Cityscapes, as downloaded, become data folders."""

from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import find_clips, index_data
from recyclegan.data.published_folders import prepare_cityscapes, prepare_viper
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, colourize
from recyclegan.video import read_image
from tests.data.downloads import HELD_OUT, SIZE, TRAINED, class_map, write_cityscapes, write_viper, zipped

COUNTS = {"train/A": 2, "train/B": 2, "val/A": 2, "val/B": 2}


def as_downloaded(root: Path, form: str) -> Path:
    return zipped(root, root.with_name(f"{root.name}-zip")) if form == "archives" else root


@pytest.mark.parametrize("form", ["folders", "archives"])
def test_viper_frames_and_labels(tmp_path: Path, form: str) -> None:
    viper = as_downloaded(write_viper(tmp_path / "viper"), form)
    messages: list[tuple[int, int, str]] = []
    prepared = prepare_viper(tmp_path / "out", viper, progress=lambda *news: messages.append(news))
    assert prepared.num_clips == COUNTS
    assert messages[-1][:2] == (len(messages), len(messages))
    for split, sequences in (("train", TRAINED), ("val", HELD_OUT)):
        clips = index_data(tmp_path / "out", split)
        for domain, suffix in (("a", ".jpg"), ("b", ".png")):
            assert [clip.name for clip in clips[domain]] == list(sequences)
            names = [file.name for file in clips[domain][0].files]
            assert names == [f"{sequences[0]}_{number:05d}{suffix}" for number in range(1, 5)]
            assert clips[domain][0].size == SIZE
    painted = read_image(tmp_path / "out/val/B/063/063_00002.png")
    np.testing.assert_array_equal(painted, colourize(class_map(6302), VIPER))


def test_files_are_linked_and_painted_maps_too(tmp_path: Path) -> None:
    viper = write_viper(tmp_path / "viper", painted=True)
    prepare_viper(tmp_path / "out", viper)
    for place, source in {"A": "img/001/001_00001.jpg", "B": "cls/001/001_00001.png"}.items():
        assert (tmp_path / "out/train" / place / source[4:]).samefile(viper / "train" / source)
    prepare_viper(tmp_path / "copied", viper, link=False)
    assert not (tmp_path / "copied/train/A/001/001_00001.jpg").samefile(viper / "train/img/001/001_00001.jpg")


@pytest.mark.parametrize("form", ["folders", "archives"])
def test_the_truth_about_held_out_frames_lies_beside_them(tmp_path: Path, form: str) -> None:
    viper = write_viper(tmp_path / "viper")
    prepare_viper(tmp_path / "out", as_downloaded(viper, form))
    truth = tmp_path / "out/truth/val/A"
    for kind, suffix in (("cls", "png"), ("flow", "npz"), ("flowbw", "npz")):
        assert sorted(folder.name for folder in (truth / kind).iterdir()) == list(HELD_OUT)
        name = f"{kind}/063/063_00003.{suffix}"
        assert (truth / name).read_bytes() == (viper / "train" / name).read_bytes()
    assert {clip.name for clip in find_clips(tmp_path / "out/val/A")} == set(HELD_OUT)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    viper = write_viper(tmp_path / "viper", numbers=range(10, 50, 10), flow=False)
    notes = " | ".join(prepare_viper(tmp_path / "out", viper).notes)
    assert "img: 19 of 21 held-out sequences are not there: 026-029, 040-043, 064-069, 073-077" in notes
    assert "cls: 54 of 56 training sequences are not there" in notes
    assert "frames are 10 apart (the image form)" in notes
    assert "flow: nothing is known about the held-out sequences" in notes
    assert not (tmp_path / "out/truth/val/A/flow").exists()


@pytest.mark.parametrize("form", ["folders", "archives"])
def test_cityscapes_snippets_are_clips(tmp_path: Path, form: str) -> None:
    viper = as_downloaded(write_viper(tmp_path / "viper", flow=False), form)
    cityscapes = as_downloaded(write_cityscapes(tmp_path / "cityscapes"), form)
    prepared = prepare_cityscapes(tmp_path / "out", viper, cityscapes)
    assert prepared.num_clips == {**COUNTS, "train/B": 4}
    assert not any("Cityscapes" in note for note in prepared.notes)
    clips = {split: index_data(tmp_path / "out", split)["b"] for split in ("train", "val")}
    assert [clip.name for clip in clips["train"]] == [
        *("aachen/aachen_000000_000000", "aachen/aachen_000001_000000"),
        *("hanover/hanover_000000_000145", "hanover/hanover_000000_000361"),
    ]
    assert [clip.name for clip in clips["val"]] == ["munster/munster_000000_000000", "munster/munster_000000_000030"]
    for clip in (*clips["train"], *clips["val"]):
        first = int(clip.name[-6:])
        assert [int(file.name.split("_")[2]) for file in clip.files] == list(range(first, first + 30))
    assert (tmp_path / "out/truth/val/A/cls/063/063_00001.png").is_file()


def test_incomplete_snippets_and_single_frames_are_said(tmp_path: Path) -> None:
    viper, cityscapes = write_viper(tmp_path / "viper", flow=False), write_cityscapes(tmp_path / "cityscapes")
    (cityscapes / "leftImg8bit_sequence/train/aachen/aachen_000001_000004_leftImg8bit.png").unlink()
    prepared = prepare_cityscapes(tmp_path / "out", viper, cityscapes)
    assert prepared.num_clips["train/B"] == 5
    assert prepared.notes[-1] == "Cityscapes: 2 snippets have fewer than 30 frames"
    single = write_cityscapes(tmp_path / "single", "leftImg8bit")
    assert "frames are single" in prepare_cityscapes(tmp_path / "again", viper, single).notes[-1]


def test_a_missing_download_is_told(tmp_path: Path) -> None:
    viper = write_viper(tmp_path / "viper", flow=False)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"none: no such folder or zip archive"):
        prepare_viper(tmp_path / "out", tmp_path / "none")
    with pytest.raises(InputError, match=r"empty: holds no img/NNN/NNN_XXXXX of VIPER's training set .*get train_img_"):
        prepare_viper(tmp_path / "out", tmp_path / "empty")
    with pytest.raises(InputError, match=r"empty: holds no leftImg8bit_sequence/train/CITY"):
        prepare_cityscapes(tmp_path / "out", viper, tmp_path / "empty")
    for folder in (viper / "train/cls").iterdir():
        folder.rename(tmp_path / f"cls-{folder.name}")
    with pytest.raises(InputError, match=r"viper: holds no cls/NNN/.*\(sequences: none\); get train_cls_"):
        prepare_viper(tmp_path / "out", viper)
    assert not (tmp_path / "out").exists()
