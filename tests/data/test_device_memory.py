"""Frames kept on a device: the same batches as from the cache, and only where there is room."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import Crop, DomainFrames, LoadSpec, Resize, UnpairedClips, load_data
from recyclegan.data.staging import Staging, are_kept, free_bytes, keep, num_bytes
from recyclegan.errors import InputError
from recyclegan.settings.training import OnDevice
from tests.small import make_data

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def sampler(seed: int = 0, batch_size: int = 2, clip_length: int = 2, crop: Crop | None = None) -> UnpairedClips:
    rng = np.random.default_rng(7)
    clips = tuple(rng.integers(0, 256, (length, 12, 14, 3), np.uint8) for length in (3, 6))
    frames = DomainFrames(("one", "two"), clips)
    return UnpairedClips(frames, frames, clip_length, crop or Crop("square", 9, 9), True, batch_size, seed)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 99),
    batch_size=st.integers(1, 3),
    clip_length=st.integers(1, 3),
    step=st.integers(0, 200),
    whole=st.booleans(),
)
def test_batches_are_those_of_frames_in_memory_bit_for_bit(
    seed: int, batch_size: int, clip_length: int, step: int, whole: bool
) -> None:
    clips = sampler(seed, batch_size, clip_length, Crop("none") if whole else None)
    kept, copied = Staging(clips, CPU, keep(clips, CPU)), Staging(clips, CPU)
    for domain, wanted in clips.batch(step).items():
        for staging in (kept, copied):
            found = staging.stage(step).take()[domain]
            assert torch.equal(found, wanted)
            assert found.is_contiguous()


def test_frames_are_kept_in_levels_and_their_size_is_known_before() -> None:
    clips = sampler()
    kept = keep(clips, CPU)
    assert {frames.dtype for frames in kept["a"]} == {torch.uint8}
    assert sum(frames.numel() for domain in kept.values() for frames in domain) == num_bytes(clips)


def test_frames_of_the_cache_are_read_and_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = LoadSpec(Resize("none"))
    data = load_data(make_data(tmp_path), "train", {"a": spec, "b": spec}, tmp_path / "cache")
    clips = UnpairedClips(data["a"], data["b"], 1)
    wanted = [clips.batch(step) for step in range(4)]
    staging = Staging(clips, CPU, keep(clips, CPU))
    monkeypatch.setattr("recyclegan.data.cache_entry.Entry.read", lambda *_: pytest.fail("read again"))
    for step, batch in enumerate(wanted):
        assert all(torch.equal(clips, batch[domain]) for domain, clips in staging.stage(step).take().items())


@pytest.mark.parametrize(
    ("choice", "device", "size", "wanted"),
    [
        ("auto", CUDA, 99, True),
        ("auto", CUDA, 101, False),
        ("auto", CPU, 1, False),
        ("on", CUDA, 300, True),
        ("on", CPU, 300, True),
        ("off", CUDA, 1, False),
    ],
)
def test_frames_are_kept_where_asked_or_where_a_third_of_a_card_is_enough(
    choice: OnDevice, device: torch.device, size: int, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.data.staging.free_bytes", lambda _: 300)
    assert are_kept(choice, size, device) is wanted


def test_frames_that_find_no_room_are_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recyclegan.data.staging.free_bytes", lambda _: 10**9)
    with pytest.raises(
        InputError, match=r"^--data-on-device on: the frames take 2\.00 GB, and cpu has 1\.00 GB free; "
    ):
        are_kept("on", 2 * 10**9, CPU)


def test_the_machine_tells_its_free_memory() -> None:
    free: Any = free_bytes(CPU)
    assert 1e6 < free < 1e15
