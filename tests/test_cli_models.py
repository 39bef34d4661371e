"""``recyclegan models``: what comes with the package, in the terminal."""

import json

import pytest

from recyclegan.cli import main
from recyclegan.cli.models import SIZE, frames_per_second
from recyclegan.shipped import shipped
from recyclegan.translation import Translator


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["models", *words]) == 0
    return capsys.readouterr().out


def test_each_is_listed_with_what_it_does_and_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = told(capsys, "--seconds", "0")
    words = " ".join(text.split())
    for model in shipped().values():
        assert f"{model.name} {model.does} {model.weights.stat().st_size / 1e6:.1f} MB, {model.data}" in words
        assert model.licence in text
    assert "frames/s" not in text
    assert str(shipped()["day2night"].picture.parent) in text
    assert text.splitlines()[-1].split() == ["recyclegan", "translate", "day2label", "INPUT", "OUTPUT"]


def test_all_of_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text, model = told(capsys, "night2day", "--seconds", "0"), shipped()["night2day"]
    assert all(command in text for command in model.commands)
    assert all(f"{name:<24}{value:.4g}" in text for name, value in model.scores.items())
    assert all(word in text for word in (model.sha256, str(model.weights), str(model.picture), model.script))
    assert "day2night" not in text


def test_speed_is_measured_here(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "day2night", "--seconds", "0.01")
    assert f"frames/s of {SIZE[1]}x{SIZE[0]} here (cpu)" in " ".join(text.split())


def test_the_rate_is_that_of_what_was_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    translator, now, calls = Translator.from_pretrained("day2night", device="cpu"), [0.0], []

    def translate(images: object) -> None:
        calls.append(images)
        now[0] += 0.25

    monkeypatch.setattr(translator, "translate_images", translate)
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    assert frames_per_second(translator, 1.0, (32, 48)) == 4
    assert len(calls) == 5, "the first is not timed"
    assert frames_per_second(translator, 0, (32, 48)) == 4
    assert calls[0].shape == (1, 32, 48, 3)


def test_an_unknown_name_is_told_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "day2nigth"]) == 2
    assert "unknown 'day2nigth' (did you mean 'day2night'?); known: day2label, " in capsys.readouterr().err


def test_records_are_json_that_people_can_read() -> None:
    for model in shipped().values():
        record = json.loads(model.weights.with_suffix(".json").read_text())
        assert record["name"] == model.name
