"""Runs that SIGKILL ends at any moment, writing included, go on to every byte of a run that was never disturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recyclegan.cli import main
from recyclegan.states import checkpoints, load_checkpoint
from tests.small import make_data
from tests.steps.test_step import same

PATIENCE = 240.0
"""Seconds after which a process that has neither ended nor come to the moment of its kill is given up."""
FILES = ("data.json", "ab.safetensors", "ba.safetensors", "stats.jsonl", "curves.png", "samples/step-00000006.png")
WRITTEN = ("step-*", "ab.safetensors", "ba.safetensors", "stats.jsonl", "config.json", "curves.png")
"""What a kill may fall into the writing of; each lies in a scratch folder meanwhile."""


def words(data: Path, run: Path, devices: int) -> list[str]:
    options = "--size 32 48 --width 2 --discriminator-width 2 --device cpu --steps 6 --save-every 1 --log-every 1"
    more = f"--sample-every 2 --history 3 --dropout --devices {devices}"
    return ["train", "unsup-recycle-gan", "--data", str(data), "--out", str(run), *options.split(), *more.split()]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "recyclegan", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def go_on(arguments: list[str], devices: int) -> None:
    """Train to the end, in this process where that can be."""
    if devices == 1:
        assert main(arguments) == 0
        return
    process = start(arguments)
    output = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, output
    assert "Traceback" not in output


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=3)


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return runs on one and on two processes, made when they are asked for."""
    root = tmp_path_factory.mktemp("undisturbed")

    class Runs(dict[int, Path]):
        def __missing__(self, devices: int) -> Path:
            self[devices] = root / str(devices)
            go_on(words(data, self[devices], devices), devices)
            return self[devices]

    return Runs()


def kill_somewhere(process: subprocess.Popen[str], run: Path, rng: random.Random) -> bool:
    """Kill a process in the middle of some writing, or at some moment; return whether it had not ended before."""
    what = rng.choice([*WRITTEN, None, None])
    first = rng.randint(0, 4)
    moment = time.monotonic() + rng.uniform(0, 3)
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        begun = len(checkpoints(run)) if run.is_dir() else -1
        newest = int(checkpoints(run)[-1].name[5:]) if begun > 0 else 0
        if newest >= first and begun >= 0:
            if what is None and time.monotonic() > moment:
                break
            if what is not None and any(run.glob(f".{what}.partial")):
                break
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def survive_kills(data: Path, run: Path, whole: Path, devices: int, rng: random.Random, kills: int) -> None:
    for _ in range(kills):
        killed = kill_somewhere(start([*words(data, run, devices), "--resume"]), run, rng)
        print(f"killed: {killed}; left {sorted(path.name for path in run.glob('*')) if run.is_dir() else 'nothing'}")
    go_on([*words(data, run, devices), "--resume"], devices)
    for name in FILES:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert [path.name for path in checkpoints(run)] == [path.name for path in checkpoints(whole)]
    assert same(load_checkpoint(checkpoints(run)[-1]), load_checkpoint(checkpoints(whole)[-1]))
    assert list(run.rglob(".*")) == [], "no scratch and no lock is left"


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_run_ends_as_if_it_had_not_been(
    data: Path, undisturbed: dict[int, Path], tmp_path: Path, seed: int
) -> None:
    survive_kills(data, tmp_path / "run", undisturbed[1], 1, random.Random(seed), kills=1)


@pytest.mark.slow
@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("seed", range(15))
def test_thirty_killed_runs_end_as_if_they_had_not_been(
    data: Path, undisturbed: dict[int, Path], tmp_path: Path, seed: int, devices: int
) -> None:
    rng = random.Random(1000 * devices + seed)
    survive_kills(data, tmp_path / "run", undisturbed[devices], devices, rng, kills=rng.randint(1, 2))
