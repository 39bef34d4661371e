from pathlib import Path

import pytest

from recyclegan.errors import InputError
from recyclegan.published.layout import (
    epochs_in,
    frame_of,
    image_file,
    network_file,
    read_options,
    results_folder,
    write_options,
)

TODAY = """----------------- Options ---------------
               batch_size: 1                             \t[default: 2]
                crop_size: 256
                     name: maps                          \t[default: experiment_name]
----------------- End -------------------
"""


def test_options_survive_their_file(tmp_path: Path) -> None:
    options = {"name": "v2c", "niter": 2, "dataroot": "C:/data", "split": ""}
    write_options(tmp_path / "opt.txt", options)
    text = (tmp_path / "opt.txt").read_text().splitlines()
    assert (text[0], text[-1]) == ("------------ Options -------------", "-------------- End ----------------")
    assert read_options(tmp_path / "opt.txt") == {name: str(value) for name, value in options.items()}


def test_todays_options_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "train_opt.txt").write_text(TODAY)
    assert read_options(tmp_path / "train_opt.txt") == {"batch_size": "1", "crop_size": "256", "name": "maps"}
    assert read_options(tmp_path / "opt.txt") == {}


def test_epochs_are_in_order_and_the_latest_is_last(tmp_path: Path) -> None:
    for epoch in ("latest", "10", "9"):
        network_file(tmp_path, epoch, "G_A").touch()
        network_file(tmp_path, epoch, "D_A").touch()
    assert epochs_in(tmp_path) == ["9", "10", "latest"]


def test_pictures_carry_their_frames_name() -> None:
    folder = results_folder(Path("results"), "v2c", "test", "2")
    picture = image_file(folder, "065_00001", "fake_B")
    assert picture == Path("results/v2c/test_2/images/065_00001_fake_B.png")
    assert frame_of(picture, "fake_B") == "065_00001"
    with pytest.raises(InputError, match="is no FRAME_fake_A picture"):
        frame_of(picture, "fake_A")
