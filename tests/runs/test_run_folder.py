"""One training a folder, whatever process or thread, and nothing left where a run could not begin."""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from recyclegan.cli import main
from recyclegan.errors import InputError
from recyclegan.files import write_bytes
from recyclegan.runs.run_folder import LOCK_FILE, check_run_folder, only_training
from recyclegan.settings.training import TrainConfig
from recyclegan.training import loop, train
from tests.small import SMALL_OPTIONS, make_data, small_config

BUSY = "another process is at work on it; wait until it has ended, or name another"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=2)


def words(data: Path, run: Path, *more: str) -> list[str]:
    return ["train", "cycle-gan", "--data", str(data), "--out", str(run), *SMALL_OPTIONS, *more]


def test_a_second_training_in_the_same_folder_is_one_line_at_once(data: Path, tmp_path: Path) -> None:
    config, refused, going = small_config(data, tmp_path / "run", steps=2), list[str](), Event()

    def second() -> None:
        going.wait()
        for resume in (False, True):
            with pytest.raises(InputError) as caught:
                train(config, resume)
            refused.append(str(caught.value))

    thread = Thread(target=second)

    def report(done: int, total: int, terms: dict[str, float]) -> None:
        going.set()
        if done == 1:
            thread.join()

    thread.start()
    assert train(config, report=report).steps == 2
    assert refused == [f"{config.out}: {BUSY}"] * 2
    assert not (config.out / LOCK_FILE).exists()
    assert train(config, resume=True).steps == 2, "it is free again"


def test_a_block_within_a_block_of_the_same_thread_just_runs(tmp_path: Path) -> None:
    with only_training(tmp_path / "run"), only_training(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK_FILE).exists()
    assert not (tmp_path / "run" / LOCK_FILE).exists()


def test_the_folder_is_free_again_after_any_failure(data: Path, tmp_path: Path) -> None:
    with suppress(MemoryError), only_training(tmp_path):
        raise MemoryError
    with only_training(tmp_path):
        pass


def test_only_the_first_of_several_processes_holds_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recyclegan.runs.run_folder.is_first_process", lambda: False)
    with only_training(tmp_path / "run"):
        assert not (tmp_path / "run").exists()


def test_what_a_killed_process_left_half_written_goes_when_training_starts(data: Path, tmp_path: Path) -> None:
    for name in (".step-00000002.partial", "samples/.step-00000002.png.partial"):
        scratch = tmp_path / "run" / name
        scratch.mkdir(parents=True)
        (scratch / "lock").touch()
        (scratch / "half").write_bytes(b"half")
    train(small_config(data, tmp_path / "run", steps=1))
    assert list((tmp_path / "run").rglob(".*")) == []


@pytest.mark.parametrize("kind", ["file", "below a file", "device"])
def test_a_place_that_no_folder_can_be_is_one_line(
    data: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("text")
    run = {"file": tmp_path / "file", "below a file": tmp_path / "file" / "run", "device": Path("/dev/null")}[kind]
    assert main(words(data, run)) == 2
    assert main(words(data, run, "--resume")) == 2
    messages = capsys.readouterr().err.splitlines()
    assert len(messages) == 2
    assert all(str(run) in line for line in messages)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_may_not_be_written_is_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    assert main(words(data, tmp_path / "run")) == 2
    assert "cannot be written (Permission denied)" in capsys.readouterr().err


def test_a_first_step_that_fails_leaves_nothing_that_stands_in_the_way(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(data, tmp_path / "run", steps=1)

    def failing(*_: Any) -> Any:
        raise RuntimeError("can't allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", failing)
        with pytest.raises(RuntimeError, match="allocate"):
            train(config)
    assert not config.out.exists()
    assert train(replace(config, batch_size=2)).steps == 1


def test_checkpoints_whose_configuration_is_lost_are_not_written_over(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small_config(data, tmp_path / "run", steps=1)
    train(config)
    (config.out / "config.json").unlink()
    with pytest.raises(InputError, match="holds a run already; give --resume to go on with it, or another --out"):
        train(config)
    assert main(["train", "unsup-recycle-gan", "--out", str(config.out), "--resume"]) == 2
    assert "holds no config.json; name a run folder" in capsys.readouterr().err
    assert train(config, resume=True).steps == 1


CONFIGURATIONS: list[Any] = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"method": 3}',
    b'{"method": {"name": "cycle-gan"}, "learning_rate": 1}',
    b'{"method": {"name": ["cycle-gan"]}}',
    b'{"method": {"name": "cycle-gan"}, "data": 3, "out": "x"}',
    b'{"method": {"name": "cycle-gan"}, "data": "x", "out": "x", "steps": "many"}',
    b'{"method": {"name": "cycle-gan"}, "data": "x", "out": "x", "lr": NaN}',
    b'{"method": {"name": "cycle-gan"}, "data": "x", "out": "x", "frames": {"size": [32]}}',
    b'{"method": {"name": "cycle-gan"}, "data": "x", "out": "x", "networks": null}',
    b'{"method": {"name": "cycle-gan"}, "data": "x", "out": "x", "batch_size": true}',
]


@pytest.mark.parametrize("text", CONFIGURATIONS, ids=lambda text: text[:40].decode("latin-1"))
def test_an_odd_configuration_is_one_line_that_names_it(
    tmp_path: Path, text: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bytes(tmp_path / "run" / "config.json", text)
    assert main(["train", "cycle-gan", "--out", str(tmp_path / "run"), "--resume"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "config.json" in line
    assert len(line) < 2000
    with pytest.raises(InputError):
        check_run_folder(TrainConfig(tmp_path, tmp_path / "run"), resume=True)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_a_folder_in_the_place_of_the_configuration_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run" / "config.json").mkdir(parents=True)
    assert main(["train", "cycle-gan", "--out", str(tmp_path / "run"), "--resume"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_an_empty_folder_is_begun_with_the_options_of_a_command_that_would_go_on(data: Path, tmp_path: Path) -> None:
    """As a run is that was killed before its first step had ended."""
    (tmp_path / "run").mkdir()
    assert main(words(data, tmp_path / "run", "--steps", "1", "--resume")) == 0
