"""Whatever happens to the files of the cache, training sees the frames of a fresh one, or there is one line."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import LoadSpec, Resize, UnpairedClips, cache_entry, cached_clips, load_data
from recyclegan.domains import Domain
from recyclegan.errors import InputError
from recyclegan.tensors import Clips
from tests.data.caches import SMALL, damage, damages, entries, make_clip, make_noise

SPECS: dict[Domain, LoadSpec] = {"a": LoadSpec(Resize("rectangle", 12, 16)), "b": LoadSpec(Resize("none"), channels=1)}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    for number, domain in enumerate("AB"):
        for clip in range(2):
            make_noise(root / "train" / domain, f"clip{clip}", 3, seed=10 * number + clip)
    return root


def sampler(root: Path, cache: Path) -> tuple[UnpairedClips, list[str]]:
    data = load_data(root, "train", SPECS, cache)
    return UnpairedClips(data["a"], data["b"], 2), [note for frames in data.values() for note in frames.notes]


def epoch(clips: UnpairedClips) -> list[dict[Domain, Clips]]:
    return [clips.batch(step) for step in range(clips.steps_per_epoch)]


def assert_same_batches(found: list[dict[Domain, Clips]], wanted: list[dict[Domain, Clips]]) -> None:
    for batch, right in zip(found, wanted, strict=True):
        for domain in right:
            assert torch.equal(batch[domain], right[domain])


@settings(max_examples=40, deadline=None)
@given(harm=damages(), file=st.integers(0, 99), is_open=st.booleans())
def test_batches_are_those_of_a_fresh_cache_whatever_is_damaged_and_when(
    root: Path, tmp_path_factory: pytest.TempPathFactory, harm: tuple[str, float, int], file: int, is_open: bool
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    clips, _ = sampler(root, cache)
    wanted = epoch(clips)
    files = sorted(path for path in cache.rglob("*") if path.is_file())
    damaged = files[file % len(files)]
    damage(damaged, *harm, other=entries(cache)[file % 4].read_bytes())
    if not is_open:
        clips, notes = sampler(root, cache)
        assert len(notes) <= 1
    assert_same_batches(epoch(clips), wanted)
    sampler(root, cache)
    again, notes = sampler(root, cache)
    assert notes == [], "all is well again"
    assert_same_batches(epoch(again), wanted)
    assert {path.suffix for path in cache.rglob("*")} <= {".npy", ".lock"}
    shutil.rmtree(cache)


@pytest.mark.parametrize("kind", ["flip", "cut", "empty", "longer", "other"])
def test_a_damaged_entry_is_built_anew_and_told(tmp_path: Path, kind: str) -> None:
    cache = tmp_path / "cache"
    clip, other = make_noise(tmp_path / "in"), make_noise(tmp_path / "in", "other", seed=1)
    (frames,) = cached_clips([(clip, SMALL)], cache)
    whole = entries(cache)[0].read_bytes()
    cached_clips([(other, SMALL)], cache)
    (cache_entry,) = (path for path in entries(cache) if path.read_bytes() == whole)
    (another,) = (path for path in entries(cache) if path != cache_entry)
    damage(cache_entry, kind, 0.5, 1, another.read_bytes())
    (again,) = cached_clips([(clip, SMALL)], cache)
    np.testing.assert_array_equal(again[:], frames[:])
    assert cache_entry.read_bytes() == whole
    assert len(frames.notes) + len(again.notes) >= 1
    assert all(note.startswith("noise: its frames in the cache were damaged (") for note in again.notes)


def test_a_frame_is_checked_once_as_long_as_nobody_touches_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (frames,) = cached_clips([(make_noise(tmp_path / "in"), SMALL)], tmp_path / "cache")
    wanted, digest, checked = frames[:], cache_entry._digest, []

    def counted(data: memoryview) -> bytes:
        checked.append(len(data))
        return digest(data)

    monkeypatch.setattr(cache_entry, "_digest", counted)
    np.testing.assert_array_equal(frames[1:3], wanted[1:3])
    assert checked == []
    entries(tmp_path / "cache")[0].touch()
    for _ in range(3):
        np.testing.assert_array_equal(frames[1:3], wanted[1:3])
    assert len(checked) == 2


def test_what_is_written_into_a_file_after_its_frames_were_checked_is_found(tmp_path: Path) -> None:
    (frames,) = cached_clips([(make_noise(tmp_path / "in"), SMALL)], tmp_path / "cache")
    wanted, path = frames[:], entries(tmp_path / "cache")[0]
    stamp = path.stat()
    with path.open("r+b") as file:
        file.seek(1000)
        file.write(bytes(500))
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    np.testing.assert_array_equal(frames[:], wanted)
    assert len(frames.notes) == 1


def test_damage_that_cannot_be_repaired_is_one_line(tmp_path: Path) -> None:
    clip = make_noise(tmp_path / "in")
    (frames,) = cached_clips([(clip, SMALL)], tmp_path / "cache")
    damage(entries(tmp_path / "cache")[0], "overwrite", 0.3, 20)
    clip.files[1].unlink()
    with pytest.raises(InputError, match=r"1\.png: cannot be read \(No such file or directory\)"):
        frames[:]


def test_a_source_that_has_changed_does_not_repair_the_frames_of_the_old_one(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in")
    (frames,) = cached_clips([(clip, SMALL)], tmp_path / "cache")
    damage(entries(tmp_path / "cache")[0], "empty", 0, 1)
    shutil.copy(clip.files[3], clip.files[2])
    with pytest.raises(InputError, match=r"cut, and clip, .* has changed since training began; go on with --resume"):
        frames[:]


def test_a_disk_that_damages_what_is_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_noise(tmp_path / "in")
    whole = Path.replace

    def harm(path: Path, target: Path) -> Path:
        whole(path, target)
        damage(target, "cut", 0.5, 1)
        return target

    monkeypatch.setattr(Path, "replace", harm)
    with pytest.raises(InputError, match=r"is damaged again .*; set RECYCLEGAN_CACHE to another disk"):
        cached_clips([(clip, SMALL)], tmp_path / "cache")
