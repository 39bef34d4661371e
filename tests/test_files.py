"""Outputs appear whole or not at all; names sort as people count."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.errors import InputError
from recyclegan.files import (
    digest,
    digest_of,
    natural_key,
    only_one,
    read_json,
    read_text,
    sweep,
    whole_file,
    whole_folder,
    write_bytes,
    write_json,
    write_text,
)

WRITERS = [whole_file, whole_folder]


def fill(scratch: Path, text: str) -> None:
    (scratch / "part" if scratch.is_dir() else scratch).write_text(text)


def stop_half_way(scratch: Path, error: type[BaseException]) -> None:
    fill(scratch, "new")
    raise error("half way")


def content(path: Path) -> str:
    return (path / "part" if path.is_dir() else path).read_text()


@pytest.mark.parametrize("whole", WRITERS)
def test_an_output_appears_at_the_end_with_nothing_beside_it(tmp_path: Path, whole: Callable) -> None:
    target = tmp_path / "deep" / "er" / "out.txt"
    with whole(target) as scratch:
        fill(scratch, "new")
        assert not target.exists()
        assert scratch.name == target.name, "the suffix tells writers the format"
    assert content(target) == "new"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("whole", WRITERS)
def test_an_existing_output_is_replaced_at_the_end(tmp_path: Path, whole: Callable) -> None:
    target = tmp_path / "out"
    for text in ("old", "new"):
        with whole(target) as scratch:
            fill(scratch, text)
            assert not target.exists() or content(target) == "old"
    assert content(target) == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_replaced_by_renaming_not_by_writing_over_it(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old")
    (tmp_path / "same file").hardlink_to(tmp_path / "out")
    with whole_file(tmp_path / "out") as scratch:
        scratch.write_text("new")
    assert (tmp_path / "out").read_text() == "new"
    assert (tmp_path / "same file").read_text() == "old"


def test_a_replaced_folder_keeps_nothing_of_the_old_one(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with whole_folder(tmp_path / "out") as scratch:
            (scratch / name).touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]


@pytest.mark.parametrize("whole", WRITERS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, InputError])
@pytest.mark.parametrize("existing", [False, True])
def test_an_error_leaves_what_was_there(tmp_path: Path, whole: Callable, error: type, existing: bool) -> None:
    target = tmp_path / "out"
    if existing:
        with whole(target) as scratch:
            fill(scratch, "old")
    with pytest.raises(error, match="half way"), whole(target) as scratch:
        stop_half_way(scratch, error)
    assert list(tmp_path.iterdir()) == [target] * existing
    assert not existing or content(target) == "old"


def message_of(whole: Callable, path: Path) -> str:
    with pytest.raises(InputError) as caught, whole(path):
        pytest.fail("the block must not be entered")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("whole", WRITERS)
def test_a_place_below_a_file_is_refused(tmp_path: Path, whole: Callable) -> None:
    (tmp_path / "file").touch()
    message = message_of(whole, tmp_path / "file" / "out")
    assert message.startswith(str(tmp_path / "file" / "out"))
    assert "cannot be written" in message
    assert "choose another place" in message


@pytest.mark.parametrize("whole", WRITERS)
def test_a_place_that_may_not_be_written_is_refused(
    tmp_path: Path, whole: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    assert "Permission denied" in message_of(whole, tmp_path / "out")


def test_a_file_is_not_written_over_a_folder_nor_a_folder_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert "is a folder; name a file" in message_of(whole_file, tmp_path / "folder")
    assert "is a file; name a folder" in message_of(whole_folder, tmp_path / "file")
    assert (tmp_path / "file").is_file()


def test_a_relative_path_is_written_into_the_present_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with whole_file(Path("out.txt")) as scratch:
        scratch.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True))
@settings(deadline=None)
def test_numbers_in_names_sort_by_value(numbers: list[int]) -> None:
    paths = [Path(f"clip/frame_{number}.png") for number in numbers]
    assert sorted(paths, key=natural_key) == [Path(f"clip/frame_{number}.png") for number in sorted(numbers)]


@given(st.text("aB1_2.9/²٣é", min_size=1, max_size=8), st.text("aB1_2.9/²٣é", min_size=1, max_size=8))
@settings(deadline=None)
def test_any_two_names_can_be_compared(one: str, other: str) -> None:
    first, second = natural_key(Path(one)), natural_key(Path(other))
    assert (first < second) + (first > second) + (first == second) == 1


def test_case_and_leading_numbers_are_handled() -> None:
    names = ["b.png", "A.png", "10.png", "9.png", "a2.png", "a10.png"]
    found = [path.name for path in sorted(map(Path, names), key=natural_key)]
    assert found == ["9.png", "10.png", "a2.png", "a10.png", "A.png", "b.png"]


def test_scratch_of_a_killed_process_is_removed_by_the_next_writer(tmp_path: Path) -> None:
    left = tmp_path / ".out.partial"
    (left / "out").mkdir(parents=True)
    (left / "lock").touch()
    (left / "out" / "half").write_text("half")
    with whole_folder(tmp_path / "out") as scratch:
        (scratch / "part").write_text("new")
    assert list(tmp_path.rglob("*")) == [tmp_path / "out", tmp_path / "out" / "part"]


def test_sweeping_removes_what_no_process_holds(tmp_path: Path) -> None:
    (tmp_path / ".dead.partial").mkdir()
    (tmp_path / ".dead.partial" / "lock").touch()
    (tmp_path / ".dead.partial" / "dead").write_text("half")
    (tmp_path / ".empty.partial").mkdir()
    (tmp_path / ".foreign.partial").mkdir()
    (tmp_path / ".foreign.partial" / "file").touch()
    with whole_file(tmp_path / "alive") as scratch:
        scratch.write_text("new")
        sweep(tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {".alive.partial", ".foreign.partial"}
    assert (tmp_path / "alive").read_text() == "new"


@pytest.mark.parametrize("whole", WRITERS)
def test_of_two_writers_of_one_place_the_second_is_refused(tmp_path: Path, whole: Callable) -> None:
    with whole(tmp_path / "out") as scratch:
        fill(scratch, "first")
        assert "out: is being written by another process; wait for it" in message_of(whole, tmp_path / "out")
    assert content(tmp_path / "out") == "first"


def test_two_processes_that_begin_at_once_never_both_write(tmp_path: Path) -> None:
    script = f"""
