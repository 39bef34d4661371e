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
from recyclegan.training import TrainingFailedError
from recyclegan.training.loop import refuse_infinite
from recyclegan.training.processes import any_process, gather, mean_over_processes
from recyclegan.training.step import average_gradients
from tests.small import SMALL_OPTIONS, make_data, small_config, small_state

STARTING = 240.0
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
        if time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"no {steps} steps within {STARTING:.0f} s")
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
    """Stands in for the first of several processes; what all others together bring to a message is what is given."""

    def __init__(self, world_size: int, others: torch.Tensor) -> None:
        super().__init__(accelerator="cpu", devices=1)
        self._processes, self._others, self.messages = world_size, others, 0

    @property
    def world_size(self) -> int:
        return self._processes

    def all_reduce(self, data: Any, group: Any = None, reduce_op: Any = "mean") -> Any:
        self.messages += 1
        total = data + self._others
        return total / 2 if reduce_op == "mean" else total


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


@pytest.mark.parametrize(("own", "others", "wanted"), [(0, 0, False), (1, 0, True), (0, 1, True), (1, 2, True)])
def test_a_flag_that_is_up_in_one_process_is_up_in_all(own: int, others: int, wanted: bool) -> None:
    fabric = ManyProcesses(3, torch.tensor([others, 0.0]))
    assert any_process(fabric, bool(own), False) == [wanted, False]
    assert fabric.messages == 1


def test_losses_are_averaged_over_processes_in_one_message() -> None:
    fabric = ManyProcesses(2, torch.tensor([3.0, 0.5]))
    assert mean_over_processes(fabric, {"ab/cycle": 1.0, "a/discriminator": 0.5}) == {
        "ab/cycle": 2.0,
        "a/discriminator": 0.5,
    }
    assert fabric.messages == 1


def test_one_process_agrees_with_itself_without_a_message() -> None:
    fabric = ManyProcesses(1, torch.zeros(2))
    assert any_process(fabric, True, False) == [True, False]
    assert mean_over_processes(fabric, {"ab/cycle": 0.1}) == {"ab/cycle": 0.1}
    assert gather(fabric, {"kept": 3}) == [{"kept": 3}]
    assert fabric.messages == 0


@pytest.mark.parametrize("own", [False, True])
def test_a_loss_that_is_not_finite_in_one_process_ends_all(tmp_path: Path, own: bool) -> None:
    state = small_state(small_config(tmp_path, tmp_path / "run"))
    state.fabric = ManyProcesses(2, torch.tensor([0.0, float(not own)]))
    value = float("nan") if own else 1.0
    with pytest.raises(TrainingFailedError, match="ab/cycle is nan" if own else "of another process is not finite"):
        refuse_infinite(state, {"ab/cycle": value}, 3)


def run_on_two(data: Path, run: Path, *options: str) -> tuple[str, str]:
    """Train on two processes, and return what they printed."""
    process = start(words(data, run, *options, "--devices", "2"))
    output, errors = process.communicate(timeout=3 * STARTING)
    assert process.returncode == 0, errors
    return output, errors


@pytest.mark.slow
def test_two_processes_train_like_one_with_twice_the_batch(data: Path, tmp_path: Path) -> None:
    """Without random motion and with instance norm, a batch dealt out to two processes is the batch of one."""
    options = ["--steps", "3", "--unsup-recycle", "0", "0", "--unsup-spatial", "0", "0", "--cycle", "10", "10"]
    run_on_two(data, tmp_path / "two", *options)
    assert main(words(data, tmp_path / "one", *options, "--batch-size", "2")) == 0
    one, two = (load_checkpoint(tmp_path / name / "step-00000003")["networks"] for name in ("one", "two"))
    for name, weight in one.items():
        if weight.ndim == 4:  # a bias before instance norm has no gradient but rounding, which Adam makes a step of
            torch.testing.assert_close(two[name], weight, rtol=0, atol=2e-6)
    for alone, together in zip(*(read_stats(tmp_path / name / "stats.jsonl") for name in ("one", "two")), strict=True):
        assert together == pytest.approx(alone, rel=1e-3), "lines hold the mean over processes"


@pytest.mark.slow
def test_only_the_first_of_two_processes_prints(data: Path, tmp_path: Path) -> None:
    output, errors = run_on_two(data, tmp_path / "run", "--steps", "3")
    assert output.count("trained 3 steps") == 1
    assert errors.count("step 3/3") == 1


@pytest.mark.slow
def test_two_processes_go_on_with_the_same_bits(data: Path, tmp_path: Path) -> None:
    """Each has fakes of its own in its buffers, and losses since the last line."""
    options = ["--history", "3", "--log-every", "4", "--devices", "2"]
    run_on_two(data, tmp_path / "whole", *options, "--steps", "8")
    run_on_two(data, tmp_path / "parts", *options, "--steps", "5")
    run_on_two(data, tmp_path / "parts", *options, "--steps", "8", "--resume")
    for name in ("ab.safetensors", "ba.safetensors", "stats.jsonl"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    first, second = load_checkpoint(tmp_path / "parts" / "step-00000008")["processes"]
    assert not torch.equal(first["buffers"]["a"][0], second["buffers"]["a"][0])


@pytest.mark.slow
def test_a_signal_to_one_of_two_processes_stops_both_with_a_checkpoint(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = start(words(data, run, "--steps", "1000", "--save-every", "1000", "--devices", "2"))
    wait_for_steps(process, run, 2)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=3 * STARTING)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    done = read_stats(run / "stats.jsonl")[-1]["step"]
    assert output.count(f"stopped after {done} of 1000 steps") == 1
    assert [int(path.name[5:]) for path in checkpoints(run)] == [done]
