from pathlib import Path

import numpy as np
import pytest
from lightning_fabric import Fabric

from recyclegan.data import find_clips, index_data
from recyclegan.data.resize import scale_of
from recyclegan.domains import DOMAINS
from recyclegan.errors import InputError
from recyclegan.published.start import frames_config, label_domains, mirrors, steps_per_epoch, training_data, transform
from recyclegan.settings.frames import DataConfig
from recyclegan.tensors import to_images
from recyclegan.training.training_data import load_footage
from recyclegan.video import read_image, write_image
from tests.published.commands import SMALL_FRAMES, frames, labelled_world, train_options, world
from tests.small import picture, small_config


def names(data: Path, split: str, letter: str) -> list[str]:
    return [file.name for clip in find_clips(data / split / letter) for file in clip.files]


def test_plain_data_is_read_where_it_lies(tmp_path: Path) -> None:
    data = world(tmp_path / "data")
    assert training_data(train_options("--dataroot", str(data)), tmp_path / "run") == data
    assert not (tmp_path / "run").exists()


def test_the_other_direction_swaps_the_domains(tmp_path: Path) -> None:
    data = world(tmp_path / "data")
    view = training_data(train_options("--dataroot", str(data), "--which_direction", "BtoA"), tmp_path / "run")
    for split in ("train", "val"):
        assert names(view, split, "A") == names(data, split, "B")
        assert names(view, split, "B") == names(data, split, "A")
    (swapped, *_) = find_clips(view / "train" / "A")
    assert swapped.files[0].samefile(data / "train" / "B" / swapped.files[0].name)


def test_the_layout_of_the_family_is_read(tmp_path: Path) -> None:
    for folder, seed in (("trainA", 0), ("trainB", 5), ("testA", 9), ("testB", 7)):
        frames(tmp_path / "data" / folder, ["1", "2"], seed)
    view = training_data(train_options("--dataroot", str(tmp_path / "data")), tmp_path / "run")
    assert names(view, "train", "A") == names(view, "val", "B") == ["1.png", "2.png"]


def test_a_held_out_domain_without_the_other_is_left_out(tmp_path: Path) -> None:
    data = world(tmp_path / "data")
    for file in (data / "val" / "B").iterdir():
        file.unlink()
    (data / "val" / "B").rmdir()
    view = training_data(train_options("--dataroot", str(data)), tmp_path / "run")
    assert sorted(folder.name for folder in view.iterdir()) == ["train"]


