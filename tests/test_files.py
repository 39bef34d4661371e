"""Outputs appear whole or not at all; names sort as people count."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.errors import InputError
from recyclegan.files import natural_key, whole_file, whole_folder

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

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
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
