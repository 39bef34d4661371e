"""Progress where no terminal is: a line every half minute, with the time left."""

import pytest

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
    return clock


def test_long_work_prints_a_line_every_half_minute(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for frame in range(0, 101, 10):
            show(frame, 400, "drive.mp4")
            clock.now += 10
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "drive.mp4: 30/400  0:06:10 left",
        "drive.mp4: 60/400  0:05:40 left",
        "drive.mp4: 90/400  0:05:10 left",
    ]


def test_many_short_pieces_of_work_print_lines_too(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = counter(bars)
        for number in range(7):
            for frame in (1, 2):
                show(frame, 2, f"{number}.mp4")
                clock.now += 5
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["3.mp4", "6.mp4"]


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
            clock.now += 2
    assert capsys.readouterr() == ("", "")


def test_training_prints_steps_speed_time_left_and_losses(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bars() as bars:
        show = training_bar(bars)
        for step in range(21, 41):
            show(step, 40, {"ab/cycle": step / 10})
            clock.now += 2
    assert capsys.readouterr().err.splitlines() == [
        "step 36/40  0.50 steps/s  0:00:08 left  ab/cycle 3.60",
        "step 40/40  0.50 steps/s  0:00:00 left  ab/cycle 4.00",
    ]
