"""The commands ``calibrate`` and ``train --flow``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recyclegan import cli
from recyclegan.arrays import Image
from recyclegan.calibration import Calibration, read_calibration, write_calibration
from recyclegan.errors import InputError
from recyclegan.preview import direction_wheel
from recyclegan.runs import read_config
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig
from recyclegan.video import read_image, write_video
from tests.pages.test_grids import places_of
from tests.small import SMALL_OPTIONS, make_frames

METHOD = "unsup-recycle-gan"
SMALL = ["--size", "32", "48"]


def panning(number: int, height: int = 36, width: int = 54) -> Image:
    """Return a window of a noisy picture, 2 px further right for each number."""
    noise = np.random.default_rng(0).integers(0, 256, (height // 4, 300, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    start = 2 * (number % 500)
    return noise[:, start : start + width]


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder in which all moves 2 px a frame."""
    root = tmp_path_factory.mktemp("moving")
    for domain in "AB":
        make_frames(root / "train" / domain / "drive", 6, make=panning)
    return root


@pytest.fixture
def data(moving: Path, tmp_path: Path) -> Path:
    """Return a data folder of its own for a test that writes there."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(moving / "train")
    return tmp_path / "data"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrainConfig]:
    """Return a function that gives the configuration that ``train`` would run with."""
    seen: list[TrainConfig] = []

    def remember(config: TrainConfig, *_: Any) -> None:
        seen.append(config)
        raise InputError("seen")

    monkeypatch.setattr("recyclegan.training.train", remember)

    def train(*words: Any) -> TrainConfig:
        assert cli.main(["train", METHOD, *SMALL_OPTIONS, *map(str, words)]) == 2
        return seen.pop()

    return train


def assert_refused(capsys: pytest.CaptureFixture[str], words: list[Any], *parts: str) -> None:
    capsys.readouterr()
    assert cli.main([str(word) for word in words]) == 2
    messages = capsys.readouterr()
    assert messages.out == ""
    assert messages.err.count("\n") == 1, messages.err
    for part in parts:
        assert part in messages.err


def test_a_data_folder_is_calibrated_into_its_file(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = data.parent / "flow.png"
    assert cli.main(["calibrate", str(data), *SMALL, "--picture", str(picture)]) == 0
    messages = capsys.readouterr().out
    assert messages.endswith(f"next:\n  recyclegan train --data {data} --out runs/data --minutes 10 --flow auto\n")
    calibration = read_calibration(data / "flow.json")
    assert calibration.flow.shift == pytest.approx(2 * 256 / 32, abs=1)
    assert calibration.size == (32, 48)
    assert list(calibration.found) == ["A", "B"]
    assert f"shift {calibration.flow.shift}, smoothness {calibration.flow.smoothness}" in messages
    assert f"{data / 'flow.json'}: written" in messages
    for column in ("A", "B", "synthetic"):
        assert sum(f" {column} " in line for line in messages.splitlines()) >= 1
    rows, columns, factor = 6, 5, 5
    shown = read_image(picture)
    assert shown.shape[0] > rows * 32 * factor + (rows - 1) * 4, "headings and a key besides"
    assert shown.shape[1:] == (columns * 48 * factor + (columns - 1) * 4 + 2 * 8, 3)
    assert len(places_of(direction_wheel(), shown)) == 1


def test_a_video_gets_its_file_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_video(tmp_path / "one.mkv", [panning(number) for number in range(4)], rate=10, codec="ffv1")
    assert cli.main(["calibrate", str(tmp_path / "one.mkv"), *SMALL, "--pairs", "2", "--headroom", "2"]) == 0
    calibration = read_calibration(tmp_path / "one.flow.json")
    assert calibration.found["one.mkv"].pairs == 2
    assert calibration.headroom == 2
    assert calibration.flow.shift == pytest.approx(2 * 2 * 256 / 32, abs=2)
    assert "one.mkv" in capsys.readouterr().out


def test_a_calibration_that_cannot_be_made_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_frames(tmp_path / "frozen" / "clip", 3, make=lambda _: panning(0))
    assert_refused(capsys, ["calibrate", tmp_path / "frozen", *SMALL], "nothing moves", "expected clips that move")
    assert_refused(capsys, ["calibrate", tmp_path / "none"], str(tmp_path / "none"), "no such folder")
    assert_refused(capsys, ["calibrate", tmp_path / "frozen", "--pears", "3"], "did you mean --pairs?")
    assert not (tmp_path / "frozen" / "flow.json").exists()


def test_auto_fits_the_motion_of_the_data_and_writes_nothing_there(
    data: Path, tmp_path: Path, trained: Callable[..., TrainConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    config = trained("--data", data, "--out", tmp_path / "run", "--flow", "auto")
    assert config.method.flow.shift == pytest.approx(2 * 256 / 32, abs=1)
    assert config.method.flow.motion < 1
    assert f"fitted to {data}" in capsys.readouterr().out
    assert [path.name for path in data.iterdir()] == ["train"]


def test_auto_takes_the_file_of_the_data_folder(
    data: Path, tmp_path: Path, trained: Callable[..., TrainConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    flow = FlowSynthesis(motion=3.0, shift=7, smoothness=50, zoom=2.5, rotation=1.5)
    write_calibration(Calibration(flow), data / "flow.json")
    assert trained("--data", data, "--out", tmp_path / "run", "--flow=auto").method.flow == flow
    assert str(data / "flow.json") in capsys.readouterr().out


def test_options_win_over_the_file_and_the_file_over_a_preset(
    data: Path, tmp_path: Path, trained: Callable[..., TrainConfig]
) -> None:
    write_calibration(Calibration(FlowSynthesis(motion=3.0, shift=7)), tmp_path / "mine.json")
    words = ["--data", data, "--out", tmp_path / "run", "--flow", tmp_path / "mine.json"]
    config = trained(*words, "--preset", "video-to-label", "--shift", 20)
    assert config.method.flow == FlowSynthesis(motion=3.0, shift=20)
    assert config.method.cycle == PRESETS["video-to-label"].config.cycle


def test_a_resumed_run_keeps_the_motion_it_was_started_with(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_calibration(Calibration(FlowSynthesis(motion=3.0, shift=7)), tmp_path / "first.json")
    write_calibration(Calibration(FlowSynthesis(motion=1.0, shift=1)), tmp_path / "second.json")
    words = ["train", METHOD, "--data", str(data), "--out", str(tmp_path / "run"), *SMALL_OPTIONS]
    assert cli.main([*words, "--steps", "1", "--flow", str(tmp_path / "first.json")]) == 0
    started = read_config(tmp_path / "run")
    assert started.method.flow == FlowSynthesis(motion=3.0, shift=7)
    capsys.readouterr()
    assert cli.main([*words, "--steps", "2", "--resume", "--flow", str(tmp_path / "second.json")]) == 0
    assert "goes on with the motion that it was started with" in capsys.readouterr().err
    assert read_config(tmp_path / "run").method == started.method


def test_a_flow_that_cannot_be_had_is_one_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.json").write_text('{"flow": {"motoin": 3.0}}')
    words = ["--data", data, "--out", tmp_path / "run", *SMALL_OPTIONS, "--flow"]
    assert_refused(capsys, ["train", METHOD, *words, tmp_path / "wrong.json"], "did you mean 'motion'?")
    assert_refused(capsys, ["train", METHOD, *words, tmp_path / "none.json"], "none.json: cannot be read")
    assert_refused(capsys, ["train", "cycle-gan", *words, "auto"], "cycle-gan: --flow auto", "no synthetic motion")
    assert_refused(capsys, ["train", METHOD, *words], "Missing value for argument '--flow'")
    assert not (tmp_path / "run").exists()


def test_a_run_that_is_there_is_refused_before_anything_is_fitted(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    monkeypatch.setattr("recyclegan.calibration.calibrate", lambda *_: pytest.fail("fitted"))
    words = ["train", METHOD, "--data", data, "--out", tmp_path / "run", "--flow", "auto"]
    assert_refused(capsys, words, "holds a run already")


def previewed(monkeypatch: pytest.MonkeyPatch, *words: Any) -> FlowSynthesis:
    """Return the setting that ``flow-preview`` would draw motion from."""
    seen: list[FlowSynthesis] = []

    def remember(*given: Any) -> tuple[str, str]:
        seen.append(given[5])
        return "picture", "video"

    monkeypatch.setattr("recyclegan.preview.preview_flow", remember)
    assert cli.main(["flow-preview", *map(str, words)]) == 0
    (setting,) = seen
    return setting


def test_a_preview_takes_the_motion_of_a_file_and_options_override_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted = FlowSynthesis(motion=3.0, shift=4, zoom=2.0)
    write_calibration(Calibration(fitted), tmp_path / "mine.json")
    words = [data / "train" / "A" / "drive", tmp_path / "out", "--flow", tmp_path / "mine.json"]
    assert previewed(monkeypatch, *words) == fitted
    assert "flow: motion 3, shift 4" in capsys.readouterr().out
    assert previewed(monkeypatch, *words, "--shift", 7) == FlowSynthesis(motion=3.0, shift=7, zoom=2.0)


@pytest.mark.parametrize("place", ["train/A/drive", "train/A", "."])
def test_auto_takes_what_was_fitted_to_the_data_folder_of_the_input(
    place: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = FlowSynthesis(motion=3.0, shift=4)
    write_calibration(Calibration(fitted), data / "flow.json")
    assert previewed(monkeypatch, data / place, tmp_path / "out", "--flow", "auto") == fitted


def test_auto_fits_to_the_input_where_nothing_was_fitted_yet(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = data / "train" / "A" / "drive"
    found = previewed(monkeypatch, clip, tmp_path / "out", "--flow", "auto", "--size", 32, 48)
    assert found != FlowSynthesis()
    assert f"(fitted to {clip})" in capsys.readouterr().out
    assert not list(data.rglob("flow.json"))


def test_a_preview_without_a_calibration_is_refused_in_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["flow-preview", data / "train" / "A" / "drive", tmp_path / "out", "--flow", tmp_path / "absent.json"]
    assert_refused(capsys, words, "absent.json")
