"""What a translator is given: folders that would become files, and label maps that it reads by their numbers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.translation import Translator
from tests.small import make_frames, small_card


@pytest.fixture(scope="module")
def translator() -> Translator:
    return Translator(make_generator("resnet-6", width=4), small_card(), "cpu")


@pytest.mark.parametrize("name", ["out.mp4", "out.MKV", "out.gif", "out.png", "out.jpg"])
def test_a_folder_never_becomes_a_folder_called_like_a_file(tmp_path: Path, translator: Translator, name: str) -> None:
    make_frames(tmp_path / "in", 2)
    with pytest.raises(InputError, match=rf"{name}: .*in is a folder, which becomes one; name a folder to write"):
        translator.translate_path(tmp_path / "in", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_folder_that_is_there_may_be_called_so(tmp_path: Path, translator: Translator) -> None:
    make_frames(tmp_path / "in", 2)
    (tmp_path / "v1.ts").mkdir()
    translator.translate_path(tmp_path / "in", tmp_path / "v1.ts")
    assert len(list((tmp_path / "v1.ts").iterdir())) == 2


@pytest.mark.parametrize("source", ["in", "in/map.png"])
def test_label_maps_of_sixteen_bits_are_not_translated_as_black(tmp_path: Path, source: str) -> None:
    (tmp_path / "in").mkdir()
    Pillow.fromarray(np.full((32, 48), 7, np.uint16)).save(tmp_path / "in/map.png")
    reader = Translator(make_generator("resnet-6", width=4), small_card(labels_in=True), "cpu")
    target = tmp_path / "out" / Path(source).name if source.endswith("png") else tmp_path / "out"
    with pytest.raises(InputError, match=r"map\.png: holds numbers of 16 bits or more"):
        reader.translate_path(tmp_path / source, target)
