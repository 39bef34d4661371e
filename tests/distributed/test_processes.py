"""Runs as processes of their own: killed at any moment, stopped by signals, spread over two devices."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric

from recyclegan.cli import main
from recyclegan.distributed import processes as voices
from recyclegan.distributed import watching
from recyclegan.distributed.processes import (
    LostProcessError,
    any_process,
    gather,
    mean_over_processes,
    one_voice,
    shared_fate,
)
from recyclegan.errors import InputError
from recyclegan.logs import read_stats
from recyclegan.states import checkpoints, load_checkpoint
from recyclegan.steps import TrainingFailedError
from recyclegan.steps.finite import refuse_infinite
from recyclegan.steps.gathered import StepNumbers
from recyclegan.steps.step import average_gradients
from tests.small import SMALL_OPTIONS, make_data, small_config, small_state

STARTING = 240.0
"""Seconds after which a process that has not trained a step is given up."""


def words(data: Path, run: Path, *more: str) -> list[str]:
    return ["train", "unsup-recycle-gan", "--data", str(data), "--out", str(run), *SMALL_OPTIONS, *more]


def start(arguments: list[str], before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "recyclegan", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=before,
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


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
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
        refuse_infinite(state, StepNumbers(3, {"ab/cycle": value}))


class Spoken(Fabric):
    """Stands in for one of two processes; ``others`` is what the other one says of its part, nothing if all is well."""

    def __init__(self, others: str) -> None:
        super().__init__(accelerator="cpu", devices=1)
        self.others = others

    @property
    def world_size(self) -> int:
        return 2

    def all_reduce(self, data: Any, group: Any = None, reduce_op: Any = "sum") -> Any:
        return data + bool(self.others)


def fail_with(message: str) -> None:
    if message:
        raise InputError(message)


@pytest.mark.parametrize(
    ("own", "others", "messages"), [("", "disk", "disk"), ("mine", "", "mine"), ("mine", "x", "mine")]
)
def test_an_error_of_one_process_is_the_error_of_all(
    monkeypatch: pytest.MonkeyPatch, own: str, others: str, messages: str
) -> None:
    fabric = Spoken(others)
    monkeypatch.setattr(voices, "gather", lambda _, message: [message, others])
    with pytest.raises(InputError, match=f"^{messages}$"), shared_fate(fabric):
        fail_with(own)


def test_without_an_error_nobody_is_stopped() -> None:
    with shared_fate(Spoken("")):
        pass
    with pytest.raises(KeyError), shared_fate(Spoken("")):
        raise KeyError("a fault of the program is no matter of agreement")


class LostFabric(Spoken):
    """The other process is gone."""

    def all_reduce(self, data: Any, group: Any = None, reduce_op: Any = "sum") -> Any:
        raise RuntimeError("[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:1234")


def test_a_process_that_is_gone_is_told_in_one_line() -> None:
    with pytest.raises(LostProcessError) as caught:
        any_process(LostFabric(""), False)
    assert "another of the processes that train together ended without a word" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("is_first", "has_the_word", "raised"),
    [(True, True, InputError), (True, False, SystemExit), (False, True, InputError), (False, False, SystemExit)],
)
def test_whoever_has_the_word_tells_and_the_others_end_without_one(
    monkeypatch: pytest.MonkeyPatch, is_first: bool, has_the_word: bool, raised: type[BaseException]
) -> None:
    monkeypatch.setattr(voices, "is_first_process", lambda: is_first)
    monkeypatch.setattr(voices, "_has_the_word", lambda _: has_the_word)
    with pytest.raises(raised) as caught, one_voice():
        raise InputError("why")
    assert str(caught.value) == ("why" if has_the_word else "2")


@pytest.mark.parametrize(("is_first", "raised"), [(True, KeyboardInterrupt), (False, SystemExit)])
def test_only_the_first_process_tells_of_an_interruption(
    monkeypatch: pytest.MonkeyPatch, is_first: bool, raised: type[BaseException]
) -> None:
    monkeypatch.setattr(voices, "is_first_process", lambda: is_first)
    with pytest.raises(raised), one_voice():
        raise KeyboardInterrupt


def test_more_devices_than_the_machine_has_are_one_line_before_any_work(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fabric, "launch", lambda *_: pytest.fail("started processes"))
    devices = (os.cpu_count() or 1) + 1
    assert main(words(data, tmp_path / "run", "--devices", str(devices))) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"recyclegan: --devices {devices}: found a CPU of {devices - 1} cores, expected at most")
    assert not (tmp_path / "run").exists()


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
    options = ["--history", "3", "--log-every", "4", "--decay", "0", "--devices", "2"]
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


def fail_on_two(data: Path, run: Path, *options: str, limit: int | None = None) -> list[str]:
    """Train on two processes, which fails, and return the lines that they told why in."""

    def limited() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = start(words(data, run, "--preset", "none", *options, "--devices", "2"), before=limited)
    output, errors = process.communicate(timeout=3 * STARTING)
    assert process.returncode == 2, errors
    assert output == ""
    return [line for line in errors.splitlines() if not line.startswith("step ")]


@pytest.mark.slow
def test_two_processes_tell_in_one_line_why_they_fail(data: Path, tmp_path: Path) -> None:
    [line] = fail_on_two(data / "missing", tmp_path / "run")
    assert "no such folder" in line
    assert not (tmp_path / "run").exists()
    [line] = fail_on_two(data, tmp_path / "run", limit=100_000)
    assert "state.pt: cannot be written (File too large)" in line
    [line] = fail_on_two(data, tmp_path / "run")
    assert "holds a run already" in line
    run_on_two(data, tmp_path / "run", "--preset", "none", "--resume")
    assert checkpoints(tmp_path / "run")[-1].name == "step-00000006"


@pytest.mark.slow
@pytest.mark.parametrize("first", [False, True])
def test_when_one_of_two_processes_is_killed_the_other_ends_in_one_line_at_most(
    data: Path, tmp_path: Path, first: bool
) -> None:
    run = tmp_path / "run"
    process = start(words(data, run, "--steps", "1000", "--save-every", "1", "--devices", "2"))
    wait_for_steps(process, run, 2)
    [other] = children_of(process.pid)
    os.kill(process.pid if first else other, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if first else 2)
    messages = [line for line in errors.splitlines() if not line.startswith("step ")]
    assert len(messages) == (not first)
    assert all(
        "ended without a word (was it killed, or out of memory?); go on with --resume" in line for line in messages
    )
    deadline = time.monotonic() + 30
    while Path(f"/proc/{other}").exists():
        assert time.monotonic() < deadline, "a process is left behind"
        time.sleep(0.1)
    run_on_two(data, run, "--resume", "--steps", str(int(checkpoints(run)[-1].name[5:]) + 1))


def children_of(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@pytest.mark.parametrize("messages", [True, False])
def test_a_process_ends_without_a_word_when_the_one_that_started_it_is_gone(messages: bool, tmp_path: Path) -> None:
    """Be it before the process looks for it, or after."""
    child = (
        f"import os, runpy, sys, time; watching = runpy.run_path({watching.__file__!r})\n"
        "time.sleep(0 if sys.argv[1] == 'early' else 1); watching['end_with_parent']()\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    )
    parent = (
        f"import os, runpy, subprocess, sys, time; runpy.run_path({watching.__file__!r})['be_first']()\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}, {'early' if messages else 'late'!r}])\n"
        f"time.sleep({1 if messages else 0.2})"
    )
    process = subprocess.run([sys.executable, "-c", parent], capture_output=True, text=True, timeout=60, check=True)
    assert process.stderr == ""
    deadline = time.monotonic() + 50
    while not (tmp_path / "pid").exists() or Path(f"/proc/{(tmp_path / 'pid').read_text() or 0}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_first_process_ends_with_a_child_whose_loss_it_has_not_noticed() -> None:
    script = (
        f"import runpy, subprocess, sys, time; watching = runpy.run_path({watching.__file__!r})\n"
        "watching['end_with_children'].__globals__['LAST_RESORT'] = 0.1\n"
        "codes = ('exit(3)', 'import time; time.sleep(60)')\n"
        "children = [subprocess.Popen([sys.executable, '-c', code]) for code in codes]\n"
        "watching['end_with_children'](children); print(children[1].pid, flush=True); time.sleep(60)"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert process.returncode == 2
    [line] = process.stderr.splitlines()
    assert line == "recyclegan: one of the processes that train together failed; go on with --resume"
    assert not Path(f"/proc/{process.stdout.strip()}").exists()
