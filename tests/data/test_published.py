"""VIPER and Cityscapes, laid out as downloaded, become data folders."""

from pathlib import Path

import pytest

from recyclegan.data import index_data
from recyclegan.data.published import prepare_cityscapes, prepare_viper
from recyclegan.errors import InputError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.fixture
def viper(tmp_path: Path) -> Path:
    for split, sequences in (("train", ("001", "002")), ("val", ("063",))):
        for content, suffix in (("img", "jpg"), ("cls", "png")):
            touch(
                *(
                    tmp_path / f"viper/{split}/{content}/{sequence}/{sequence}_{number:05d}.{suffix}"
                    for sequence in sequences
                    for number in range(1, 4)
                )
            )
    return tmp_path / "viper"


def test_viper_frames_and_labels(tmp_path: Path, viper: Path) -> None:
    prepared = prepare_viper(tmp_path / "out", viper)
    assert prepared.num_clips == {"train/A": 2, "train/B": 2, "val/A": 1, "val/B": 1}
    clips = index_data(tmp_path / "out", "train")
    assert [clip.name for clip in clips["b"]] == ["001", "002"]
    assert [file.name for file in clips["a"][0].files] == ["001_00001.jpg", "001_00002.jpg", "001_00003.jpg"]
    assert {file.suffix for clip in clips["b"] for file in clip.files} == {".png"}


def test_cityscapes_scenes_are_clips(tmp_path: Path, viper: Path) -> None:
    root = tmp_path / "cityscapes"
    for split, city in (("train", "aachen"), ("train", "bremen"), ("val", "munster")):
        touch(
            *(
                root / f"leftImg8bit_sequence/{split}/{city}/{city}_00000{scene}_0000{number:02d}_leftImg8bit.png"
                for scene in range(2)
                for number in range(30)
            )
        )
    prepared = prepare_cityscapes(tmp_path / "out", viper, root)
    assert prepared.num_clips == {"train/A": 2, "train/B": 4, "val/A": 1, "val/B": 2}
    clips = index_data(tmp_path / "out", "train")["b"]
    assert [clip.name for clip in clips[:2]] == ["aachen/aachen_000000_leftImg8bit", "aachen/aachen_000001_leftImg8bit"]
    assert {clip.num_frames for clip in clips} == {30}


def test_a_missing_download_is_told(tmp_path: Path, viper: Path) -> None:
    with pytest.raises(InputError, match="img: no such folder; expected VIPER as downloaded"):
        prepare_viper(tmp_path / "out", tmp_path)
    with pytest.raises(InputError, match="train: no such folder; expected Cityscapes as downloaded"):
        prepare_cityscapes(tmp_path / "out", viper, tmp_path)
    assert not (tmp_path / "out").exists()
