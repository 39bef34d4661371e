"""Runs as processes of their own: killed at any moment, stopped by signals, spread over two devices."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from recyclegan.checkpoint import checkpoints, load_checkpoint
from recyclegan.cli import main
from recyclegan.logs import read_stats
from recyclegan.training.step import average_gradients
from tests.small import SMALL_OPTIONS, make_data

STARTING = 120.0
"""Seconds after which a process that has not trained a step is given up."""


def words(data: Path, run: Path, *more: str) -> list[str]:
    return ["train", "unsup-recycle-gan", "--data", str(data), "--out", str(run), *SMALL_OPTIONS, *more]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "recyclegan", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for_steps(process: subprocess.Popen[str], run: Path, steps: int) -> None:
    deadline = time.monotonic() + STARTING
    while len(read_stats(run / "stats.jsonl")) < steps:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=5)


def test_a_run_killed_at_any_moment_goes_on_to_the_same_bytes(data: Path, tmp_path: Path) -> None:
    options = ["--steps", "9", "--dropout", "--history", "3"]
    kill_after = random.SystemRandom().randint(1, 6)
    print(f"killed after {kill_after} logged steps")
    process = start(words(data, tmp_path / "killed", *options))
    wait_for_steps(process, tmp_path / "killed", kill_after)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert main(["train", "unsup-recycle-gan", "--out", str(tmp_path / "killed"), "--resume"]) == 0
    assert main(words(data, tmp_path / "whole", *options)) == 0
    for name in ("ab.safetensors", "ba.safetensors", "stats.jsonl"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert checkpoints(tmp_path / "killed")[-1].name == "step-00000009"


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_the_run_and_ends_it_with_130(data: Path, tmp_path: Path, kind: signal.Signals) -> None:
    run = tmp_path / "run"
    process = start(words(data, run, "--steps", "1000", "--save-every", "1000"))
    wait_for_steps(process, run, 2)
    process.send_signal(kind)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    done = read_stats(run / "stats.jsonl")[-1]["step"]
    assert f"stopped after {done} of 1000 steps; go on with --resume" in output
    assert [int(path.name[5:]) for path in checkpoints(run)] == [done]
    resumed = ["train", "unsup-recycle-gan", "--out", str(run), "--resume", "--steps", str(done + 1)]
    assert main(resumed) == 0
    assert [entry["step"] for entry in read_stats(run / "stats.jsonl")] == list(range(1, done + 2))


class ManyProcesses(Fabric):
    """Stands in for the first of several processes; the gradients of the others, averaged, are those given."""

    def __init__(self, world_size: int, others: torch.Tensor) -> None:
        super().__init__(accelerator="cpu", devices=1)
        self._processes, self._others, self.messages = world_size, others, 0

    @property
    def world_size(self) -> int:
        return self._processes

    def all_reduce(self, data: Any, group: Any = None, reduce_op: Any = "mean") -> Any:
        assert reduce_op == "mean"
        self.messages += 1
        return (data + self._others) / 2


def test_gradients_are_averaged_over_processes_in_one_message() -> None:
    weights = [
        torch.nn.Parameter(torch.zeros(2, 3)),
        torch.nn.Parameter(torch.zeros(4)),
        torch.nn.Parameter(torch.zeros(1)),
    ]
    for weight in weights[:2]:
        weight.grad = torch.full_like(weight, 1.0)
    optimizer = torch.optim.SGD(weights)
    fabric = ManyProcesses(2, torch.arange(10.0))
    average_gradients(fabric, optimizer)
    assert fabric.messages == 1
    assert torch.equal(weights[0].grad, (1 + torch.arange(6.0).view(2, 3)) / 2)
    assert torch.equal(weights[1].grad, (1 + torch.arange(6.0, 10.0)) / 2)
    assert weights[2].grad is None


def test_one_process_has_nothing_to_average() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.ones(2)
    fabric = ManyProcesses(1, torch.zeros(2))
    average_gradients(fabric, torch.optim.SGD([weight]))
    assert fabric.messages == 0


@pytest.mark.slow
def test_two_processes_train_like_one_with_twice_the_batch(data: Path, tmp_path: Path) -> None:
    """Without random motion and with instance norm, a batch dealt out to two processes is the batch of one."""
    options = ["--steps", "3", "--unsup-recycle", "0", "0", "--unsup-spatial", "0", "0", "--cycle", "10", "10"]
    process = start(words(data, tmp_path / "two", *options, "--devices", "2"))
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert main(words(data, tmp_path / "one", *options, "--batch-size", "2")) == 0
    one, two = (load_checkpoint(tmp_path / name / "step-00000003")["networks"] for name in ("one", "two"))
    for name, weight in one.items():
        if weight.ndim == 4:  # a bias before instance norm has no gradient but rounding, which Adam makes a step of
            torch.testing.assert_close(two[name], weight, rtol=0, atol=2e-6)
