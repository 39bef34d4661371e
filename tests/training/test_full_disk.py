"""A disk that fills up at every kind of write in turn: one line, nothing half written, and the run goes on after."""

import builtins
import io
import resource
from pathlib import Path
from typing import Any

import pytest

from recyclegan.cli import main
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints, load_checkpoint
from recyclegan.training import train
from tests.small import make_data, small_config
from tests.steps.test_step import same

KINDS = {
    "config.json": 0,
    "data.json": 0,
    "stats.jsonl": 0,
    "a line of stats.jsonl": 1,
    "step-00000002.png": 0,
    "curves.png": 1,
    "index.html": 1,
    "state.pt": 1,
    "SHA256SUMS": 1,
    "ab.safetensors": 1,
    "ba.safetensors": 1,
}
"""Files that a run writes, and how many times each can be written before the disk is full."""


class FullDisk:
    """Stands in for ``open``: a file of one name takes half of what is written, and then there is no space."""

    def __init__(self, kind: str, times: int) -> None:
        self._name = kind.removeprefix("a line of ")
        self._mode = "a" if kind.startswith("a line of ") else "w"
        self._left, self._open = times, io.open
        self.hit = False

    def __call__(self, file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        opened = self._open(file, mode, *arguments, **options)
        if isinstance(file, int) or Path(file).name != self._name or self._mode not in mode:
            return opened
        self._left -= 1
        if self._left >= 0:
            return opened
        self.hit = True
        write = opened.write

        def half(data: Any) -> None:
            write(data[: len(data) // 2])
            opened.flush()
            raise OSError(28, "No space left on device")

        return _Replaced(opened, half)


class _Replaced:
    """A file whose ``write`` is another one."""

    def __init__(self, file: Any, write: Any) -> None:
        self._file, self.write = file, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Replaced":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Return the configuration of a run of 2 steps on a disk with space."""
    root = tmp_path_factory.mktemp("runs")
    networks = NetworkConfig(width=2, discriminator_width=2)
    options = {"steps": 2, "save_every": 1, "sample_every": 1, "networks": networks, "history": 1}
    config = small_config(make_data(root / "data", num_frames=2), root / "whole", **options)
    train(config)
    return config


def command(config: TrainConfig, run: Path) -> list[str]:
    options = "--size 32 48 --width 2 --discriminator-width 2 --device cpu --steps 2 --save-every 1 --log-every 1"
    more = "--sample-every 1 --history 1 --resume"
    return [
        *("train", "unsup-recycle-gan", "--preset", "none", "--data", str(config.data), "--out", str(run)),
        *(*options.split(), *more.split()),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_space(
    whole: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    run, disk = tmp_path / "run", FullDisk(kind, KINDS[kind])
    with monkeypatch.context() as patch:
        patch.setattr(io, "open", disk)
        patch.setattr(builtins, "open", disk)
        assert main(command(whole, run)) == 2
    assert disk.hit
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("step ")]
    assert len(lines) == 1
    assert kind.removeprefix("a line of ") in lines[0]
    assert "cannot be written (No space left on device); make room" in lines[0]
    assert list(run.rglob(".*")) == []
    for folder in checkpoints(run):
        load_checkpoint(folder)
    assert main(command(whole, run)) == 0
    for path in (path for path in whole.out.rglob("*") if path.is_file()):
        other = run / path.relative_to(whole.out)
        if path.name == "state.pt":
            assert same(load_checkpoint(other.parent), load_checkpoint(path.parent))
        elif path.name not in ("SHA256SUMS", "config.json", "index.html"):
            assert other.read_bytes() == path.read_bytes(), path.name


def test_a_limit_on_the_size_of_files_is_one_line_too(
    whole: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system itself refuses the write of the checkpoint, whoever does it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, before[1]))
    try:
        assert main(command(whole, tmp_path / "run")) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot be written (File too large)" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "run").iterdir()} <= {
        "config.json",
        "data.json",
        "stats.jsonl",
        "samples",
        "index.html",
    }
    assert main(command(whole, tmp_path / "run")) == 0
