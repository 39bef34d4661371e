"""The cache under accidents: no rights, no room, few open files, signals, kills, and sources that come and go."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from recyclegan.data import Clip, LoadSpec, Resize, cached_clips, find_clips
from recyclegan.data.eviction import entry_lock, make_room
from recyclegan.errors import InputError
from recyclegan.video import write_image, write_video
from tests.data.caches import SMALL, as_nobody, clip_in, entries, entry_name, make_clip, make_noise, public_folder
from tests.media import number_of, numbered

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def limited(kind: int, most: int) -> Iterator[None]:
    """Set a limit of this process while the block runs."""
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_more_clips_than_open_files_are_built_and_read(tmp_path: Path) -> None:
    wanted = [(make_clip(tmp_path / "in", f"c{number:03d}", 1, number % 50), SMALL) for number in range(160)]
    in_use = open_files()
    with limited(resource.RLIMIT_NOFILE, in_use + 100):
        clips = cached_clips(wanted, tmp_path / "cache")
        assert [number_of(clip[0:1][0]) for clip in clips] == [number % 50 for number in range(160)]
        assert open_files() <= in_use + 3, "no file stays open"


def test_a_complete_cache_is_read_where_nothing_may_be_written() -> None:
    with public_folder() as folder:
        clip = make_clip(folder / "in")
        (before,) = cached_clips([(clip, SMALL)], folder / "cache")
        files = sorted((folder / "cache").iterdir())
        (folder / "cache").chmod(0o555)
        with as_nobody():
            (frames,) = cached_clips([(clip, SMALL)], folder / "cache")
            np.testing.assert_array_equal(frames[:], before[:])
            assert sorted((folder / "cache").iterdir()) == files
            with pytest.raises(InputError, match=r"cache.*cannot be written \(Permission denied\); .* elsewhere"):
                cached_clips([(clip, LoadSpec(Resize("none")))], folder / "cache")


@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_cache_that_may_not_be_searched_is_one_line(mode: int) -> None:
    with public_folder() as folder:
        clip = make_clip(folder / "in")
        cached_clips([(clip, SMALL)], folder / "cache")
        (folder / "cache").chmod(mode)
        with as_nobody(), pytest.raises(InputError, match=r"cache.*\(Permission denied\); .* elsewhere"):
            cached_clips([(clip, SMALL)], folder / "cache")
        (folder / "cache").chmod(0o755)


def test_a_write_that_fails_is_one_line_and_the_next_run_goes_on(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    make_clip(tmp_path / "in", "long", 40)
    make_clip(tmp_path / "in", "short", 2)
    wanted = [(clip, SMALL) for clip in find_clips(tmp_path / "in")]
    with (
        limited(resource.RLIMIT_FSIZE, 20 * 24 * 32 * 3),
        pytest.raises(InputError, match=rf"cannot be written \({os.strerror(errno.EFBIG)}\)"),
    ):
        cached_clips(wanted, cache)
    assert {path.suffix for path in cache.iterdir()} <= {".npy", ".lock"}
    messages: list[str] = []
    clips = cached_clips(wanted, cache, progress=lambda *news: messages.append(news[2]))
    assert messages.count("long") == 40
    assert [number_of(frame) for frame in clips[0][:]] == list(range(40))


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to itself"])
def test_what_is_no_file_in_the_place_of_an_entry_is_one_line(tmp_path: Path, kind: str) -> None:
    clip = make_clip(tmp_path / "in")
    cached_clips([(clip, SMALL)], tmp_path / "cache")
    (entry,) = entries(tmp_path / "cache")
    entry.unlink()
    {"pipe": os.mkfifo, "folder": Path.mkdir, "link to itself": lambda path: path.symlink_to(path)}[kind](entry)
    with pytest.raises(InputError, match=rf"{entry.name}'?: (is a|cannot be reached)"):
        cached_clips([(clip, SMALL)], tmp_path / "cache")


def test_a_bound_that_the_clips_exceed_holds_for_a_complete_cache_too(tmp_path: Path) -> None:
    wanted = [(make_clip(tmp_path / "in"), SMALL)]
    cached_clips(wanted, tmp_path / "cache")
    with pytest.raises(InputError, match=r"the cache may hold 0\.00 GB; give a larger --cache-gb"):
        cached_clips(wanted, tmp_path / "cache", max_bytes=1000)


def test_scratch_counts_in_the_size_of_the_cache(tmp_path: Path) -> None:
    np.save(tmp_path / entry_name(0), np.zeros(1000, np.uint8))
    scratch = tmp_path / f".{entry_name(1)}.partial"
    scratch.mkdir()
    (scratch / entry_name(1)).write_bytes(bytes(1000))
    make_room(tmp_path, [], 0, max_bytes=2500)
    assert entries(tmp_path), "there is room for both"
    make_room(tmp_path, [], 0, max_bytes=2000)
    assert not entries(tmp_path)


def test_files_that_vanish_while_room_is_made_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left, gone = (tmp_path / entry_name(number) for number in range(2))
    np.save(left, np.zeros(1000, np.uint8))
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([gone, left]))
    make_room(tmp_path, [tmp_path / entry_name(2)], 0, max_bytes=1)
    monkeypatch.undo()
    assert not entries(tmp_path)


def test_what_others_are_writing_may_come_and_go_while_room_is_made(tmp_path: Path) -> None:
    """Scratch folders come and go in another thread."""
    done, scratch = Event(), [tmp_path / f".{entry_name(number)}.partial" for number in range(20)]

    def write() -> None:
        while not done.is_set():
            for folder in scratch:
                folder.mkdir()
            for folder in scratch:
                folder.rmdir()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        for _ in range(300):
            make_room(tmp_path, [], 0, max_bytes=1)
        done.set()
        writing.result()


def test_files_of_others_in_the_folder_of_the_cache_are_left_alone(tmp_path: Path) -> None:
    for name in ("results.npy", f"x{entry_name(3)}", "0.npy"):
        np.save(tmp_path / name, np.zeros(5000, np.uint8))
    np.save(tmp_path / entry_name(3), np.zeros(1000, np.uint8))
    make_room(tmp_path, [], 0, max_bytes=1)
    assert sorted(path.name for path in entries(tmp_path)) == sorted(("results.npy", f"x{entry_name(3)}", "0.npy"))


BUILD = """
import sys, time
from pathlib import Path
from recyclegan.ends import exit_code
from recyclegan.data import LoadSpec, Resize, cached_clips, find_clips

