"""VIPER's files are told by their names, and its label maps are painted in its colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from recyclegan.data.archives import DownloadedFile
from recyclegan.data.viper import HELD_OUT, notes_on, put_label_map, split_of, viper_sequences
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, colourize, nearest_class
from recyclegan.published.score_commands import WEATHERS
from recyclegan.video import read_image, write_image
from tests.data.downloads import class_map


def file(path: str) -> DownloadedFile:
    return DownloadedFile(path, Path(path))


def test_files_are_told_by_their_names() -> None:
    names = [
        *("train/img/002/002_00010.jpg", "train_img_00-77_0_jpg/train/img/002/002_00001.jpg", "img/001/001_00001.png"),
        *("train/cls/001/001_00001.png", "train/flowbw/001/001_00001.npz"),
        *(
            "val/img/003/003_00001.jpg",
            "test/img/003/003_00001.jpg",
            "img/003/004_00001.jpg",
            "img/003/._003_00001.jpg",
        ),
    ]
    found = viper_sequences(map(file, names))
    assert {name: list(frames) for name, frames in found["img"].items()} == {"001": [1], "002": [1, 10]}
    assert {kind: list(sequences) for kind, sequences in found.items() if kind != "img"} == {
        "cls": ["001"],
        "flow": [],
        "flowbw": ["001"],
    }


def test_the_published_sequences_are_held_out() -> None:
    assert sorted(number for clips in WEATHERS.values() for number in clips) == sorted(HELD_OUT)
    assert [split_of(sequence) for sequence in ("024", "025", "029", "030", "062", "063", "077")] == [
        *("train", "val", "val", "train", "train", "val", "val")
    ]


def test_what_is_missing_is_said() -> None:
    every = {f"{number:03d}": {1: file("x"), 2: file("y")} for number in range(1, 78)}
    assert notes_on("img", every) == []
    some = {name: frames for name, frames in every.items() if name not in ("005", "040", "041")}
    assert notes_on("img", some) == [
        "img: 2 of 21 held-out sequences are not there: 040-041",
        "img: 1 of 56 training sequences are not there: 005",
    ]
    apart = {name: {10: file("x"), 20: file("y")} for name in every}
    assert "frames are 10 apart (the image form)" in notes_on("img", apart)[0]


@pytest.mark.parametrize("mode", ["ids", "palette of ids", "colours", "palette of colours"])
def test_class_ids_become_colours_and_come_back(tmp_path: Path, mode: str) -> None:
    ids = class_map(3)
    path = tmp_path / "in/001_00001.png"
    write_image(path, ids[..., None] if "ids" in mode else colourize(ids, VIPER))
    if mode.startswith("palette"):
        with Pillow.open(path) as plain:
            kinds = {"L": Pillow.Palette.WEB, "RGB": Pillow.Palette.ADAPTIVE}
            picture = plain.convert("P", palette=kinds[plain.mode])
        picture.save(path)
    put_label_map(DownloadedFile("cls/001/001_00001.png", path), tmp_path / "out", link=True)
    painted = read_image(tmp_path / "out/001_00001.png")
    np.testing.assert_array_equal(painted, colourize(ids, VIPER))
    van, train = (VIPER.names.index(name) for name in ("van", "train"))
    np.testing.assert_array_equal(nearest_class(painted, VIPER), np.where(ids == train, van, ids))


def test_maps_that_are_none_are_told(tmp_path: Path) -> None:
    strange = tmp_path / "strange.png"
    write_image(strange, np.full((4, 4, 1), 99, np.uint8))
    with pytest.raises(InputError, match="class id 99: not among the classes of viper"):
        put_label_map(DownloadedFile("strange.png", strange), tmp_path / "out", link=True)
    strange.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"strange.png: not an image"):
        put_label_map(DownloadedFile("strange.png", strange), tmp_path / "out", link=True)
