"""Grids show every picture in its place, under headings that fit."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.arrays import Image
from recyclegan.pages.grids import (
    GAP,
    MARGIN,
    MOST_LETTERS,
    SMALL,
    Band,
    Row,
    enlargement,
    fitted,
    font_of,
    image_grid,
    line_of_text,
    sheet,
    stacked,
    with_key,
    wrapped,
)


def flat(level: int, height: int = 10, width: int = 14, channels: int = 3) -> Image:
    return np.full((height, width, channels), level, np.uint8)


def noise(seed: int, height: int, width: int) -> Image:
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3), np.uint8)


def places_of(picture: Image, whole: Image) -> list[tuple[int, int]]:
    """Return where (top, left) a picture stands in a larger one, pixel by pixel."""
    height, width = picture.shape[:2]
    tops, lefts = (whole[: whole.shape[0] - height + 1, : whole.shape[1] - width + 1] == picture[0, 0]).all(2).nonzero()
    found = zip(tops.tolist(), lefts.tolist(), strict=True)
    return [(y, x) for y, x in found if np.array_equal(whole[y : y + height, x : x + width], picture)]


def test_a_sheet_shows_every_picture_under_its_heading_and_caption() -> None:
    rows = [[noise(10 * row + column, 40, 300) for column in range(3)] for row in range(2)]
    shown = sheet([Band(["real", "translated", "back"], [Row(row, "clip") for row in rows])])
    assert shown.shape[1] == 3 * 300 + 2 * GAP + 2 * MARGIN
    for column in range(3):
        (first,), (second,) = (places_of(row[column], shown) for row in rows)
        assert first[1] == second[1] == MARGIN + column * (300 + GAP)
        heading = shown[: first[0], first[1] : first[1] + 300]
        assert (heading < 100).any(), "dark letters stand above the column"
        between = shown[first[0] + 40 : second[0], :300]
        assert (between < 200).any(), "a caption stands above each row"


def test_bands_stand_below_each_other_with_their_own_headings() -> None:
    one, two = noise(1, 40, 300), noise(2, 30, 400)
    shown = sheet([Band(["A"], [Row([one])]), Band(["B"], [Row([two])])])
    ((top, _),), ((below, _),) = places_of(one, shown), places_of(two, shown)
    assert (shown[:top] < 100).any()
    assert (shown[top + 40 : below] < 100).any()
    assert (shown[top : top + 40, MARGIN + 300 :] == 255).all(), "the narrower band ends in white"


@given(st.integers(1, 700), st.integers(1, 300))
@settings(max_examples=20, deadline=None)
def test_small_pictures_are_enlarged_by_a_whole_number_and_others_are_not(width: int, height: int) -> None:
    picture = noise(width, height, width)
    factor = enlargement(picture)
    assert factor == 1 if width >= SMALL else SMALL <= factor * width < 2 * SMALL
    assert places_of(picture.repeat(factor, 0).repeat(factor, 1), sheet([Band(["A"], [Row([picture])])]))


@pytest.mark.parametrize("width", [48, 256, 542, 2048])
def test_letters_grow_with_the_pictures_so_that_a_small_screen_shows_them_too(width: int) -> None:
    picture = flat(0, 10, width)
    band = sheet([Band(["translated to B"] * 3, [Row([picture] * 3)])])[MARGIN:-MARGIN, MARGIN:-MARGIN]
    column = width * enlargement(picture)
    heading = band[: band.shape[0] - 10 * enlargement(picture) - GAP, :column]
    rows = (heading < 128).all(2).any(1).nonzero()[0]
    letters = rows.max() - rows.min()
    assert letters >= min(column / 20, MOST_LETTERS / 2)
    assert letters >= 10


def test_grey_pictures_and_pictures_of_other_sizes_stand_in_their_columns() -> None:
    rows = [
        Row([flat(10, 20, 250), flat(20, 20, 250, 1), flat(30, 40, 500)]),
        Row([flat(40, 20, 300), flat(50, 20, 250)]),
    ]
    shown = sheet([Band(["one", "two", "three"], rows)])
    assert shown.shape[1] == 300 + 250 + 250 + 2 * GAP + 2 * MARGIN
    for level, left in ((10, 0), (20, 304), (30, 558), (40, 0), (50, 304)):
        assert places_of(flat(level, 20, 250), shown)[0][1] == MARGIN + left


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=80), st.integers(20, 200))
@settings(max_examples=50, deadline=None)
def test_text_is_made_to_fit_and_keeps_its_ends(words: str, width: int) -> None:
    font = font_of(14)
    shown = fitted(words, font, width)
    assert font.getlength(shown) <= width
    if shown != words:
        start, end = shown.split("…")[0], shown.split("…")[-1]
        assert words.startswith(start)
        assert words.endswith(end)


def test_a_line_of_text_is_as_wide_as_asked() -> None:
    line = line_of_text("a name that is far too long for its place", 100, 16)
    assert line.shape == (24, 100, 3)
    assert (line < 100).any()
    assert (line_of_text("", 100, 16) == 255).all()


def test_stacked_pictures_need_no_gap() -> None:
    np.testing.assert_array_equal(stacked([flat(1), flat(2)], 0), np.concatenate([flat(1), flat(2)]))


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


@given(st.lists(st.text("abc-", min_size=1, max_size=12), max_size=12), st.integers(60, 300))
@settings(max_examples=50, deadline=None)
def test_text_is_broken_after_words_and_hyphens_and_nothing_of_it_is_lost(words: list[str], width: int) -> None:
    font = font_of(14)
    lines = wrapped(" ".join(words), font, width)
    assert all(font.getlength(line) <= width for line in lines)
    if not any("…" in line for line in lines):
        assert "".join(lines).replace(" ", "") == "".join(words)
    assert all(line[0] != " " and (before[-1] == "-" or " " in " ".join(words)) for before, line in pairwise(lines))


def test_a_heading_that_is_too_long_stands_on_several_lines() -> None:
    picture = noise(1, 40, 256)
    long = sheet([Band(["unsup-recycle-gan-with-a-very-long-name", "b"], [Row([picture, picture])])])
    short = sheet([Band(["a", "b"], [Row([picture, picture])])])
    assert long.shape[0] > short.shape[0]
    assert long.shape[1] == short.shape[1]


def test_a_key_stands_below_its_picture_with_its_symbol_and_words() -> None:
    picture, symbol = noise(1, 30, 400), noise(2, 50, 50)
    keyed = with_key(picture, symbol, ["What the colours mean.", "And more."], 14)
    ((top, left),) = places_of(symbol, keyed)
    assert top >= 30
    assert (keyed[top:, left + 60 :] < 100).any()
    np.testing.assert_array_equal(keyed[:30], picture)