def build():
    wanted = [(clip, LoadSpec(Resize("rectangle", 24, 32))) for clip in find_clips(Path(sys.argv[1]))]
    cached_clips(wanted, Path(sys.argv[2]), progress=lambda *news: (print(*news, flush=True), time.sleep(0.02)))
    return 0

print("ready", flush=True)
sys.exit(exit_code(build, []))
"""


@contextmanager
def building(source: Path, cache: Path, lines: int = 1) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that decodes slowly, after it has printed some lines."""
    command = [sys.executable, "-c", BUILD, str(source), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY) as child:
        assert child.stdout is not None
        try:
            for _ in range(lines):
                assert child.stdout.readline()
            yield child
        finally:
            child.kill()


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_decoding_at_once_and_leaves_nothing(tmp_path: Path, kind: signal.Signals) -> None:
    for name in range(4):
        write_video(tmp_path / f"in/{name}.mp4", [numbered(n % 50) for n in range(200)], rate=25)
    cache = tmp_path / "cache"
    with building(tmp_path / "in", cache, lines=6) as child:
        began = time.monotonic()
        child.send_signal(kind)
        _, errors = child.communicate(timeout=20)
        assert time.monotonic() - began < 5, "all would take 16 seconds"
        assert child.returncode == 128 + kind
        assert len(errors.splitlines()) == 1
    assert {path.suffix for path in cache.iterdir()} == {".lock"}


