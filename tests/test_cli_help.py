"""Help of every command: each option that is parsed is told of, in words, in 80 columns, those that matter first."""

import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest
import tyro

from recyclegan.cli import main
from recyclegan.cli.catalogue import about, every_command
from recyclegan.cli.option_records import Option, options_of
from recyclegan.cli.option_tables import FIRST, HEADINGS, MAIN
from recyclegan.cli.parsing import _bounded_width
from recyclegan.errors import InputError

COMMANDS = dict(every_command())
NAMES = pytest.mark.parametrize("name", COMMANDS)

Show = Callable[..., str]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Show:
    """Return what a command prints in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def shown(*words: str) -> str:
        capsys.readouterr()
        with suppress(SystemExit):
            assert main(list(words)) == 0
        messages = capsys.readouterr()
        assert not messages.err
        return messages.out

    return shown


def entries(text: str) -> dict[str, str]:
    """Return what stands beside each option of a help."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := re.match(r"^  (-\S.*?|\[?[A-Z]+\]?(?: \.\.\. [A-Z]+)?)(?:  +(\S.*))?$", line):
            name, found[name] = match[1], match[2] or ""
        elif line.startswith(" " * 24) and found:
            found[name] = f"{found[name]} {line.strip()}".lstrip()
    return {name: messages for name, messages in found.items() if name not in ("-h", "--help", "-h, --help")}


@NAMES
def test_help_fits_and_tells_of_every_option_in_words(name: str, show: Show) -> None:
    text = show(*name.split(), "--help")
    assert max(map(len, text.splitlines())) <= 80
    assert not re.search(r"None|\bPATH\b|\bSTR\b|\bINT\b|\bFLOAT\b|[│─╭]|``", text)
    messages = entries(text)
    options = options_of(COMMANDS[name], name)
    assert set(messages) == {str(option) for option in options}
    for option in options:
        assert len(option.text) > 10, option
        assert messages[str(option)].startswith(option.text[:20]), option
    assert text.split("\n\n")[1].replace("\n", " ") == about(name, COMMANDS[name])


@NAMES
def test_what_is_told_is_what_is_parsed(name: str) -> None:
    messages = io.StringIO()
    with pytest.raises(SystemExit), redirect_stdout(messages), _bounded_width():
        tyro.cli(COMMANDS[name], args=["--help"], config=(tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands))
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", messages.getvalue()).splitlines()]
    heads = filter(None, (re.match(r"(--[a-z][\w-]*)(?:, (--no-[\w-]+))?(?: [A-Z{\[]|  |$)", line) for line in lines))
    parsed = {flag for head in heads for flag in head.groups() if flag}
    assert {flag for option in options_of(COMMANDS[name], name) for flag in option.flags} == parsed


@NAMES
def test_short_help_shows_those_that_matter_most_and_says_how_many_more_there_are(name: str, show: Show) -> None:
    short, full = show(*name.split(), "-h"), show(*name.split(), "--help")
    if FIRST not in full:
        assert short == full
        return
    assert len(short.splitlines()) <= 50
    flags = [option for option in entries(short) if option.startswith("-")]
    assert [option.split()[0].strip(",-").replace("-", "_") for option in flags] == [
        known for known in MAIN[name.split()[0]] if known in {o.name for o in options_of(COMMANDS[name], name)}
    ]
    left_out = int(re.search(r"^(\d+) more options .*--help$", short, re.MULTILINE | re.DOTALL)[1])
    assert left_out == len(entries(full)) - len(entries(short))
    others = [title for title in HEADINGS if title != FIRST and f"\n{title}\n" in full]
    assert others
    assert all(full.index(FIRST) < full.index(f"\n{title}\n") for title in others)


def test_training_has_a_heading_for_each_kind_of_option(show: Show) -> None:
    text = show("train", "unsup-recycle-gan", "--help")
    titles = re.findall(r"^([A-Z][a-z ]+)$", text, re.MULTILINE)
    assert titles == [
        *(FIRST, "Size", "Data", "Method", "Networks", "Adversary", "Labels of the source", "Further inputs"),
        *("Motion", "Optimiser", "Machine", "Log and checkpoints"),
    ]
    groups = dict(zip(titles, re.split(r"^[A-Z][a-z ]+$", text, flags=re.MULTILINE)[1:], strict=True))
    places = {
        "--cycle A B": "Method",
        "--norm": "Networks",
        "--r1 A B": "Adversary",
        "--zoom": "Motion",
        "--lr RATE": "Optimiser",
    }
    for option, title in places.items():
        assert f"\n  {option}" in groups[title]
    assert "A weight of 0 leaves its term out" in " ".join(groups["Method"].split())


def test_defaults_are_those_of_the_preset_that_is_named(show: Show) -> None:
    for preset, generator, cycle in (("viper-to-cityscapes", "resnet-6", "0 0"), ("steady", "detail-6", "10 10")):
        messages = entries(show("train", "unsup-recycle-gan", "--preset", preset, "--help"))
        assert messages["--generator NAME"].endswith(f"Default: {generator}.")
        assert messages["--cycle A B"].endswith(f"Default: {cycle}.")
        assert messages["--resume, --no-resume"].endswith("repeated.")
        assert messages["--relative, --no-relative"].endswith("Default: on.")
        assert messages["--preset NAME"].count("Default") == 0


def test_what_is_missing_is_named_with_how_the_command_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    for words, missing, written in (
        (["evaluate", "run"], "SOURCE, --out DIR", "evaluate TRANSLATED SOURCE --out DIR"),
        (["export-reference"], "RUN, --out DIR", "export-reference RUN --out DIR"),
        (["prepare", "videos"], "DATA, --a FOOTAGE ..., --b FOOTAGE ...", "prepare videos DATA --a FOOTAGE ... --b FO"),
    ):
        assert main(words) == 2
        line = capsys.readouterr().err
        command = " ".join(words if words[0] == "prepare" else words[:1])
        assert line.startswith(f"recyclegan: {command}: found no {missing}; expected recyclegan {written}")
        assert line.endswith(f" [OPTIONS]; see recyclegan {command} --help\n")
        assert line.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["train"], ["prepare", "--help"]], ids=" ".join)
def test_lists_of_commands_fit_in_80_columns(words: list[str], show: Show) -> None:
    text = show(*words)
    assert max(map(len, text.splitlines())) <= 80
    assert " -h shows the options that matter most" in text


def test_every_command_is_in_the_catalogue() -> None:
    from recyclegan.cli import COMMANDS as DISPATCHED

    assert {name.split()[0] for name in COMMANDS} == set(DISPATCHED)


def option(kind: Any, name: str) -> Option:
    return next(found for found in options_of(kind, "command") if found.name == name)


def test_an_option_that_no_table_knows_is_called_after_its_type_or_its_name() -> None:
    from tests.test_cli_parsing import Options

    assert str(option(Options, "place")) == "PLACE"
    assert str(option(Options, "count")) == "--count N"
    assert str(option(Options, "name")) == "--name NAME"
    assert option(Options, "count").default == "3"


def test_help_is_no_value() -> None:
    from recyclegan.cli.parsing import parse
    from tests.test_cli_parsing import Options

    with pytest.raises(InputError, match="found no PLACE; expected recyclegan command PLACE"):
        parse(Options, [], "command")
