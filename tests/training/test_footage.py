"""The frames of a run: batches on its device, palettes of label domains, held-out samples."""

from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from recyclegan.errors import InputError
from recyclegan.tensors import to_images
from recyclegan.training import DataConfig
from recyclegan.training.footage import NUM_SAMPLES, Footage, load_footage
from recyclegan.video import read_image, write_video
from tests.small import PALETTE, label_map, make_data, make_frames, picture, small_config


def footage_of(data: Path, clip_length: int = 1, seed: int = 0, **frames: Any) -> Footage:
    config = small_config(data, Path("run"), frames=DataConfig(**{"size": (32, 48), **frames}), seed=seed)
    return load_footage(config, clip_length, Fabric(accelerator="cpu", devices=1), None)


def test_batches_are_frames_of_the_stated_size_and_range(tmp_path: Path) -> None:
    footage = footage_of(make_data(tmp_path), channels=(3, 1))
    batch = footage.batch(0)
    assert batch["a"].shape == (1, 1, 3, 32, 48)
    assert batch["b"].shape == (1, 1, 1, 32, 48)
    for clips in batch.values():
        assert clips.dtype == torch.float32
        assert -1 <= float(clips.min()) < float(clips.max()) <= 1


def test_a_batch_depends_on_seed_and_step_alone(tmp_path: Path) -> None:
    data = make_data(tmp_path, num_frames=8)
    first, again, other = footage_of(data), footage_of(data), footage_of(data, seed=1)
    for step in (5, 0, 3, 5):
        assert torch.equal(first.batch(step)["a"], again.batch(step)["a"])
    assert any(not torch.equal(first.batch(step)["a"], other.batch(step)["a"]) for step in range(4))
    assert not torch.equal(first.batch(0)["a"], first.batch(1)["a"])


def test_clips_are_consecutive_frames_cut_at_one_place(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for domain in "AB":
        make_frames(data / "train" / domain / "clip", 6, make=lambda seed: np.full((36, 54, 3), 40 * seed, np.uint8))
    batch = footage_of(data, clip_length=3).batch(0)
    levels = to_images(batch["a"][0])[:, 0, 0, 0] / 40
    assert np.diff(levels).tolist() == [1, 1]


def test_an_epoch_visits_every_window_of_the_larger_domain(tmp_path: Path) -> None:
    data = make_data(tmp_path, num_frames=4)
    make_frames(data / "train" / "B" / "longer", 7, seed=900)
    assert footage_of(data).steps_per_epoch == 11
    assert footage_of(data, clip_length=3).steps_per_epoch == 2 + 5


def test_without_shuffling_clips_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    data = make_data(tmp_path, num_frames=4, height=32, width=48)
    footage = footage_of(data, shuffle=False, resize="none")
    for step in range(8):
        shown = to_images(footage.batch(step)["a"][0])[0]
        np.testing.assert_array_equal(shown, picture(step % 4, 32, 48))


def test_palettes_of_label_domains_are_exact_and_others_have_none(tmp_path: Path) -> None:
    footage = footage_of(make_data(tmp_path, make_b=label_map), labels="b")
    assert footage.palettes == {"b": PALETTE}
    colours = to_images(footage.batch(0)["b"][0]).reshape(-1, 3)
    assert {tuple(colour) for colour in colours.tolist()} <= set(PALETTE)


def test_video_called_a_label_domain_is_refused(tmp_path: Path) -> None:
    noise = lambda seed: np.random.default_rng(seed).integers(0, 256, (36, 54, 3), np.uint8)  # noqa: E731
    with pytest.raises(InputError, match="not a label map"):
        footage_of(make_data(tmp_path, make_b=noise), labels="b")


def test_samples_are_first_frames_of_held_out_clips_at_trained_size(tmp_path: Path) -> None:
    data = make_data(tmp_path, height=32, width=48)
    for number in range(3):
        make_frames(data / "val" / "A" / f"more{number}", 2, seed=50 + number, height=32, width=48)
    footage = footage_of(data)
    held_out = [data / "val" / "A" / clip / "frame_000.png" for clip in ("drive", "more0")]
    assert len(footage.samples["a"]) == len(held_out) == NUM_SAMPLES
    for sample, path in zip(footage.samples["a"], held_out, strict=True):
        np.testing.assert_array_equal(to_images(sample)[0], read_image(path))


@pytest.mark.parametrize("kind", ["frames", "video"])
def test_samples_of_an_only_clip_are_its_first_and_its_middle_frame(tmp_path: Path, kind: str) -> None:
    data = make_data(tmp_path, num_frames=5, height=32, width=48)
    walk = data / "val" / "B" / "walk"
    wanted = [read_image(walk / f"frame_{number:03d}.png") for number in (0, 2)]
    if kind == "video":
        write_video(walk.with_suffix(".mkv"), map(read_image, sorted(walk.iterdir())), rate=10, codec="ffv1")
        rmtree(walk)
    samples = footage_of(data).samples["b"]
    for sample, image in zip(samples, wanted, strict=True):
        np.testing.assert_array_equal(to_images(sample)[0], image)


def test_without_held_out_clips_samples_come_from_training(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for domain in "AB":
        make_frames(data / "train" / domain / "clip", 2, height=32, width=48)
    np.testing.assert_array_equal(to_images(footage_of(data).samples["a"][0])[0], picture(0, 32, 48))


def test_clips_that_are_too_short_are_left_out_with_a_note(tmp_path: Path) -> None:
    data = make_data(tmp_path, num_frames=4)
    make_frames(data / "train" / "A" / "blink", 2)
    notes = footage_of(data, clip_length=3).notes
    assert len(notes) == 1
    assert "blink: left out" in notes[0]


def test_decoding_is_reported_until_all_frames_are_there(tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run")
    fabric = Fabric(accelerator="cpu", devices=1)
    load_footage(config, 1, fabric, lambda done, total, clip: told.append((done, total, clip)))
    assert sorted(done for done, _, _ in told) == list(range(1, 9))
    assert {total for _, total, _ in told} == {8}
    assert {clip for _, _, clip in told} == {"drive", "walk"}
    load_footage(config, 1, fabric, lambda *_: pytest.fail("the cache holds them now"))
