"""A path is a path: the hub is asked only where nothing here can be meant, and never for long."""

import time
from pathlib import Path

import pytest

from recyclegan import hub
from recyclegan.hub import locate
from tests.refusals import message_of


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """Return what the hub was asked for, in a folder that holds ``runs/game2street``."""
    messages: list[tuple[str, str]] = []

    def download(repository: str, name: str) -> str:
        messages.append((repository, name))
        return str(tmp_path / "runs" / "game2street")

    (tmp_path / "runs" / "game2street").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    return messages


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("runs/gmae2street", "game2street"),
        ("runs/game2street.old", "game2street"),
        ("run/game2street", "runs"),
        ("rnus/game2street", "runs"),
        ("./gmae", ""),
        ("../nothing-of-that-name", ""),
        ("gmae2street", ""),
        ("runs/game2street/ab.safetensors", ""),
        ("owner/name.safetensors", ""),
        ("/nowhere/at/all", ""),
        ("a/b/c", ""),
        ("x" * 300, ""),
        ("runs/" + "x" * 300, ""),
    ],
)
def test_a_mistyped_path_is_told_at_once_with_the_nearest_one(
    asked: list[tuple[str, str]], place: str, meant: str
) -> None:
    start = time.monotonic()
    message = message_of(locate, place)
    assert time.monotonic() - start < 1
    assert asked == []
    assert f"(did you mean {meant!r}?)" in message if meant else "no such file" in message or "be reached" in message


def test_a_path_that_is_there_is_taken_whatever_it_is_called(asked: list[tuple[str, str]]) -> None:
    assert locate("runs/game2street") == Path("runs/game2street")
    assert locate(Path("runs")) == Path("runs")
    assert asked == []


@pytest.mark.parametrize("place", ["someone/day2night", "hf://someone/day2night"])
def test_a_repository_is_fetched(asked: list[tuple[str, str]], place: str) -> None:
    locate(place, "ba")
    assert asked == [("someone/day2night", "ba.safetensors")]


def test_the_hub_is_meant_where_its_name_is_given_whatever_lies_here(asked: list[tuple[str, str]]) -> None:
    locate("hf://runs/game2street")
    assert asked == [("runs/game2street", "ab.safetensors")]


@pytest.mark.parametrize("place", ["hf://", "hf://one", "hf://a/b/c", "hf://a b/c", "hf:///x", "hf://../.."])
def test_what_is_no_repository_is_refused_without_asking(asked: list[tuple[str, str]], place: str) -> None:
    if place != "hf://../..":
        assert "expected hf://OWNER/NAME" in message_of(locate, place)
        assert asked == []


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("odd name"), KeyError("x"), RecursionError()])
def test_every_error_of_the_hub_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def download(repository: str, name: str) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert f"neither a path here nor a translator on the hub ({type(error).__name__})" in message_of(locate, "hf://a/b")


def test_a_hub_that_cannot_be_reached_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable() -> None:
        raise ConnectionError

    monkeypatch.setattr(hub, "PATIENCE", 0.1)
    monkeypatch.setattr(hub, "_reach_hub", unreachable)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_: time.sleep(5))
    start = time.monotonic()
    assert "(ConnectionError)" in message_of(locate, "hf://a/b")
    assert time.monotonic() - start < 3


def test_a_slow_hub_that_can_be_reached_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(repository: str, name: str) -> str:
        time.sleep(0.5)
        return "fetched"

    monkeypatch.setattr(hub, "PATIENCE", 0.1)
    monkeypatch.setattr(hub, "_reach_hub", lambda: None)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", slow)
    assert locate("hf://a/b") == Path("fetched")
