"""Prepared data: splits that share no clip, links, cuts in time, drives with their truth."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import find_clips, index_data
from recyclegan.data.prepare import prepare_roadworld, prepare_videos
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, colourize
from recyclegan.video import probe, read_image, read_video, write_image, write_video
from tests.media import number_of, numbered


def touch_videos(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number}.mp4" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]))
    return paths


def sources_of(root: Path, split: str, domain: str) -> set[int]:
    """Return the inodes of the clips in a split, which hard links share with their source."""
    folder = root / split / domain
    return {clip.files[0].stat().st_ino for clip in find_clips(folder)} if folder.exists() else set()


@settings(max_examples=15, deadline=None)
@given(counts=st.tuples(st.integers(2, 9), st.integers(2, 9)), val=st.sampled_from([0.0, 0.1, 0.4, 0.9]))
def test_splits_never_share_a_clip(
    tmp_path_factory: pytest.TempPathFactory, counts: tuple[int, int], val: float
) -> None:
    folder = tmp_path_factory.mktemp("split")
    given_paths = {name: touch_videos(folder / name, count) for name, count in zip("AB", counts, strict=True)}
    prepared = prepare_videos(folder / "out", given_paths["A"], given_paths["B"], val=val)
    for name, paths in given_paths.items():
        train, held_out = (sources_of(folder / "out", split, name) for split in ("train", "val"))
        assert train | held_out == {path.stat().st_ino for path in paths}
        assert not train & held_out
        assert train
        assert bool(held_out) == (val > 0)
        assert prepared.num_clips[f"train/{name}"] == len(train)


def test_the_seed_draws_the_split(tmp_path: Path) -> None:
    videos = touch_videos(tmp_path / "in", 20)
    other = touch_videos(tmp_path / "other", 20)
    for number, seed in enumerate((0, 0, 1)):
        prepare_videos(tmp_path / f"out{number}", videos, other, val=0.3, seed=seed)
    first, again, reseeded = (sources_of(tmp_path / f"out{number}", "val", "A") for number in range(3))
    assert first == again != reseeded


def test_named_clips_are_held_out(tmp_path: Path) -> None:
    a, b = touch_videos(tmp_path / "a", 4), touch_videos(tmp_path / "b", 4)
    prepare_videos(tmp_path / "out", a[:3], b[:3], val_a=a[3:], val_b=b[3:])
    assert sources_of(tmp_path / "out", "val", "A") == {a[3].stat().st_ino}
    assert sources_of(tmp_path / "out", "train", "B") == {path.stat().st_ino for path in b[:3]}


def test_folders_of_frames_are_clips_under_their_own_names(tmp_path: Path) -> None:
    for name in ("one/walk", "two/walk", "run"):
        for number in (9, 10):
            write_image(tmp_path / name / f"f_{number}.png", numbered(number))
    b = touch_videos(tmp_path / "b", 3)
    prepare_videos(
        tmp_path / "out", [tmp_path / "one/walk", tmp_path / "two", tmp_path / "run"], [tmp_path / "b"], val=0.0
    )
    clips = index_data(tmp_path / "out", "train")
    assert [clip.name for clip in clips["a"]] == ["run", "walk", "walk-2"]
    assert [file.name for file in clips["a"][0].files] == ["f_9.png", "f_10.png"]
    assert len(clips["b"]) == len(b)
    assert not (tmp_path / "out/val").exists()


def test_without_links_files_are_copies(tmp_path: Path) -> None:
    a, b = touch_videos(tmp_path / "a", 2), touch_videos(tmp_path / "b", 2)
    prepare_videos(tmp_path / "out", a, b, link=False)
    made = [clip.files[0] for split in ("train", "val") for clip in find_clips(tmp_path / "out" / split / "A")]
    assert not any(path.samefile(source) for path in made for source in a)
    assert {path.read_bytes() for path in made} == {path.read_bytes() for path in a}


def test_where_hard_links_fail_symbolic_ones_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError

    monkeypatch.setattr("recyclegan.data.linking.os.link", refuse)
    a, b = touch_videos(tmp_path / "a", 2), touch_videos(tmp_path / "b", 2)
    prepare_videos(tmp_path / "out", a, b)
    made = list((tmp_path / "out").rglob("*.mp4"))
    assert all(path.is_symlink() and path.is_file() for path in made)


@pytest.mark.parametrize("codec", [None, "ffv1"])
def test_an_only_video_is_cut_in_time(tmp_path: Path, codec: str | None) -> None:
    name = "long.mkv" if codec else "long.mp4"
    write_video(tmp_path / name, [numbered(n) for n in range(50)], rate=25, codec=codec)
    other = touch_videos(tmp_path / "b", 2)
    prepared = prepare_videos(tmp_path / "out", [tmp_path / name], other, val=0.2)
    (train,), (val,) = (find_clips(tmp_path / "out" / split / "A") for split in ("train", "val"))
    assert [number_of(image) for image in train.images()] == list(range(38))
    assert [number_of(image) for image in val.images()] == list(range(40, 50))
    assert [frame.time for frame in read_video(val.files[0])] == [Fraction(n, 25) for n in range(10)]
    assert probe(val.files[0]).codec == (codec or "h264")
    assert len(prepared.notes) == 1
    assert "the last 10 are held out" in prepared.notes[0]


def test_an_only_folder_of_frames_is_cut_in_time(tmp_path: Path) -> None:
    for number in range(20):
        write_image(tmp_path / f"long/{number}.png", numbered(number))
    prepare_videos(tmp_path / "out", [tmp_path / "long"], touch_videos(tmp_path / "b", 2), val=0.25)
    held_out = find_clips(tmp_path / "out/val/A")[0].files
    assert [file.stem for file in held_out] == ["15", "16", "17", "18", "19"]
    assert not {file.name for file in held_out} & {file.name for file in find_clips(tmp_path / "out/train/A")[0].files}


@pytest.mark.parametrize(
    ("a", "options", "words"),
    [
        (["none.mp4"], {}, r"none\.mp4: no such file or folder"),
        (["notes.txt"], {}, r"notes\.txt: not a video"),
        (["in/0.mp4", "in"], {}, r"0\.mp4: is named twice"),
        (["in"], {"val_a": ["in/0.mp4"]}, r"0\.mp4: is named twice"),
        ([], {}, "domain A: no footage named"),
        (["in"], {"val": 1.0}, r"val: is 1\.0"),
        (["short"], {}, "short: has 1 frames, too few"),
    ],
)
def test_mistakes_are_told_and_leave_nothing(
    tmp_path: Path, a: list[str], options: dict[str, object], words: str
) -> None:
    touch_videos(tmp_path / "in", 3)
    (tmp_path / "notes.txt").touch()
    write_image(tmp_path / "short/1.png", numbered(1))
    paths = {name: [tmp_path / path for path in value] if name == "val_a" else value for name, value in options.items()}
    with pytest.raises(InputError, match=words) as caught:
        prepare_videos(tmp_path / "out", [tmp_path / name for name in a], touch_videos(tmp_path / "b", 2), **paths)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_exists_is_not_replaced(tmp_path: Path) -> None:
    videos = touch_videos(tmp_path / "in", 3)
    with pytest.raises(InputError, match="in: exists and is not empty"):
        prepare_videos(tmp_path / "in", videos[:2], videos[2:])
    with pytest.raises(InputError, match="in: exists and is not empty"):
        prepare_roadworld(tmp_path / "in")
    assert len(list((tmp_path / "in").iterdir())) == 3


def test_roadworld_is_unpaired_and_tells_the_truth(tmp_path: Path) -> None:
    messages = []
    prepared = prepare_roadworld(
        tmp_path / "out",
        clips=2,
        frames=4,
        size=(32, 64),
        looks=("day", "label"),
        val_clips=1,
        progress=lambda *news: messages.append(news),
    )
    assert prepared.num_clips == {"train/A": 2, "train/B": 2, "val/A": 1, "val/B": 1}
    clips = {split: index_data(tmp_path / "out", split) for split in ("train", "val")}
    names = [clip.name for found in clips.values() for domain in found.values() for clip in domain]
    assert len(set(names)) == 6, "no drive is shown twice"
    assert clips["train"]["a"][0].num_frames == 4
    assert clips["train"]["a"][0].size == (32, 64)
    for number, clip in enumerate(clips["val"]["b"][0].files):
        truth = np.load(tmp_path / "out/truth/val/B" / f"{clips['val']['b'][0].name}.npz")
        np.testing.assert_array_equal(read_image(clip), colourize(truth["classes"][number], VIPER))
    assert truth["flow_backward"].shape == (4, 32, 64, 2)
    assert truth["visible_backward"].dtype == bool
    assert not truth["visible_backward"][0].any()
    assert messages[0][:2] == (0, 24)


def test_roadworld_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for number, seed in enumerate((3, 3, 4)):
        prepare_roadworld(tmp_path / str(number), 1, 2, (32, 64), ("label", "label"), seed, val_clips=1)
    first, again, other = (
        [read_image(path) for path in sorted((tmp_path / str(number)).rglob("*.png"))] for number in range(3)
    )
    assert all((image == twin).all() for image, twin in zip(first, again, strict=True))
    assert any((image != twin).any() for image, twin in zip(first, other, strict=True))


def test_clips_of_one_frame_are_not_split_at_random(tmp_path: Path) -> None:
    for name in ("a1f", "b2c", "c9d", "d0e"):
        write_image(tmp_path / f"a/{name}.png", numbered(1))
    videos = touch_videos(tmp_path / "b", 3)
    words = r"domain A: 4 of 4 clips have a single frame \(a1f\.png, .*--val-a, or give --val 0"
    with pytest.raises(InputError, match=words):
        prepare_videos(tmp_path / "out", [tmp_path / "a"], videos)
    assert not (tmp_path / "out").exists()
    assert prepare_videos(tmp_path / "all", [tmp_path / "a"], videos, val=0.0).num_clips["train/A"] == 4
    write_image(tmp_path / "held/frame_1.png", numbered(2))
    held = prepare_videos(tmp_path / "named", [tmp_path / "a"], videos, val_a=[tmp_path / "held"])
    assert held.num_clips == {"train/A": 4, "val/A": 1, "train/B": 2, "val/B": 1}


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_told(tmp_path: Path, seed: int) -> None:
    videos = touch_videos(tmp_path / "in", 4)
    with pytest.raises(InputError, match=rf"seed: is {seed}; expected 0 to 4294967295"):
        prepare_videos(tmp_path / "out", videos[:2], videos[2:], seed=seed)
    with pytest.raises(InputError, match=rf"seed: is {seed}; expected 0 to 4294967295"):
        prepare_roadworld(tmp_path / "out", 1, 1, (32, 64), seed=seed, val_clips=1)


def test_names_that_look_like_numbered_ones_stay_apart(tmp_path: Path) -> None:
    names = ("one/walk.mp4", "two/walk-2.mp4", "three/walk.mp4", "four/walk.mp4", "five/walk-3.mp4")
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(bytes([number]))
    prepare_videos(tmp_path / "out", [tmp_path / name for name in names], touch_videos(tmp_path / "b", 2), val=0.0)
    made = sorted((tmp_path / "out/train/A").iterdir())
    assert {path.read_bytes()[0] for path in made} == set(range(5))


def test_two_clips_never_become_one_file(tmp_path: Path) -> None:
    (video,) = touch_videos(tmp_path / "in", 1)
    write_image(tmp_path / "other/0.mp4/1.png", numbered(1))
    with pytest.raises(InputError, match=r"would become 0\.mp4, as another file does|cannot be written"):
        prepare_videos(tmp_path / "out", [tmp_path / "other/0.mp4", video], touch_videos(tmp_path / "b", 2), val=0.0)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("link", [True, False])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, link: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = touch_videos(tmp_path / "a", 2), touch_videos(tmp_path / "b", 2)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("os.link", "os.symlink", "os.utime"):
        monkeypatch.setattr(f"recyclegan.data.linking.{name}", full)
    with pytest.raises(InputError, match=r"out: cannot be written \(No space left on device\); make room"):
        prepare_videos(tmp_path / "out", a, b, link=link)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = touch_videos(tmp_path / "a", 2), touch_videos(tmp_path / "b", 2)
    real = Path.open

    def refuse(path: Path, mode: str = "r", *others: object) -> object:
        if path.parent.name == "a" and mode == "rb":
            raise PermissionError(13, "Permission denied")
        return real(path, mode, *others)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"a/.\.mp4: cannot be read \(Permission denied\); check its permissions"):
        prepare_videos(tmp_path / "out", a, b, link=False)
    assert not (tmp_path / "out").exists()


def test_cutting_and_placing_are_told_as_they_go(tmp_path):
    write_video(tmp_path / "long.mp4", (numbered(i, 32, 48) for i in range(40)), 10)
    for name in ("one", "two"):
        write_video(tmp_path / f"{name}.mp4", (numbered(i, 32, 48) for i in range(3)), 10)
    messages = []
    prepare_videos(
        tmp_path / "data",
        [tmp_path / "long.mp4"],
        [tmp_path / "one.mp4", tmp_path / "two.mp4"],
        progress=lambda *news: messages.append(news),
    )
    cutting = [news for news in messages if news[2] == "cutting long"]
    assert [news[0] for news in cutting] == list(range(1, cutting[-1][1] + 1))
    assert [news for news in messages if news not in cutting] == [
        (0, 2, "placing clips of B"),
        (1, 2, "placing clips of B"),
    ]
