"""One walk for all commands: what it follows, what it leaves out and tells, what it refuses."""

import logging
import os
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from recyclegan import notes
from recyclegan.data import find_clips
from recyclegan.data.walk import walk
from recyclegan.errors import InputError
from recyclegan.translation.outputs import find_media
from recyclegan.video import write_image
from tests.small import touch


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "_already_noted", set())


def seen(folder: Path) -> tuple[set[str], set[str]]:
    """Return the files that training reads, and those that translating reads."""
    trained = {str(file.relative_to(folder)) for clip in find_clips(folder) for file in clip.files}
    videos, clips = find_media(folder)
    return trained, {str(file.relative_to(folder)) for files in (videos, *clips.values()) for file in files}


def test_training_and_translating_see_the_same(tmp_path: Path) -> None:
    touch(
        tmp_path, "disk/one/1.png", "disk/two.mp4", "set/own/1.png", "set/own/2.png", "set/3.png", "set/.hidden/4.png"
    )
    (tmp_path / "set/linked").symlink_to(tmp_path / "disk/one")
    (tmp_path / "set/video.mp4").symlink_to(tmp_path / "disk/two.mp4")
    (tmp_path / "set/own/up").symlink_to(tmp_path / "set")
    trained, translated = seen(tmp_path / "set")
    assert trained == translated == {"linked/1.png", "video.mp4", "own/1.png", "own/2.png", "3.png"}


def test_frames_are_in_one_order_for_training_and_translating(tmp_path: Path) -> None:
    touch(tmp_path, *(f"walk/t{second}.png" for second in ("0", "0.25", "0.5", "1", "1.5", "10")))
    (clip,) = find_clips(tmp_path)
    (frames,) = find_media(tmp_path)[1].values()
    assert list(clip.files) == frames
    assert [file.stem for file in frames] == ["t0", "t0.25", "t0.5", "t1", "t1.5", "t10"]


def test_a_folder_of_many_links_is_entered_once(tmp_path: Path) -> None:
    folder = tmp_path
    for depth in range(40):
        below = tmp_path / f"{depth}"
        below.mkdir()
        for name in ("a", "b"):
            (folder / f"{name}-{depth}").symlink_to(below)
        folder = below
    touch(folder, "1.png")
    start = time.monotonic()
    assert len(list(walk(tmp_path).files)) == 1
    assert time.monotonic() - start < 5


def test_a_real_folder_goes_before_links_to_it(tmp_path: Path) -> None:
    touch(tmp_path, "b/1.png")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b/self").symlink_to(tmp_path / "b")
    assert [str(file.relative_to(tmp_path)) for file in walk(tmp_path).files] == ["b/1.png"]


def test_what_is_left_out_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "f/1.png", "f/.2.png", "notes.txt", "b.json", "c.csv", "d.csv", ".DS_Store", "._1.png", "Thumbs.db")
    (tmp_path / "again").symlink_to(tmp_path / "f")
    os.mkfifo(tmp_path / "pipe.mp4")
    with socket.socket(socket.AF_UNIX) as here:
        monkeypatch.chdir(tmp_path)  # the names of sockets are short
        here.bind("socket.png")
    with caplog.at_level(logging.WARNING):
        assert [clip.name for clip in find_clips(tmp_path)] == ["f"]
        find_clips(tmp_path)
        find_media(tmp_path)
    (messages,) = [record.getMessage() for record in caplog.records]
    assert messages.startswith(f"note: {tmp_path}: left out ")
    for part in ("files of other kinds: 4 (b.json, c.csv, d.csv, ...)", "hidden: 1 (f/.2.png)", "by links: 1 (again)"):
        assert part in messages
    assert "pipes, sockets or devices: 2 (pipe.mp4, socket.png)" in messages
    assert "DS_Store" not in messages


def test_nothing_is_told_where_nothing_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "f/1.png", "f/2.png", "v.mp4")
    find_clips(tmp_path)
    assert not caplog.records


@pytest.mark.parametrize("place", ["clip.mp4", "f/1.png", "folder"])
def test_links_that_lead_nowhere_are_refused_by_every_command(tmp_path: Path, place: str) -> None:
    touch(tmp_path, "f/0.png")
    for target in ("gone", place):
        (tmp_path / place).unlink(missing_ok=True)
        (tmp_path / place).symlink_to(tmp_path / target)
        for look in (find_clips, find_media):
            with pytest.raises(
                InputError, match=rf"{place}: no such file \(a link to .*{target}\); put back"
            ) as caught:
                look(tmp_path)
            assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "f/0.png")

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("recyclegan.data.walk.os.scandir", refuse)
    for look in (find_clips, find_media):
        with pytest.raises(InputError, match=r"cannot be read \(Permission denied\); allow reading it"):
            look(tmp_path)


def test_names_that_are_no_unicode_are_told_in_letters_that_can_be_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, "f/1.png")
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).touch()
    find_clips(tmp_path)
    assert r"caf\xe9.txt" in caplog.text
    caplog.text.encode()


def test_guesses_from_names_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, *(f"cam{camera}_{number}.png" for camera in (1, 2) for number in range(4)))
    find_clips(tmp_path)
    assert "loose frames were taken for 2 clips by the numbers in their names (cam1: 4, cam2: 4)" in caplog.text


def test_single_frames_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, *(f"{name}.png" for name in ("a1f", "b2c", "c9d", "d0e")), "walk/1.png", "walk/2.png")
    find_clips(tmp_path)
    assert "4 of 5 clips have a single frame (a1f.png, b2c.png, c9d.png, ...)" in caplog.text


def test_thousands_of_files_are_found_in_seconds(tmp_path: Path) -> None:
    for number in range(5_000):
        os.close(os.open(tmp_path / f"frame_{number:06d}_v2.png", os.O_CREAT))
    start = time.process_time()
    (clip,) = find_clips(tmp_path)
    assert len(clip.files) == 5_000
    assert time.process_time() - start < 20, "linear in the number of files"


def test_the_notes_of_a_command_are_on_standard_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_image(tmp_path / "in/1.png", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "in/notes.txt").touch()
    handlers, logging.root.handlers = logging.root.handlers, []
    try:
        find_media(tmp_path / "in")
    finally:
        logging.root.handlers = handlers
    assert "note: " in capfd.readouterr().err


def test_folders_whose_names_look_like_several_scenes_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path, *(f"stereo/{number:03d}_{side}.png" for number in range(4) for side in ("left", "right")))
    touch(tmp_path, *(f"walk/{number}.png" for number in range(4)))
    clips = {clip.name: [file.stem for file in clip.files] for clip in find_clips(tmp_path)}
    assert clips["stereo"] == [f"{number:03d}_{side}" for side in ("left", "right") for number in range(4)]
    assert "names of frames look like several scenes within one folder (stereo: 2)" in caplog.text


def test_frames_in_two_formats_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    touch(tmp_path, "walk/1.png", "walk/1.jpg", "walk/2.png", "walk/2.jpg", "walk/3.png")
    find_clips(tmp_path)
    assert "2 frames are there under one name in different formats" in caplog.text
