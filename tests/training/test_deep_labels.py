"""Label maps that hold class ids in 16 bits never become one black colour without a word."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig
from recyclegan.training import train
from tests.small import SIZE, label_map, make_data, small_config


def write_ids(folder: Path, kind: type[np.generic]) -> None:
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        ids = np.zeros((36, 54), kind)
        ids[12:24], ids[24:, : 9 + number] = 7, 26
        Pillow.fromarray(ids).save(path)


@pytest.mark.parametrize("split", ["train", "val"])
def test_label_maps_of_sixteen_bits_are_refused_with_the_remedy(tmp_path: Path, split: str) -> None:
    data = make_data(tmp_path / "data", make_b=label_map)
    write_ids(data / split / "B", np.uint16)
    config = small_config(data, tmp_path / "run", steps=1, frames=DataConfig(size=SIZE, labels="b"))
    words = r"frame_.*\.png: holds numbers of 16 bits or more.*write class ids as 8-bit grey levels"
    with pytest.raises(InputError, match=words):
        train(config)


def test_label_maps_of_eight_bits_keep_their_ids(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", make_b=label_map)
    for split in ("train", "val"):
        write_ids(data / split / "B", np.uint8)
    config = small_config(data, tmp_path / "run", steps=1, frames=DataConfig(size=SIZE, labels="b"))
    assert train(config).num_steps == 1
