"""Signals that ask for an end: saved where there is something to save, nothing left where there is not."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from recyclegan.cli import main
from recyclegan.logs import read_stats
from recyclegan.states import checkpoints
from recyclegan.training import loop, signals, train
from recyclegan.training.signals import KINDS, Interruption, leave_lost_terminal
from tests.small import SMALL_OPTIONS, make_data, small_config

PATIENCE = 240.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=2)


class Taken(BaseException):
    """What the handlers from before raise."""


@pytest.fixture
def _handlers() -> Any:
    def raise_it(number: int, frame: object) -> None:
        raise Taken(number)

    before = {kind: signal.signal(kind, raise_it) for kind in KINDS}
    yield
    for kind, handler in before.items():
        signal.signal(kind, handler)


def test_it_is_ctrl_c_the_request_to_end_and_the_terminal_that_goes() -> None:
    assert set(KINDS) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize("first", KINDS)
def test_a_second_signal_ends_at_once_and_one_sent_twice_is_one(
    first: signal.Signals, second: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(signals.time, "monotonic", lambda: now[0])
    with Interruption().listening() as interruption:
        assert not interruption.asked
        signal.raise_signal(first)
        signal.raise_signal(first)
        assert interruption.asked
        now[0] += 1
        with pytest.raises(Taken) as caught:
            signal.raise_signal(second)
    assert caught.value.args == (second,)
    with pytest.raises(Taken):
        signal.raise_signal(first)


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruption().listening() as interruption:
            signal.raise_signal(signal.SIGHUP)
            assert not interruption.asked
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_the_block_just_runs() -> None:
    seen = []

    def listen() -> None:
        with Interruption().listening() as interruption:
            seen.append(interruption.asked)

    thread = Thread(target=listen)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_them_ends_training_with_a_checkpoint(data: Path, tmp_path: Path, kind: signal.Signals) -> None:
    def report(done: int, total: int, terms: dict[str, float]) -> None:
        if done == 1:
            os.kill(os.getpid(), kind)

    outcome = train(small_config(data, tmp_path / "run", steps=9, save_every=9), report=report)
    assert [path.name for path in checkpoints(tmp_path / "run")] == [f"step-{outcome.steps:08d}"]
    assert outcome.steps < 9


@pytest.mark.parametrize(("kind", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_before_the_first_step_nothing_is_left(
    data: Path, tmp_path: Path, kind: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoding(*_: Any) -> Any:
        os.kill(os.getpid(), kind)
        time.sleep(5)

    monkeypatch.setattr(loop, "load_footage", decoding)
    words = ["train", "cycle-gan", "--data", str(data), "--out", str(tmp_path / "runs" / "one"), *SMALL_OPTIONS]
    assert main(words) == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [5, 32])
def test_a_report_to_a_terminal_or_a_pipe_that_is_gone_ends_nothing(data: Path, tmp_path: Path, number: int) -> None:
    def report(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    assert train(small_config(data, tmp_path / "run", steps=2), report=report).steps == 2


def test_other_errors_of_a_report_are_not_hidden(data: Path, tmp_path: Path) -> None:
    def report(*_: Any) -> None:
        raise OSError(13, "Permission denied")

    with pytest.raises(PermissionError):
        train(small_config(data, tmp_path / "run", steps=2), report=report)


def test_only_streams_to_a_lost_terminal_are_left() -> None:
    """In a process of its own, whose standard output is a terminal that goes and whose standard error is a pipe."""
    master, slave = pty.openpty()
    script = (
        f"import runpy, sys; leave = runpy.run_path({signals.__file__!r})['leave_lost_terminal']\n"
        "sys.stdin.readline()\n"
        "leave(); print('lost'); sys.stdout.flush(); print('kept', file=sys.stderr)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=slave, stderr=subprocess.PIPE, text=True
    )
    os.close(slave)
    os.close(master)
    assert process.communicate("go\n", timeout=PATIENCE)[1] == "kept\n"
    assert process.returncode == 0
    leave_lost_terminal()  # the tests' own streams are none


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_terminal_that_is_closed_leaves_a_checkpoint(data: Path, tmp_path: Path) -> None:
    """As when an ssh session breaks: SIGHUP, and every word to the terminal fails from then on."""
    run = tmp_path / "run"
    words = ["train", "cycle-gan", "--data", str(data), "--out", str(run), *SMALL_OPTIONS, "--steps", "9999"]
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "recyclegan", *words, "--save-every", "9999"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm"},
    )
    os.close(slave)
    Thread(target=drain, args=(master,), daemon=True).start()
    wait_until(lambda: len(read_stats(run / "stats.jsonl")) > 1, process)
    os.close(master)
    assert process.wait(PATIENCE) == 130
    [checkpoint] = checkpoints(run)
    assert (run / "ab.safetensors").exists()
    assert int(checkpoint.name[5:]) == read_stats(run / "stats.jsonl")[-1]["step"]


def drain(master: int) -> None:
    try:
        while os.read(master, 4096):
            pass
    except OSError:
        return
