"""Runs on matched crops: they go on with the same bits, say what is matched, and refuse what cannot be."""

from pathlib import Path

import pytest

from recyclegan.cli import main
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig, Match
from recyclegan.settings.methods import config_of
from recyclegan.settings.networks import NetworkConfig
from recyclegan.training import train
from tests.small import SMALL_OPTIONS, make_data, small_config

SHALLOW = NetworkConfig(width=4, discriminator_width=4, discriminator_layers=1)


def stats_of(data: Path, run: Path, match: Match, *steps: int) -> bytes:
    frames = DataConfig(size=(32, 32), match=match)
    for done, wanted in enumerate(steps):
        train(small_config(data, run, steps=wanted, frames=frames), resume=done > 0)
    return (run / "stats.jsonl").read_bytes()


@pytest.mark.parametrize("match", ["bands", "nearest"])
def test_a_run_that_stopped_goes_on_with_the_same_bits(match: Match, tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", num_frames=6)
    whole = stats_of(data, tmp_path / "whole", match, 4)
    assert stats_of(data, tmp_path / "halved", match, 2, 4) == whole
    assert stats_of(data, tmp_path / "plain", "none", 4) != whole


@pytest.mark.parametrize("name", ["recycle-gan", "cut"])
def test_clips_of_three_frames_and_a_method_of_one_direction_train_on_matched_crops(name: str, tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", num_frames=4)
    config = small_config(
        data, tmp_path / "run", method=config_of(name)(), steps=1, frames=DataConfig(size=(32, 32), match="nearest")
    )
    messages: list[str] = []
    train(config, notify=messages.append)
    assert any(message.startswith("crops are matched by layout (") for message in messages)


@pytest.mark.parametrize(
    ("found", "values"),
    [
        ("match: found bands, and frames that are not cut", {"match": "bands", "crop": "none"}),
        ("match: found nearest, and label maps", {"match": "nearest", "labels": "b"}),
        ("match: found nearest, and clips in the order", {"match": "nearest", "shuffle": False}),
        ("neighbours: ", {"match": "nearest", "neighbours": 0}),
    ],
)
def test_what_cannot_be_matched_is_refused_in_a_line(found: str, values: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"^{found}") as caught:
        DataConfig(**values)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_prepare_describes_what_training_then_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, size = make_data(tmp_path / "data"), ["--size", "32", "32", "--cache", str(tmp_path / "cache")]
    words = ["--method", "unsup-recycle-gan", "--match=nearest"]
    assert main(["prepare", "crops", f"{data}/", *words, *size]) == 0
    told = capsys.readouterr().out
    assert told.startswith("crops are matched by layout (")
    assert "recyclegan train unsup-recycle-gan --data" in told
    assert told.endswith(f"--data {data} --match nearest {' '.join(size)}\n"), "nothing else, and nothing twice"
    monkeypatch.setattr("recyclegan.matching.layouts.described", None)
    words = ["--data", str(data), "--out", str(tmp_path / "run"), "--match", "nearest", *SMALL_OPTIONS, *size]
    assert main(["train", "unsup-recycle-gan", *words, "--steps", "1"]) == 0


def test_a_method_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", "crops", str(make_data(tmp_path)), "--method", "cycel-gan"]) == 2
    assert "--method cycel-gan: unknown" in capsys.readouterr().err
