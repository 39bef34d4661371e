"""How fast work goes, in numbers and in words."""

import pytest

from recyclegan import pace
from recyclegan.pace import Pace, duration


def test_the_pace_is_that_since_work_went_on(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    one = Pace(40)
    assert one.speed(40) == 0
    now[0] += 5
    assert one.speed(50) == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (125, "2 min"), (3599, "1 h 00 min"), (11_100, "3 h 05 min")],
)
def test_times_are_told_as_people_tell_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
