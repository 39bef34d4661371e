"""Curves are drawn where their values are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.arrays import Image
from recyclegan.pages.charts import draw_curves


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
