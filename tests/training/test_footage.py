"""The frames of a run: batches on its device, palettes of label domains, held-out samples."""

from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image as Pillow

from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig
from recyclegan.tensors import to_images
from recyclegan.training.training_data import NUM_SAMPLES, Footage, load_footage
from recyclegan.video import read_image, write_image, write_video
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
    assert footage_of(data).clips.steps_per_epoch == 11
    assert footage_of(data, clip_length=3).clips.steps_per_epoch == 2 + 5


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


def test_samples_are_first_frames_of_held_out_clips_at_the_scale_of_training(tmp_path: Path) -> None:
    data = make_data(tmp_path, height=36, width=54)
    for number in range(3):
        make_frames(data / "val" / "A" / f"more{number}", 2, seed=50 + number, height=36, width=54)
    footage = footage_of(data)
    held_out = [data / "val" / "A" / clip / "frame_000.png" for clip in ("drive", "more0")]
    assert len(footage.samples["a"]) == len(held_out) == NUM_SAMPLES
    for sample, path in zip(footage.samples["a"], held_out, strict=True):
        np.testing.assert_array_equal(to_images(sample)[0], read_image(path))


@pytest.mark.parametrize("kind", ["frames", "video"])
def test_samples_of_an_only_clip_are_its_first_and_its_middle_frame(tmp_path: Path, kind: str) -> None:
    data = make_data(tmp_path, num_frames=5, height=36, width=54)
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
        make_frames(data / "train" / domain / "clip", 2, height=36, width=54)
    np.testing.assert_array_equal(to_images(footage_of(data).samples["a"][0])[0], picture(0, 36, 54))


def test_clips_that_are_too_short_are_left_out_with_a_note(tmp_path: Path) -> None:
    data = make_data(tmp_path, num_frames=4)
    make_frames(data / "train" / "A" / "blink", 2)
    notes = footage_of(data, clip_length=3).notes
    assert len(notes) == 1
    assert "blink: left out" in notes[0]


def test_decoding_is_reported_until_all_frames_are_there(tmp_path: Path) -> None:
    messages: list[tuple[int, int, str]] = []
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run")
    fabric = Fabric(accelerator="cpu", devices=1)
    load_footage(config, 1, fabric, lambda done, total, clip: messages.append((done, total, clip)))
    assert sorted(done for done, _, _ in messages) == list(range(1, 9))
    assert {total for _, total, _ in messages} == {8}
    assert {clip for _, _, clip in messages} == {"drive", "walk"}
    load_footage(config, 1, fabric, lambda *_: pytest.fail("the cache holds them now"))


def test_colours_of_single_frames_are_in_the_palette(tmp_path: Path) -> None:
    rare = {500 + place: (220, 20, place) for place in (0, 1, 64, 129)}

    def with_persons(seed: int) -> np.ndarray:
        image = label_map(seed)
        image[0, 0] = rare.get(seed, PALETTE[0])
        return image

    data = make_data(tmp_path, num_frames=130, make_b=with_persons)
    assert footage_of(data, labels="b", resize="none").palettes["b"] == tuple(sorted([*PALETTE, *rare.values()]))


def test_a_palette_is_the_union_over_all_clips(tmp_path: Path) -> None:
    data = make_data(tmp_path, make_b=label_map)
    for number in range(3):
        make_frames(data / "train" / "B" / f"c{number}", 1, make=lambda _, n=number: np.full((36, 54, 3), n, np.uint8))
    assert footage_of(data, labels="b").palettes["b"] == tuple(sorted([(0, 0, 0), (1, 1, 1), (2, 2, 2), *PALETTE]))


def test_clips_that_together_have_too_many_colours_are_refused_naming_the_clip(tmp_path: Path) -> None:
    data = make_data(tmp_path, make_b=label_map)
    for number in range(2):
        levels = np.arange(200).repeat(10).reshape(40, 50)
        image = np.stack([levels, np.full_like(levels, number), levels], axis=2).astype(np.uint8)
        make_frames(data / "train" / "B" / f"z{number}", 1, make=lambda _, i=image: i)
    with pytest.raises(InputError, match=r"z1: brings the colours of domain B to 403: not a label map"):
        footage_of(data, labels="b", resize="none")


def test_label_maps_of_one_colour_are_refused(tmp_path: Path) -> None:
    data = make_data(tmp_path, make_b=lambda _: np.zeros((36, 54, 3), np.uint8))
    with pytest.raises(InputError, match=r"domain B: a palette of one colour, \(0, 0, 0\), in all label maps"):
        footage_of(data, labels="b")


def test_label_maps_in_one_channel_are_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.training.training_data.load_data", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match="channels: 1 for the label maps of domain B"):
        footage_of(make_data(tmp_path, make_b=label_map), labels="b", channels=(3, 1))


def test_palettes_cost_nothing_when_the_cache_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data(tmp_path, make_b=label_map)
    first = footage_of(data, labels="b").palettes
    monkeypatch.setattr("recyclegan.data.label_maps.ColoursSeen.add", lambda *_: pytest.fail("gathered again"))
    assert footage_of(data, labels="b").palettes == first


def test_grey_channels_and_triplets_are_cached_as_they_are_seen(tmp_path: Path) -> None:
    data = tmp_path / "data"
    frames = [picture(number, 32, 48) for number in range(3)]
    for domain in "AB":
        write_image(data / "train" / domain / "x.png", np.concatenate(frames, axis=1))
    batch = footage_of(data, 3, resize="none", triplets=True, channels=(1, 3)).batch(0)
    np.testing.assert_array_equal(to_images(batch["b"][0]), frames)
    grey = [np.asarray(Pillow.fromarray(frame).convert("L"))[:, :, None] for frame in frames]
    np.testing.assert_array_equal(to_images(batch["a"][0]), grey)


def test_the_bound_of_the_cache_is_the_option_or_else_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_data(tmp_path)
    monkeypatch.setenv("RECYCLEGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RECYCLEGAN_CACHE_GB", "0.000001")
    with pytest.raises(InputError, match="set RECYCLEGAN_CACHE_GB higher"):
        footage_of(data)
    with pytest.raises(InputError, match="give a larger --cache-gb"):
        footage_of(data, cache_gb=0.000002)
    assert footage_of(data, cache_gb=1.0).batch(0)


def test_frames_that_were_damaged_are_told_while_and_after_training(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data")
    footage = footage_of(data, cache=tmp_path / "cache")
    right = footage.batch(0)
    for entry in (tmp_path / "cache").glob("*.npy"):
        entry.write_bytes(entry.read_bytes()[:5000])
    for domain, clips in footage.batch(0).items():
        assert torch.equal(clips, right[domain])
    assert len(footage.notes) == 2
    assert all("were damaged (the file is cut) and are decoded anew" in note for note in footage.notes)
