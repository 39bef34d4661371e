"""The cache: right frames, built once, rebuilt when the source changes, bounded."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import LoadSpec, Resize, cached_clips, default_cache_folder, find_clips
from recyclegan.data.cache import default_cache_bytes
from recyclegan.data.eviction import entry_lock, make_room
from recyclegan.errors import InputError
from recyclegan.labels import VIPER
from recyclegan.video import write_image, write_video
from tests.data.caches import SMALL, entries, entry_name, make_clip
from tests.media import bars, number_of, numbered


def test_frames_of_videos_and_folders_are_kept_in_order(tmp_path: Path) -> None:
    write_video(tmp_path / "in/video.mp4", [numbered(n) for n in range(20)], rate=25)
    make_clip(tmp_path / "in", num_frames=7)
    clips = find_clips(tmp_path / "in")
    for clip, frames in zip(clips, cached_clips([(c, SMALL) for c in clips], tmp_path / "cache"), strict=True):
        assert frames.shape == (clip.num_frames, 24, 32, 3)
        assert [number_of(frame) for frame in frames[:]] == list(range(clip.num_frames))


def test_what_is_kept_is_what_the_specification_makes_of_a_frame(tmp_path: Path) -> None:
    write_image(tmp_path / "in/a/1.png", bars())
    clips = find_clips(tmp_path / "in")
    specs = [
        SMALL,
        LoadSpec(Resize("none")),
        LoadSpec(Resize("square", 20, 20), is_label=True),
        LoadSpec(Resize("none"), channels=1),
    ]
    arrays = cached_clips([(clips[0], spec) for spec in specs], tmp_path / "cache")
    for spec, frames in zip(specs, arrays, strict=True):
        np.testing.assert_array_equal(frames[:][0], spec(bars()))
    assert [frames.shape[-1] for frames in arrays] == [3, 3, 3, 1]
    assert len(entries(tmp_path / "cache")) == 4


def test_label_colours_stay_exact(tmp_path: Path) -> None:
    image = VIPER.colours[np.random.default_rng(0).integers(0, len(VIPER.colours), (31, 45))]
    write_image(tmp_path / "in/a/1.png", image)
    (frames,) = cached_clips(
        [(find_clips(tmp_path / "in")[0], LoadSpec(SMALL.resize, is_label=True))], tmp_path / "cache"
    )
    assert {tuple(colour) for colour in frames[:].reshape(-1, 3)} <= {tuple(colour) for colour in image.reshape(-1, 3)}


def test_a_clip_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "in")
    messages: list[tuple[int, int, str]] = []
    cached_clips([(clip, SMALL), (clip, SMALL)], tmp_path / "cache", progress=lambda *news: messages.append(news))
    assert messages == [(number, 6, "clip") for number in range(1, 7)]
    monkeypatch.setattr("recyclegan.data.index.read_image", lambda _: pytest.fail("decoded again"))
    (frames,) = cached_clips(
        [(find_clips(tmp_path / "in")[0], SMALL)], tmp_path / "cache", progress=lambda *news: messages.append(news)
    )
    assert len(messages) == 6
    assert len(frames) == 6


def test_a_changed_source_is_rebuilt(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in", num_frames=3)
    (before,) = cached_clips([(clip, SMALL)], tmp_path / "cache")
    stamp = clip.files[1].stat()
    write_image(clip.files[1], numbered(40))
    os.utime(clip.files[1], ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1))
    (after,) = cached_clips([(clip, SMALL)], tmp_path / "cache")
    assert [number_of(frame) for frame in before[:]] == [0, 1, 2]
    assert [number_of(frame) for frame in after[:]] == [0, 40, 2]


BUILD = """
import sys, pathlib
from recyclegan.data import LoadSpec, Resize, cached_clips, find_clips
source, cache = map(pathlib.Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
decoded = []
(frames,) = cached_clips(
    [(find_clips(source)[0], LoadSpec(Resize("rectangle", 24, 32)))], cache, progress=lambda *news: decoded.append(news)
)
print(len(decoded), int(frames[:].sum(dtype="int64")))
"""


def test_two_processes_that_build_at_once_end_with_one_right_file(tmp_path: Path) -> None:
    write_video(tmp_path / "in/video.mp4", [numbered(n % 50) for n in range(100)], rate=25)
    command = [sys.executable, "-c", BUILD, str(tmp_path / "in"), str(tmp_path / "cache")]
    processes = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sorted(int(decoded) for decoded, _ in outputs) == [0, 100], "one builds, the other waits"
    (entry,) = entries(tmp_path / "cache")
    assert {int(total) for _, total in outputs} == {int(np.load(entry).sum(dtype=np.int64))}
    assert [number_of(frame) for frame in np.load(entry)] == [n % 50 for n in range(100)]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    make_clip(tmp_path / "in")
    (tmp_path / "in/clip/3.png").write_text("no image")
    with pytest.raises(InputError, match=r"3\.png: not an image"):
        cached_clips([(find_clips(tmp_path / "in")[0], SMALL)], tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_bad_clip_ends_the_work_on_the_others(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/bad.mp4").write_text("no video")
    make_clip(tmp_path / "in")
    with pytest.raises(InputError, match="bad"):
        cached_clips([(clip, SMALL) for clip in find_clips(tmp_path / "in")], tmp_path / "cache")


def test_frames_of_several_sizes_need_a_fixed_size(tmp_path: Path) -> None:
    write_image(tmp_path / "in/a/1.png", numbered(1, 48, 64))
    write_image(tmp_path / "in/a/2.png", numbered(2, 40, 64))
    clip = find_clips(tmp_path / "in")[0]
    with pytest.raises(InputError, match="a: one frame is 64x40, the first is 64x48; resize"):
        cached_clips([(clip, LoadSpec(Resize("none")))], tmp_path / "cache")
    assert len(cached_clips([(clip, SMALL)], tmp_path / "cache")[0]) == 2


ENTRY_BYTES = 128 + 6 * 24 * 32 * 3


def test_the_clips_used_longest_ago_make_room(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    clips = [make_clip(tmp_path / "in", name, first=10 * number) for number, name in enumerate("xyz")]
    for number, clip in enumerate(clips[:2]):
        cached_clips([(clip, SMALL)], cache)
        os.utime(max(entries(cache), key=lambda path: path.stat().st_mtime), (number, number))
    cached_clips([(clips[0], SMALL)], cache)
    cached_clips([(clips[2], SMALL)], cache, max_bytes=2 * ENTRY_BYTES + 1000)
    left = {number_of(np.load(entry)[0]) // 10 for entry in entries(cache)}
    assert left == {0, 2}, "y, which was used longest ago, is gone"


def test_too_large_data_is_told_before_anything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [(make_clip(tmp_path / "in"), LoadSpec(Resize("rectangle", 1000, 2000)))]
    with pytest.raises(InputError, match=r"take 0\.04 GB .* may hold 0\.01 GB; give a larger --cache-gb"):
        cached_clips(wanted, tmp_path / "cache", max_bytes=10**7)
    full = type("Usage", (), {"free": 10**6})
    monkeypatch.setattr("recyclegan.data.eviction.shutil.disk_usage", lambda _: full)
    with pytest.raises(InputError, match=r"the disk has 0\.00 GB left; set RECYCLEGAN_CACHE to a larger disk"):
        cached_clips(wanted, tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_an_entry_that_is_being_built_is_not_removed(tmp_path: Path) -> None:
    old, new = entry_name(0), entry_name(1)
    for name in (old, new):
        np.save(tmp_path / name, np.zeros(1000, np.uint8))
    os.utime(tmp_path / old, (0, 0))
    with entry_lock(tmp_path / old):
        make_room(tmp_path, [], 0, max_bytes=1500)
    assert [entry.name for entry in entries(tmp_path)] == [old]


def test_the_place_and_the_bound_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECYCLEGAN_CACHE", str(tmp_path / "here"))
    monkeypatch.setenv("RECYCLEGAN_CACHE_GB", "1.5")
    assert default_cache_folder() == tmp_path / "here"
    assert default_cache_bytes() == 1_500_000_000
    for stated in ("plenty", "nan", "inf", "0", "-1", "1e300"):
        monkeypatch.setenv("RECYCLEGAN_CACHE_GB", stated)
        with pytest.raises(InputError, match=f"RECYCLEGAN_CACHE_GB: is '{stated}'"):
            default_cache_bytes()
    monkeypatch.setenv("RECYCLEGAN_CACHE_GB", "")
    assert default_cache_bytes() == 64_000_000_000
    monkeypatch.setenv("RECYCLEGAN_CACHE", "~nobody-of-that-name/cache")
    with pytest.raises(InputError, match="RECYCLEGAN_CACHE: is '~nobody-of-that-name/cache'"):
        default_cache_folder()
    monkeypatch.delenv("RECYCLEGAN_CACHE")
    assert default_cache_folder().name == "recyclegan"


def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot hold the cache"):
        cached_clips([(make_clip(tmp_path / "in"), SMALL)], tmp_path / "file")
