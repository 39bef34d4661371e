"""Unpaired batches: a pure function of the step, each window once an epoch, the same whatever the number of ranks."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import Crop, DomainFrames, LoadSpec, Resize, UnpairedClips, load_data
from recyclegan.errors import InputError
from recyclegan.tensors import Clips
from recyclegan.video import write_video
from tests.media import numbered

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5).filter(lambda lengths: max(lengths) >= 3)


def domain(*lengths: int, size: tuple[int, int] = (4, 6), start: int = 0) -> DomainFrames:
    """Return clips of which every frame is filled with its own number, counted on over all clips."""
    ends = start + np.cumsum(lengths)
    clips = [
        np.broadcast_to(np.arange(end - length, end, dtype=np.uint8)[:, None, None, None], (length, *size, 3))
        for length, end in zip(lengths, ends, strict=True)
    ]
    return DomainFrames(tuple(f"clip-{number}" for number in range(len(clips))), tuple(clips))


def numbers_in(clips: Clips) -> list[tuple[int, ...]]:
    """Return the frame numbers of each window of a batch."""
    levels = (clips[:, :, 0, 0, 0] + 1) * 127.5
    return [tuple(round(level) for level in window) for window in levels.tolist()]


@settings(max_examples=25, deadline=None)
@given(a=LENGTHS, b=LENGTHS, batch_size=st.integers(1, 4), seed=st.integers(0, 1000))
def test_an_epoch_visits_every_window_once(a: list[int], b: list[int], batch_size: int, seed: int) -> None:
    sampler = UnpairedClips(domain(*a), domain(*b), clip_length=3, batch_size=batch_size, seed=seed)
    for name, lengths in (("a", a), ("b", b)):
        count = sum(max(0, length - 2) for length in lengths)
        steps = -(-3 * count // batch_size)
        windows = [window for step in range(steps) for window in numbers_in(sampler.batch(step)[name])]
        starts = [sum(lengths[:clip]) + start for clip, length in enumerate(lengths) for start in range(length - 2)]
        expected = Counter((start, start + 1, start + 2) for start in starts)
        assert sampler.num_windows[name] == count
        for epoch in range(3):
            assert Counter(windows[epoch * count : (epoch + 1) * count]) == expected


def test_epochs_and_seeds_and_domains_differ_in_order() -> None:
    sampler = UnpairedClips(domain(60), domain(60), clip_length=1)
    order = [numbers_in(sampler.batch(step)["a"])[0] for step in range(120)]
    other = [numbers_in(sampler.batch(step)["b"])[0] for step in range(60)]
    reseeded = UnpairedClips(domain(60), domain(60), clip_length=1, seed=1)
    assert order[:60] != order[60:]
    assert order[:60] != other
    assert order[:60] != [numbers_in(reseeded.batch(step)["a"])[0] for step in range(60)]
    assert order[:60] != sorted(order[:60])


def test_without_shuffling_the_order_is_that_of_the_clips() -> None:
    sampler = UnpairedClips(domain(3, 2), domain(4), clip_length=2, shuffle=False)
    assert [numbers_in(sampler.batch(step)["a"])[0] for step in range(4)] == [(0, 1), (1, 2), (3, 4), (0, 1)]


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.integers(0, 500), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_a_batch_depends_on_the_step_alone(steps: list[int], seed: int) -> None:
    def sampler() -> UnpairedClips:
        noise = np.random.default_rng(0).integers(0, 256, (20, 9, 9, 3), dtype=np.uint8)
        frames = DomainFrames(("noise",), (noise,))
        return UnpairedClips(frames, frames, 2, Crop("square", 4, 4), flip=True, batch_size=2, seed=seed)

    warm = sampler()
    for step in steps:
        warm.batch(step)
    for step in steps:
        for name, clips in sampler().batch(step).items():
            assert torch.equal(clips, warm.batch(step)[name])


@settings(max_examples=15, deadline=None)
@given(world_size=st.integers(1, 4), batch_size=st.integers(1, 3), step=st.integers(0, 30))
def test_ranks_deal_out_one_large_batch(world_size: int, batch_size: int, step: int) -> None:
    whole = UnpairedClips(domain(17), domain(23), 2, batch_size=world_size * batch_size)
    parts = [
        UnpairedClips(domain(17), domain(23), 2, batch_size=batch_size, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    for name in ("a", "b"):
        assert torch.equal(torch.cat([part.batch(step)[name] for part in parts]), whole.batch(step)[name])
    assert {part.steps_per_epoch for part in parts} == {whole.steps_per_epoch}


def test_an_epoch_is_as_long_as_the_larger_domain() -> None:
    assert UnpairedClips(domain(10), domain(25), 3, batch_size=4).steps_per_epoch == 6
    assert UnpairedClips(domain(10), domain(25), 3, batch_size=4, world_size=2).steps_per_epoch == 3


def test_batches_are_clips_from_minus_one_to_one() -> None:
    frames = DomainFrames(("x",), (np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(5, 1).repeat(7, 2),))
    clips = UnpairedClips(frames, frames, 2).batch(0)["a"]
    assert clips.shape == (1, 2, 1, 5, 7)
    assert clips.dtype == torch.float32
    assert [float(level) for level in clips[0, :, 0, 0, 0]] == [-1, 1]


def test_crop_and_flip_hold_for_a_whole_window() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None], (5, 6, 8, 3))
    sampler = UnpairedClips(DomainFrames(("x",), (ramp,)), DomainFrames(("x",), (ramp,)), 3, Crop("square", 4, 4), True)
    seen = set()
    for step in range(100):
        (window,) = ((sampler.batch(step)["a"] + 1) * 127.5).round().int()
        assert (window == window[:1]).all()
        seen.add(tuple(window[0, 0, 0].tolist()))
    ahead = {tuple(range(start, start + 4)) for start in range(5)}
    assert seen == ahead | {row[::-1] for row in ahead}


def test_flips_are_off_by_default() -> None:
    ramp = np.broadcast_to(np.arange(8, dtype=np.uint8)[:, None], (5, 6, 8, 3))
    frames = DomainFrames(("x",), (ramp,))
    sampler = UnpairedClips(frames, frames, 1)
    assert all(float(sampler.batch(step)["b"][0, 0, 0, 0, 0]) == -1 for step in range(30))


def test_short_clips_are_left_out_and_named() -> None:
    sampler = UnpairedClips(domain(2, 5), domain(3), clip_length=3)
    (note,) = sampler.notes
    assert note.startswith("clip-0: left out, because it has 2 of the 3 frames")
    assert {numbers_in(sampler.batch(step)["a"])[0] for step in range(3)} == {(2, 3, 4), (3, 4, 5), (4, 5, 6)}


def test_a_domain_of_short_clips_is_told() -> None:
    with pytest.raises(InputError, match=r"domain B: no clip has 3 frames.*the longest \(clip-1\) has 2"):
        UnpairedClips(domain(5), domain(1, 2), clip_length=3)


def test_frames_smaller_than_the_crop_are_told() -> None:
    with pytest.raises(
        InputError, match="clip-0: frames of domain A are 6x4 after resizing, smaller than the crop of 8x4"
    ):
        UnpairedClips(domain(5), domain(5, size=(9, 9)), 1, Crop("rectangle", 4, 8))


def test_frames_of_several_sizes_cannot_share_a_batch() -> None:
    mixed = DomainFrames(("x", "y"), (*domain(4).clips, *domain(4, size=(5, 6)).clips))
    with pytest.raises(InputError, match="domain A: frames of 6x4 and 6x5 cannot share a batch"):
        UnpairedClips(mixed, domain(4), 1, batch_size=2)
    assert UnpairedClips(mixed, domain(4), 1, Crop("square", 4, 4), batch_size=2).batch(0)["a"].shape[-2:] == (4, 4)
    assert UnpairedClips(mixed, domain(4), 1).batch(0)["a"].shape[-1] == 6


def test_data_goes_from_folders_to_batches(tmp_path: Path) -> None:
    for name, count in (("A", 5), ("B", 8)):
        write_video(tmp_path / f"train/{name}/x.mp4", [numbered(n) for n in range(count)], rate=25)
    specs = {"a": LoadSpec(Resize("rectangle", 24, 32)), "b": LoadSpec(Resize("square", 20, 20), channels=1)}
    data = load_data(tmp_path, "train", specs, tmp_path / "cache")
    batch = UnpairedClips(data["a"], data["b"], 2, Crop("square", 16, 16), batch_size=3).batch(0)
    assert (batch["a"].shape, batch["b"].shape) == ((3, 2, 3, 16, 16), (3, 2, 1, 16, 16))
    steps = (batch["a"][:, 1] - batch["a"][:, 0]).mean((1, 2, 3)) * 127.5
    assert ((steps - 5).abs() < 1.5).all(), "the second frame of a window is the next one"
