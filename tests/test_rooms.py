"""The package as a house: a file name stands for one thing, and each room says what it is for."""

import ast
from collections import Counter
from pathlib import Path

import pytest

import recyclegan

ROOT = Path(recyclegan.__file__).parent
ROOMS = sorted(file.parent for file in ROOT.rglob("__init__.py") if file.parent != ROOT)
MOST_LINES = 520


def test_no_file_name_stands_for_two_things() -> None:
    names = Counter(file.stem for file in ROOT.rglob("*.py") if file.stem != "__init__")
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_it_is_for_what_comes_in_and_what_goes_out(room: Path) -> None:
    text = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert all(word in text for word in ("For: ", "In: ", "Out: "))
    assert len(text.splitlines()) <= 6


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in ROOT.rglob("*.py")}
    assert {str(file.relative_to(ROOT)): length for file, length in lengths.items() if length > MOST_LINES} == {}
