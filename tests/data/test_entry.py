"""An entry of the cache gives back what was written into it, or says that it cannot."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data.cache_entry import DamagedError, MissingError, open_entry, write_entry
from recyclegan.data.label_maps import ColoursSeen
from tests.data.caches import damage, damages


def noise(num_frames: int = 5, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num_frames, 6, 7, channels), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("entries")


@settings(max_examples=25, deadline=None)
@given(num_frames=st.integers(1, 12), channels=st.sampled_from([1, 3]), seed=st.integers(0, 99))
def test_what_was_written_is_read(folder: Path, num_frames: int, channels: int, seed: int) -> None:
    frames = noise(num_frames, channels, seed)
    write_entry(folder / "x.npy", "x", iter(frames), None)
    entry = open_entry(folder / "x.npy", "x")
    assert entry.shape == frames.shape
    assert entry.palette == ()
    for start in range(num_frames):
        for stop in range(start + 1, num_frames + 1):
            np.testing.assert_array_equal(entry.read(start, stop), frames[start:stop])
    np.testing.assert_array_equal(np.load(folder / "x.npy"), frames)


@settings(max_examples=150, deadline=None)
@given(harm=damages())
def test_no_damage_gives_other_frames(folder: Path, harm: tuple[str, float, int]) -> None:
    frames, path = noise(), folder / "damaged.npy"
    write_entry(folder / "other.npy", "other", iter(noise(seed=1)), None)
    write_entry(path, "key", iter(frames), None)
    before = path.read_bytes()
    damage(path, *harm, other=(folder / "other.npy").read_bytes())
    is_same = path.exists() and path.read_bytes() == before
    try:
        np.testing.assert_array_equal(open_entry(path, "key").read(0, 5), frames)
        assert is_same
    except DamagedError:
        assert not is_same


def test_every_flipped_bit_is_seen(folder: Path) -> None:
    frames, path = noise(2), folder / "bits.npy"
    write_entry(path, "key", iter(frames), None)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        with pytest.raises(DamagedError):
            open_entry(path, "key").check()


def test_damage_after_opening_is_seen_in_the_frames_that_it_hit(folder: Path) -> None:
    frames, path = noise(), folder / "later.npy"
    write_entry(path, "key", iter(frames), None)
    entry = open_entry(path, "key")
    at = path.read_bytes().index(frames[3].tobytes())
    with path.open("r+b") as file:
        file.seek(at)
        file.write(frames[2].tobytes())
    np.testing.assert_array_equal(entry.read(0, 3), frames[:3])
    with pytest.raises(DamagedError, match="frame 3 differs"):
        entry.read(2, 5)
    with path.open("r+b") as file:
        file.truncate(at)
    with pytest.raises(DamagedError, match="cut"):
        entry.read(3, 4)
    path.unlink()
    with pytest.raises(MissingError):
        entry.read(0, 1)


def test_the_digest_is_that_of_the_frames(folder: Path) -> None:
    digests = []
    for number, frames in enumerate((noise(), noise(), noise(seed=1), noise(4), noise().reshape(5, 7, 6, 3))):
        write_entry(folder / f"{number}.npy", str(number), iter(frames), None)
        digests.append(open_entry(folder / f"{number}.npy", str(number)).digest)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_the_palette_of_label_maps_is_kept_beside_their_frames(folder: Path) -> None:
    frames = np.zeros((3, 2, 2, 3), np.uint8)
    frames[1, 0, 0] = (9, 8, 7)
    write_entry(folder / "labels.npy", "labels", iter(frames), ColoursSeen("clip"))
    assert open_entry(folder / "labels.npy", "labels").palette == ((0, 0, 0), (9, 8, 7))
