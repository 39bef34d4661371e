"""What so many minutes are spent on: the properties of the choice, whatever steps take."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.planning.sizes import (
    ENOUGH_STEPS,
    MULTIPLE,
    SHORTER_SIDES,
    WIDTHS,
    Candidate,
    choose,
    longest_step,
    size_of_shape,
    sizes_within,
    steps_within,
)

SIZES = sizes_within([(1080, 1920)])
MINUTES = st.floats(0.1, 1000)
PIXEL_SECONDS = st.floats(1e-9, 1e-3)
OVERHEAD = st.floats(0, 1)
SHAPES = st.tuples(st.integers(32, 4000), st.integers(32, 4000))


def model(overhead: float, pixel: float, asked: list[Candidate] | None = None):
    """Return a machine on which steps take longer for more pixels and wider networks."""

    def seconds(candidate: Candidate) -> float:
        if asked is not None:
            asked.append(candidate)
        height, width = candidate.size
        return overhead + pixel * height * width * candidate.width / WIDTHS[0]

    return seconds


@settings(deadline=None)
@given(MINUTES, OVERHEAD, PIXEL_SECONDS)
def test_what_is_taken_leaves_enough_steps_or_is_the_smallest(minutes: float, overhead: float, pixel: float):
    choice = choose(SIZES, WIDTHS, model(overhead, pixel), longest_step(minutes))
    smallest = Candidate(SIZES[0], WIDTHS[0])
    assert choice.taken.seconds * ENOUGH_STEPS <= 60 * minutes or choice.taken.candidate == smallest


@settings(deadline=None)
@given(MINUTES, OVERHEAD, PIXEL_SECONDS)
def test_nothing_larger_would_have_done(minutes: float, overhead: float, pixel: float):
    seconds, longest = model(overhead, pixel), longest_step(minutes)
    taken = choose(SIZES, WIDTHS, seconds, longest).taken.candidate
    sizes = [size for size in SIZES if size > taken.size]
    widths = [width for width in WIDTHS if width > taken.width]
    assert all(seconds(Candidate(size, WIDTHS[0])) > longest for size in sizes)
    assert all(seconds(Candidate(taken.size, width)) > longest for width in widths)


@settings(deadline=None)
@given(MINUTES, st.floats(1, 100), OVERHEAD, PIXEL_SECONDS)
def test_more_minutes_never_buy_smaller_frames(minutes: float, times: float, overhead: float, pixel: float):
    few, many = (
        choose(SIZES, WIDTHS, model(overhead, pixel), longest_step(given)).taken.candidate
        for given in (minutes, times * minutes)
    )
    assert (few.size, few.width) <= (many.size, many.width)


@settings(deadline=None)
@given(MINUTES, OVERHEAD, PIXEL_SECONDS)
def test_size_comes_before_width_and_nothing_is_timed_beyond_the_first_that_is_too_slow(
    minutes: float, overhead: float, pixel: float
):
    asked: list[Candidate] = []
    longest = longest_step(minutes)
    choice = choose(SIZES, WIDTHS, model(overhead, pixel, asked), longest)
    assert len(asked) == len(set(asked))
    assert all((one.size, one.width) < (two.size, two.width) or one.size > two.size for one, two in pairwise(asked))
    slow = [candidate for candidate in asked if model(overhead, pixel)(candidate) > longest]
    assert len(slow) <= 2
    assert choice.refused is None or choice.refused.candidate in slow


@settings(deadline=None)
@given(MINUTES, OVERHEAD, PIXEL_SECONDS)
def test_timing_costs_little(minutes: float, overhead: float, pixel: float):
    """Six steps of each candidate: a share of the minutes that does not depend on the machine."""
    asked: list[Candidate] = []
    seconds = model(overhead, pixel, asked)
    choice = choose(SIZES, WIDTHS, seconds, longest_step(minutes))
    fits = [candidate for candidate in asked if model(overhead, pixel)(candidate) <= longest_step(minutes)]
    assert sum(6 * model(overhead, pixel)(candidate) for candidate in fits) <= 0.1 * 60 * minutes
    assert choice.taken.candidate in asked


@settings(deadline=None)
@given(MINUTES, st.floats(0, 0.9), st.floats(1e-4, 100))
def test_steps_keep_to_the_minutes(minutes: float, share: float, seconds: float):
    spent = share * 60 * minutes
    steps = steps_within(minutes, spent, seconds)
    assert steps >= 1
    assert steps == 1 or spent + steps * seconds <= 60 * minutes
    assert spent + (steps + 1) * seconds >= 0.94 * 60 * minutes


@settings(deadline=None)
@given(st.lists(SHAPES, min_size=1, max_size=2))
def test_sizes_have_the_footage_s_shape_and_enlarge_nothing(shapes: list[tuple[int, int]]):
    sizes = sizes_within(shapes)
    assert sizes
    assert all(height % MULTIPLE == width % MULTIPLE == 0 for height, width in sizes)
    assert all(min(size) <= min(map(min, shapes)) or min(size) == SHORTER_SIDES[0] for size in sizes)
    assert sorted(sizes) == list(sizes)


@settings(deadline=None)
@given(st.sampled_from(SHORTER_SIDES), st.floats(0.2, 5))
def test_a_size_is_within_half_a_multiple_of_the_shape(shorter: int, shape: float):
    height, width = size_of_shape(shorter, shape)
    assert min(height, width) == shorter
    longer = shorter * max(shape, 1 / shape)
    assert abs(max(height, width) - longer) <= MULTIPLE / 2 + 1e-6
    assert (width >= height) == (shape >= 1) or height == width


@pytest.mark.parametrize(
    ("shape", "first", "last"),
    [((576, 1024), (64, 112), (512, 912)), ((144, 288), (64, 128), (128, 256)), ((64, 128), (64, 128), (64, 128))],
)
def test_ladders_of_common_footage(shape: tuple[int, int], first: tuple[int, int], last: tuple[int, int]):
    sizes = sizes_within([shape])
    assert (sizes[0], sizes[-1]) == (first, last)


def test_a_given_size_and_width_are_the_only_candidate():
    asked: list[Candidate] = []
    choice = choose([(96, 192)], [24], model(0, 1e-6, asked), longest_step(1))
    assert asked == [Candidate((96, 192), 24)]
    assert choice.taken.candidate == asked[0]
