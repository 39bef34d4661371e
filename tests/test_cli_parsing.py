"""Words become options or one line: nothing empty is taken for a path, and no terminal makes help slow."""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import tyro
from hypothesis import given
from hypothesis import strategies as st

from recyclegan.cli.help import WIDEST
from recyclegan.cli.parsing import parse
from recyclegan.errors import InputError


@dataclass(frozen=True)
class Options:
    """Options of a command."""

    place: tyro.conf.Positional[Path]
    """Somewhere."""
    count: int = 3
    """Some."""
    name: str = "x"
    """A name."""


def refusal(*words: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(Options, list(words), "command")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["", "--count", "3"], "at the beginning"),
        (["here", "--name", ""], "after --name"),
        (["here", "--name="], "--name="),
        (["--count", "3", ""], "after 3"),
    ],
)
def test_a_word_that_is_empty_is_no_path(words: list[str], place: str) -> None:
    assert f"command: found nothing {place}, where a value is expected" in refusal(*words)


def test_a_null_character_is_told() -> None:
    assert "command: 'a\\x00b' holds a null character" in refusal("a\0b")


@pytest.mark.parametrize("columns", ["1", "0", "-5", "59", "61", "161", "1000000000", "9" * 5000, "abc", "", None])
def test_help_is_laid_out_in_time_whatever_the_terminal_says(
    columns: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if columns is None:
        monkeypatch.delenv("COLUMNS", raising=False)
    else:
        monkeypatch.setenv("COLUMNS", columns)
    start = time.monotonic()
    with pytest.raises(SystemExit):
        parse(Options, ["--help"], "command")
    assert time.monotonic() - start < 5
    assert os.environ.get("COLUMNS") == columns
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert "--count" in "".join(lines)
    assert max(map(len, lines)) <= WIDEST
    assert "--bogus" in refusal("here", "--bogus")


@given(st.integers(-1000, 10**6))
def test_the_width_of_errors_changes_none_of_their_words(columns: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        assert refusal("here", "--coutn", "3") == (
            "command: Unrecognized options: --coutn, 3 (did you mean --count?); see recyclegan command --help"
        )