def test_a_signal_ends_the_wait_for_another_process(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in")
    cache = tmp_path / "cache"
    cached_clips([(clip, SMALL)], cache)
    (entry,) = entries(cache)
    entry.unlink()
    with entry_lock(entry), building(tmp_path / "in", cache) as child:
        time.sleep(1)
        child.terminate()
        _, errors = child.communicate(timeout=20)
    assert (child.returncode, len(errors.splitlines())) == (143, 1)


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    write_video(tmp_path / "in/video.mp4", [numbered(n % 50) for n in range(200)], rate=25)
    cache = tmp_path / "cache"
    with building(tmp_path / "in", cache, lines=3) as child:
        child.kill()
        child.wait()
    assert list(cache.glob(".*.partial"))
    cached_clips([(make_clip(tmp_path / "other"), SMALL)], cache)
    assert not list(cache.glob(".*.partial"))
    (video,) = cached_clips([(find_clips(tmp_path / "in")[0], SMALL)], cache)
    assert [number_of(frame) for frame in video[:]] == [n % 50 for n in range(200)]


def test_what_another_process_is_writing_stays(tmp_path: Path) -> None:
    write_video(tmp_path / "in/video.mp4", [numbered(n % 50) for n in range(60)], rate=25)
    cache = tmp_path / "cache"
    with building(tmp_path / "in", cache, lines=3) as child:
        cached_clips([(make_clip(tmp_path / "other"), SMALL)], cache)
        assert list(cache.glob(".*.partial"))
        child.communicate(timeout=20)
    assert child.returncode == 0
    assert len(entries(cache)) == 2


def test_a_file_that_vanishes_before_or_while_it_is_read_is_one_line(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in")
    clip.files[3].unlink()
    with pytest.raises(InputError, match=r"3\.png: cannot be read \(No such file"):
        cached_clips([(clip, SMALL)], tmp_path / "cache")
    clip = make_clip(tmp_path / "in")
    with pytest.raises(InputError, match=r"5\.png: no such file"):
        cached_clips([(clip, SMALL)], tmp_path / "cache", progress=lambda *_: clip.files[5].unlink(missing_ok=True))
    assert not entries(tmp_path / "cache")


@pytest.mark.parametrize("target", ["nowhere.png", "2.png"])
def test_links_that_lead_nowhere_or_in_circles_are_one_line(tmp_path: Path, target: str) -> None:
    clip = make_clip(tmp_path / "in")
    clip.files[2].unlink()
    clip.files[2].symlink_to(target)
    with pytest.raises(InputError, match=r"2\.png: cannot be read .*remove the link"):
        cached_clips([(clip, SMALL)], tmp_path / "cache")


def test_a_clip_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in")
    with pytest.raises(InputError, match="clip: changed while it was read; run again when its files are complete"):
        cached_clips([(clip, SMALL)], tmp_path / "cache", progress=lambda *_: write_image(clip.files[0], numbered(30)))
    assert not entries(tmp_path / "cache")
    (frames,) = cached_clips([(clip, SMALL)], tmp_path / "cache")
    assert [number_of(frame) for frame in frames[:]] == [30, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("promised", [1, 4, 90])
def test_frames_are_those_that_were_decoded_whatever_was_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promised: int
) -> None:
    monkeypatch.setattr(Clip, "num_frames", promised)
    messages: list[tuple[int, int]] = []
    clip = make_noise(tmp_path / "in", num_frames=6)
    (frames,) = cached_clips(
        [(clip, SMALL)], tmp_path / "cache", progress=lambda done, total, _: messages.append((done, total))
    )
    assert len(frames) == 6
    assert messages[-1] == (min(6, promised), promised)


def test_label_maps_in_colour_are_not_made_grey(tmp_path: Path) -> None:
    write_image(tmp_path / "in/grey/0.png", np.full((4, 4, 3), 7, np.uint8))
    write_image(tmp_path / "in/colour/0.png", np.full((4, 4, 3), (0, 0, 142), np.uint8))
    spec = LoadSpec(Resize("none"), is_label=True, channels=1)
    (frames,) = cached_clips([(clip_in(tmp_path / "in", "grey"), spec)], tmp_path / "cache")
    assert (frames.shape, frames.palette) == ((1, 4, 4, 1), ((7, 7, 7),))
    with pytest.raises(InputError, match="label map in colour: cannot be kept in 1 channel"):
        cached_clips([(clip_in(tmp_path / "in", "colour"), spec)], tmp_path / "cache")