import sys, time
from pathlib import Path
from recyclegan.files import whole_file
from recyclegan.errors import InputError
won = 0
for turn in range(60):
    try:
        with whole_file(Path({str(tmp_path)!r}) / "out") as scratch:
            with scratch.open("xb") as file:
                file.write(sys.argv[1].encode() * 2000)
            assert set(scratch.read_bytes()) == set(sys.argv[1].encode())
        won += 1
    except InputError as error:
        assert "being written by another" in str(error), error
print(won)
"""
    started = [
        subprocess.Popen([sys.executable, "-c", script, letter], stdout=subprocess.PIPE, text=True) for letter in "abc"
    ]
    won = [int(process.communicate(timeout=60)[0]) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert sum(won) >= 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_is_told_where_the_file_would_have_been(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"run/part: cannot be written \(No space left on device\); make room"),
        whole_folder(tmp_path / "run") as folder,
        whole_file(folder / "part"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["é" * 110, "x" * 255])
def test_long_names_are_written(tmp_path: Path, name: str) -> None:
    write_text(tmp_path / name, "text")
    assert read_text(tmp_path / name) == "text"
    assert len(list(tmp_path.iterdir())) == 1


def test_devices_and_pipes_are_not_written_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a device; name a file" in message_of(whole_file, tmp_path / "pipe")
    assert "is a device; name a folder" in message_of(whole_folder, tmp_path / "pipe")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_impossible_names_are_refused(tmp_path: Path, name: str) -> None:
    message_of(whole_file, tmp_path / name)
    with pytest.raises(InputError):
        read_text(tmp_path / name)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(VALUES)
@settings(deadline=None, max_examples=30)
def test_json_comes_back(value: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "x.json", value)
        assert read_json(Path(folder) / "x.json") == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (b"[" * 100_000, "is no JSON"),
        (b"1" * 10_000, "is no JSON"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_json(tmp_path / "x.json")


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    wrong = {tmp_path: "is a folder", tmp_path / "pipe": "is a device", tmp_path / "no": "no such file"}
    for path, found in wrong.items():
        for read in (read_text, read_json, digest):
            with pytest.raises(InputError, match=found):
                read(path)


def test_only_one_process_holds_a_lock_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    lock = tmp_path / "run" / ".lock"
    with (
        only_one(lock, "run"),
        pytest.raises(InputError, match="run: another process is at work on it"),
        only_one(lock, "run"),
    ):
        pytest.fail("the block must not be entered")
    assert list((tmp_path / "run").iterdir()) == []


def test_digests_tell_contents_apart(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"one")
    assert digest(tmp_path / "x") == digest_of(b"one") != digest_of(b"two")


def test_a_kill_between_the_old_folder_and_the_new_one_loses_neither(tmp_path: Path) -> None:
    left = tmp_path / ".out.partial"
    (left / "replaced" / "out").mkdir(parents=True)
    (left / "replaced" / "out" / "part").write_text("old")
    (left / "lock").touch()
    sweep(tmp_path)
    assert content(tmp_path / "out") == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