def test_a_largest_number_of_frames(tmp_path: Path) -> None:
    data = world(tmp_path / "data", a=5, b=1)
    view = training_data(train_options("--dataroot", str(data), "--max_dataset_size", "2"), tmp_path / "run")
    assert names(view, "train", "A") == ["001_00001.png", "001_00002.png"]
    assert names(view, "train", "B") == ["001_00001.png"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    frames(tmp_path / "data" / "train" / "A", ["1"])
    with pytest.raises(InputError, match="holds no train/B or trainB"):
        training_data(train_options("--dataroot", str(tmp_path / "data")), tmp_path / "run")


def test_triplets_are_clips_of_three_frames(tmp_path: Path) -> None:
    for letter, seed in (("A", 0), ("B", 40)):
        for number in range(4):
            wide = np.concatenate([picture(seed + 3 * number + place) for place in range(3)], axis=1)
            write_image(tmp_path / f"data/train{letter}/{number}.png", wide)
    words = ("--dataroot", str(tmp_path / "data"), "--dataset_mode", "unaligned_triplet_scale")
    options = train_options(*words, "--model", "recycle_gan", "--max_dataset_size", "3")
    view = training_data(options, tmp_path / "run")
    clips = index_data(view, "train", triplets=True)["b"]
    assert [clip.num_frames for clip in clips] == [3, 3, 3]
    np.testing.assert_array_equal(list(clips[1].images())[2], picture(45))
    assert frames_config(options, view).triplets


SIZES = {"a": (100, 200), "b": (50, 100)}


@pytest.mark.parametrize(
    ("words", "resize", "crop"),
    [
        ("unaligned", ("rectangle", 286, 286), ("rectangle", 256, 256)),
        ("unaligned_triplet --resize_or_crop crop", ("none", 0, 0), ("rectangle", 256, 256)),
        ("unaligned --resize_or_crop scale_width", ("rectangle", 128, 256), ("none", 0, 0)),
        ("unaligned --resize_or_crop scale_width_and_crop", ("rectangle", 143, 286), ("rectangle", 256, 256)),
        ("unaligned_scale", ("rectangle", 286, 542), ("rectangle", 256, 512)),
        ("unaligned_scale --resize_mode square --crop_mode square", ("square", 286, 286), ("rectangle", 256, 256)),
        ("unaligned_scale --resize_mode none", ("none", 0, 0), ("rectangle", 256, 512)),
        (
            "unaligned_triplet_scale --resize_mode scale_shortest --loadSize 90 --crop_mode none",
            ("scale_shortest", 90, 90),
            ("none", 0, 0),
        ),
    ],
)
def test_sizes(words: str, resize: tuple[str, int, int], crop: tuple[str, int, int]) -> None:
    found = transform(train_options("--dataroot", "d", "--dataset_mode", *words.split()), SIZES)
    assert [(part.mode, part.height, part.width) for part in found] == [resize, crop]


def test_a_width_for_domains_of_other_proportions_is_refused() -> None:
    options = train_options("--dataroot", "d", "--resize_or_crop", "scale_width")
    with pytest.raises(InputError, match="differ in proportions"):
        transform(options, {"a": (100, 200), "b": (100, 100)})


def test_label_maps_are_told_by_their_colours(tmp_path: Path) -> None:
    clips = index_data(labelled_world(tmp_path / "data"), "train")
    assert label_domains(train_options("--dataroot", "d"), clips) == "b"
    assert label_domains(train_options("--dataroot", "d", "--labels", "none"), clips) == "none"
    assert label_domains(train_options("--dataroot", "d", "--output_nc", "1"), clips) == "none"


def test_frames_are_trained_on_as_the_options_say(tmp_path: Path) -> None:
    data = labelled_world(tmp_path / "data")
    config = frames_config(train_options("--dataroot", str(data), *SMALL_FRAMES, "--serial_batches"), data)
    assert (config.size, scale_of(config).loaded) == ((32, 48), (36, 54))
    assert (config.resize, config.crop) == ("rectangle", "rectangle")
    assert (config.flip, config.shuffle, config.labels) == (False, False, "b")
    whole = frames_config(train_options("--dataroot", str(data), *SMALL_FRAMES, "--crop_mode", "none"), data)
    assert (whole.size, whole.crop, whole.flip, whole.shuffle) == ((36, 54), "none", False, True)


def test_frames_are_mirrored_in_the_published_mode_alone() -> None:
    modes = ("unaligned", "unaligned_scale", "unaligned_triplet", "unaligned_triplet_scale")
    options = {mode: train_options("--dataroot", "d", "--dataset_mode", mode) for mode in modes}
    assert [mode for mode in modes if mirrors(options[mode])] == ["unaligned"]
    assert not mirrors(train_options("--dataroot", "d", "--no_flip"))


def test_the_length_of_an_epoch_is_known_beforehand(tmp_path: Path) -> None:
    data = world(tmp_path / "data", a=5, b=2)
    assert steps_per_epoch(small_config(data, tmp_path / "run")) == 5
    assert steps_per_epoch(small_config(data, tmp_path / "run", batch_size=2)) == 3


def test_the_world_has_both_domains(tmp_path: Path) -> None:
    data = world(tmp_path)
    assert {domain: len(clips) for domain, clips in index_data(data, "train").items()} == dict.fromkeys(DOMAINS, 1)
    assert read_image(data / "val" / "A" / "065_00001.png").shape == (36, 54, 3)


def test_frames_come_in_the_order_of_their_names_where_wanted(tmp_path: Path) -> None:
    data = world(tmp_path / "data", a=4)
    whole = DataConfig(size=(36, 54), resize="none", crop="none", shuffle=False)
    footage = load_footage(
        small_config(data, tmp_path / "run", frames=whole), 1, Fabric(accelerator="cpu", devices=1), None
    )
    for step in range(4):
        np.testing.assert_array_equal(to_images(footage.batch(step)["a"][:, 0])[0], picture(10 + step))
