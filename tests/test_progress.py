"""Progress where no terminal is: a line once work takes long, then every half minute, with the time left."""

import io
import time

import pytest
from rich.console import Console

from recyclegan import pace
from recyclegan.cli import progress
from recyclegan.cli.progress import counter, progress_bars, training_bar


class Clock:
    """Stands in for the time module: moves only when told to."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(pace, "time", clock)
    return clock


def test_long_work_prints_a_line_at_once_and_then_every_half_minute(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for frame in range(0, 101, 10):
            show(frame, 400, "drive.mp4")
            clock.now += 10
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "drive.mp4: 10/400  0:06:30 left",
        "drive.mp4: 40/400  0:06:00 left",
        "drive.mp4: 70/400  0:05:30 left",
        "drive.mp4: 100/400  0:05:00 left",
    ]


def test_the_time_left_is_told_soon_after_a_first_line_that_could_not(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for done, seconds in ((0, 0), (0, 3), (1, 3), (2, 3), (3, 3)):
            clock.now += seconds
            show(done, 100, "runs")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" ")[1] for line in lines] == ["0/100", "2/100"]
    assert lines[1].endswith(" left")


def test_every_piece_of_work_that_takes_long_prints_a_line(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for number, seconds in enumerate((10, 1, 1, 10, 1)):
            show(1, 2, f"{number}.mp4")
            clock.now += seconds
            show(2, 2, f"{number}.mp4")
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["0.mp4", "3.mp4"]


def test_work_that_begins_anew_is_timed_anew(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        show(0, 10, "measuring")
        clock.now += 1000
        show(0, 10, "measuring")
        clock.now += 10
        show(5, 10, "measuring")
    assert capsys.readouterr().err.splitlines()[-1] == "measuring: 5/10  0:00:10 left"


def test_work_that_goes_on_side_by_side_prints_lines_of_each(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for step in range(41):
            for run in ("ours", "theirs"):
                show(step, 400, run)
                clock.now += 1
    lines = capsys.readouterr().err.splitlines()
    for run in ("ours", "theirs"):
        own = [line for line in lines if line.startswith(run)]
        assert len(own) == 3
        assert all(line.endswith(" left") for line in own[1:])


def test_work_without_news_prints_lines_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LONG", "SOON", "LINE_EVERY", "TICK"):
        monkeypatch.setattr(progress, name, 0.02)
    with progress_bars() as bars:
        counter(bars)(3, 40, "cutting drive.mp4")
        time.sleep(0.5)
    messages = capsys.readouterr().err
    assert messages.count("cutting drive.mp4: 3/40\n") > 1
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_lines_hold_no_control_characters(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        for done in range(3):
            counter(bars)(done, 3, "films")
            training_bar(bars)(done + 1, 3, {"ab/cycle": 1.0})
            clock.now += 40
    messages = capsys.readouterr().err
    assert messages
    assert all(line.isprintable() for line in messages.splitlines())


@pytest.mark.parametrize("kind", ["force_terminal", "force_jupyter"])
def test_bars_are_drawn_on_a_terminal_and_in_a_notebook(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    monkeypatch.setattr(progress, "console", Console(file=io.StringIO(), **{kind: True}))
    monkeypatch.setattr("rich.live.Live.start", lambda *_, **__: None)
    with progress_bars() as bars:
        assert not bars.disable
        counter(bars)(1, 2, "films")
        clock.now += 100
        counter(bars)(2, 2, "films")
    assert capsys.readouterr().err == ""


def test_bars_of_many_runs_fit_on_a_screen_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, height=24)
    monkeypatch.setattr(progress, "console", console)
    clock = Clock()
    with progress_bars() as bars:
        bars.get_time = clock.monotonic
        show = counter(bars)
        for run in range(8):
            show(run, 18, "runs")
            for stage in ("training", "measuring"):
                for done in (0, 1, 2):
                    show(done, 2, f"ours, seed {run}: {stage}")
                    clock.now += 300
        table = Console(file=io.StringIO(), width=120)
        table.print(bars.make_tasks_table(bars.tasks))
    drawn = table.file.getvalue().splitlines()
    assert len(drawn) == progress.MOST_BARS
    assert drawn[0].startswith("runs ")
    assert "-:--:--" not in drawn[0]
    assert drawn[-1].startswith("ours, seed 7: measuring")


def test_work_of_unknown_length_prints_what_is_done(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        show(0, None, "footage")
        clock.now += 31
        show(7, None, "footage")
    assert capsys.readouterr().err == "footage: 7\n"


def test_short_work_prints_nothing(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for frame in range(11):
            show(frame, 10, "drive.mp4")
            clock.now += 0.19
    assert capsys.readouterr() == ("", "")


def test_training_prints_steps_speed_time_left_and_losses(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = training_bar(bars)
        for step in range(21, 41):
            show(step, 40, {"ab/cycle": step / 10})
            clock.now += 2
    assert capsys.readouterr().err.splitlines() == [
        "step 22/40  0.50 steps/s  0:00:36 left  ab/cycle 2.20",
        "step 37/40  0.50 steps/s  0:00:06 left  ab/cycle 3.70",
        "step 40/40  0.50 steps/s  0:00:00 left  ab/cycle 4.00",
    ]


def test_training_prints_the_share_of_the_time_that_steps_waited_for_data(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bars() as bars:
        show = training_bar(bars, lambda: 0.0123)
        for step in (1, 2):
            show(step, 2, {"ab/cycle": 1.0})
            clock.now += 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "step 2/2  0.25 steps/s, 1.2% waiting for data  0:00:00 left  ab/cycle 1.00"
