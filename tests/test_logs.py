"""Statistics survive crashes and resumes; curves and grids show what they are given."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.arrays import Image
from recyclegan.logs import StatsLog, draw_curves, image_grid, read_stats, series


def flat(level: int, height: int = 10, width: int = 14, channels: int = 3) -> Image:
    return np.full((height, width, channels), level, np.uint8)


def steps_of(path: Path) -> list[int]:
    return [entry["step"] for entry in read_stats(path)]


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    log = StatsLog(tmp_path / "run" / "stats.jsonl", 0)
    entries = [{"step": 10, "ab/cycle": 0.5, "lr": 2e-4}, {"step": 20, "ab/cycle": 1e-9, "lr": 2e-4}]
    for entry in entries:
        log.write(entry)
    assert read_stats(log.path) == entries
    assert len(log.path.read_text().splitlines()) == 2


def test_entries_from_the_first_step_on_are_dropped(tmp_path: Path) -> None:
    log = StatsLog(tmp_path / "stats.jsonl", 0)
    for step in range(1, 6):
        log.write({"step": step})
    again = StatsLog(tmp_path / "stats.jsonl", 4)
    assert steps_of(log.path) == [1, 2, 3]
    again.write({"step": 4})
    assert steps_of(log.path) == [1, 2, 3, 4]


@pytest.mark.parametrize("tail", ['{"step": 3, "lo', '{"step": 3', "{", '{"step": 3, "a": 1}}', "\0\0\0\0"])
def test_a_line_cut_off_by_a_crash_is_left_out_and_does_not_spoil_the_next(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n' + tail)
    assert steps_of(path) == [1, 2]
    StatsLog(path, 3).write({"step": 3})
    assert steps_of(path) == [1, 2, 3]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_no_file_has_no_entries(tmp_path: Path) -> None:
    assert read_stats(tmp_path / "stats.jsonl") == []


def test_series_hold_each_number_where_it_was_logged() -> None:
    entries = [{"step": 1, "a": 2.0, "note": "text"}, {"step": 3, "a": 4, "b": 0.5}]
    assert series(entries) == {"a": [(1, 2.0), (3, 4)], "b": [(3, 0.5)]}


def test_a_grid_shows_every_image_in_its_place_with_white_between() -> None:
    grid = image_grid([[flat(10), flat(20)], [flat(30), flat(40), flat(50)]], gap=4)
    assert grid.shape == (24, 3 * 14 + 2 * 4, 3)
    for row, column, level in [(0, 0, 10), (0, 1, 20), (1, 0, 30), (1, 1, 40), (1, 2, 50)]:
        top, left = 14 * row, 18 * column
        assert (grid[top : top + 10, left : left + 14] == level).all()
    assert (grid[:10, 32:] == 255).all(), "the shorter row ends in white"
    assert (grid[10:14] == 255).all()
    assert (grid[:, 14:18] == 255).all()


def test_a_grid_takes_grey_images_and_images_of_other_sizes() -> None:
    grid = image_grid([[flat(10), flat(20, channels=1), flat(30, 20, 28), flat(40, 5, 7)]], gap=2)
    assert grid.shape == (10, 4 * 14 + 3 * 2, 3)
    assert [int(grid[5, 16 * place + 7, 2]) for place in range(4)] == [10, 20, 30, 40]


def test_a_single_image_is_its_own_grid() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 11, 3), np.uint8)
    np.testing.assert_array_equal(image_grid([[image]]), image)


def curve_pixels(picture: Image) -> np.ndarray:
    return (picture == (0x1F, 0x5F, 0xBF)).all(axis=2)


VALUES = st.integers(-(10**6), 10**6).map(lambda number: number / 1000)


@given(st.lists(VALUES, min_size=1, max_size=8), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_any_values_are_drawn_inside_the_chart(values: list[float], first: int) -> None:
    picture = draw_curves({"loss": [(first + 20 * place, value) for place, value in enumerate(values)]}, 200, 100)
    assert picture.shape[0] == 100
    columns = curve_pixels(picture[:, :200]).any(axis=0).nonzero()[0]
    assert len(columns)
    assert columns.min() >= 46
    assert columns.max() <= 192
    assert not curve_pixels(picture[:, 200:]).any()


def test_a_single_value_is_large_enough_to_be_seen() -> None:
    assert curve_pixels(draw_curves({"loss": [(500, 0.25)]}, 200, 100)[:, :200]).sum() > 10


def test_a_rising_curve_rises_and_a_falling_one_falls() -> None:
    rising = curve_pixels(draw_curves({"loss": [(1, 0.0), (2, 1.0)]}, 200, 100)[:, :200])
    falling = curve_pixels(draw_curves({"loss": [(1, 1.0), (2, 0.0)]}, 200, 100)[:, :200])
    for picture, sign in ((rising, 1), (falling, -1)):
        rows, columns = picture.nonzero()
        assert sign * np.corrcoef(rows, columns)[0, 1] < -0.9


def test_curves_stand_three_in_a_row_in_the_order_of_their_names() -> None:
    points = {name: [(0, 0.0), (1, 1.0)] for name in "dcba"}
    picture = draw_curves(points, 200, 100)
    assert picture.shape == (2 * 100 + 4, 3 * 200 + 2 * 4, 3)
    alone = draw_curves({"d": points["d"]}, 200, 100)[:, :200]
    np.testing.assert_array_equal(picture[104:, :200], alone)
    assert (picture[104:, 204:] == 255).all()
