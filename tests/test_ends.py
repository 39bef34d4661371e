"""However a command fails, it says so in one line, with an exit code that tells whose mistake it was."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from recyclegan import cli
from recyclegan.errors import InputError
from recyclegan.files import whole_file

RUN = [sys.executable, "-m", "recyclegan"]


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that fault reports go to."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def command(words: list[str]) -> int:
        raise error

    monkeypatch.setitem(cli.COMMANDS, "train", command)


def test_a_fault_is_told_in_one_line_and_reported_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reports: Path
) -> None:
    failing(monkeypatch, ZeroDivisionError("one\ntwo"))
    assert cli.main(["train", "--steps", "7"]) == 3
    messages = capsys.readouterr().err
    [report] = reports.glob("recyclegan-*.txt")
    assert messages == (
        f"recyclegan: a fault of the program, not yours (ZeroDivisionError: one two); "
        f"please send {report} to its bug tracker\n"
    )
    text = report.read_text()
    assert "Traceback" in text
    assert "'--steps', '7'" in text
    assert text.startswith("recyclegan 0")


def test_a_fault_s_traceback_is_shown_on_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, ZeroDivisionError())
    assert cli.main(["train", "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_a_fault_is_told_where_no_report_can_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    failing(monkeypatch, ZeroDivisionError("x"))
    assert cli.main(["train"]) == 3
    assert "please send what --debug prints to its bug tracker" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (InputError("x: no such\n  file"), 2, "x: no such file"),
        (MemoryError("12 GB"), 2, "not enough memory (12 GB); lower --size, --batch-size or --width"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: x"), 2, "not enough memory (Default"),
        (PermissionError(13, "Permission denied", "data/x.png"), 2, "data/x.png: Permission denied; check its name"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_exit_code_tells_whose_mistake_it_was(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    failing(monkeypatch, error)
    assert cli.main(["train"]) == code
    messages = capsys.readouterr().err
    assert messages.startswith(f"recyclegan: {line}")
    assert messages.count("\n") == 1


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_command_and_leaves_nothing_half_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: signal.Signals
) -> None:
    def command(words: list[str]) -> int:
        with whole_file(tmp_path / "place" / "out"):
            os.kill(os.getpid(), kind)
            os.kill(os.getpid(), kind)
            time.sleep(10)
        return 0

    monkeypatch.setitem(cli.COMMANDS, "train", command)
    before = signal.getsignal(kind)
    assert cli.main(["train"]) == 128 + kind
    assert capsys.readouterr().err == f"recyclegan: ended by {kind.name}\n"
    assert list((tmp_path / "place").iterdir()) == []
    assert signal.getsignal(kind) is before


def test_a_signal_that_is_ignored_from_outside_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(words: list[str]) -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        return 0

    monkeypatch.setitem(cli.COMMANDS, "train", command)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert cli.main(["train"]) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def ended(shell: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Return how ``recyclegan translate --help`` ended in a shell line, where R stands for it."""
    line = shell.replace("R", f"{sys.executable} -m recyclegan translate --help")
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("R | true; exit ${PIPESTATUS[0]}", {0, 141}),
        ("R >&-", {0}),
        ("R >&- 2>&-", {0}),
        ("R <&- >&- 2>&-", {0}),
        ("R > /dev/full", {2}),
        ("R 2> /dev/full >/dev/full", {2}),
    ],
)
def test_streams_that_are_closed_or_full_leave_no_traceback(tmp_path: Path, shell: str, code: set[int]) -> None:
    found = ended(shell, tmp_path)
    assert found.returncode in code
    assert "Traceback" not in found.stderr
    assert "Exception" not in found.stderr
    assert found.stderr.count("\n") <= 1


def test_a_name_that_is_no_unicode_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    found = subprocess.run([*RUN, "translate", "x", name, "y"], capture_output=True, timeout=60, check=False)
    assert found.returncode == 2
    assert b"Traceback" not in found.stderr
