"""The size that keeps up: the largest whose time allows it, found with few looks, and told."""

import math

from hypothesis import given
from hypothesis import strategies as st

from recyclegan.live.keeping_up import IN_TIME, LEAST, Size, _sizes, size_that_keeps_up
from recyclegan.live.meter import Meter

SIDES = st.integers(32, 1080)


@given(SIDES, SIDES, st.floats(1e-9, 1e-3), st.floats(0, 0.2), st.floats(1, 120))
def test_the_largest_size_in_time_is_chosen_whatever_the_machine(
    height: int, width: int, per_pixel: float, fixed: float, rate: float
) -> None:
    looks: list[Size] = []

    def seconds(size: Size) -> float:
        looks.append(size)
        return fixed + per_pixel * math.prod(size)

    found = size_that_keeps_up((height, width), seconds, rate)
    in_time = [size for size in _sizes((height, width)) if fixed + per_pixel * math.prod(size) <= IN_TIME / rate]
    assert found.is_in_time == bool(in_time)
    assert found.size == (in_time[0] if in_time and not fixed else found.size)
    assert found.size in (in_time or _sizes((height, width))[-1:])
    assert len(looks) == len(set(looks))
    assert looks[0] == (height, width)


def test_where_time_grows_with_pixels_two_looks_are_enough() -> None:
    looks: list[Size] = []
    found = size_that_keeps_up((512, 960), lambda size: looks.append(size) or math.prod(size) * 1e-6, 10)
    assert found.size == (204, 384)
    assert len(looks) == 2


def test_a_small_size_stays_whole_and_the_shape_is_kept() -> None:
    assert size_that_keeps_up((LEAST, 400), lambda _: 9.0, 25).size == (LEAST, 400)
    height, width = size_that_keeps_up((400, 800), lambda _: 9.0, 25).size
    assert (height, width) == (100, 200)


def test_what_is_chosen_is_told() -> None:
    whole = (400, 800)
    assert "in time for 25 frames/s" in size_that_keeps_up(whole, lambda _: 0.01, 25).words(whole, 25)
    fast = size_that_keeps_up(whole, lambda size: 1e-7 * math.prod(size) * 5, 25).words(whole, 25)
    assert "translating at 320x160, 26 ms a frame, to keep up with 25 frames/s (800x400 is too slow here" in fast
    slow = size_that_keeps_up(whole, lambda _: 9.0, 25).words(whole, 25)
    assert "translating at 200x100, 9000 ms a frame: too slow for 25 frames/s here" in slow


def test_figures_are_those_of_the_last_seconds() -> None:
    meter = Meter()
    for number in range(100):
        meter.took(number / 10, number / 10 + (0.5 if number < 50 else 0.25))
    figures = meter.figures(3, (64, 128))
    assert str(figures) == "10.0 frames/s, 250 ms behind, translated at 128x64, 3 dropped"
    assert (meter.num_frames, round(meter.longest_delay, 6)) == (100, 0.5)
    assert abs(meter.whole_rate - 99 / 9.65) < 1e-9
    assert str(Meter().figures(0, (64, 128))) == "0.0 frames/s, 0 ms behind, translated at 128x64"
