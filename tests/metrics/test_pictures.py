"""Measures of pictures: what they are by definition, on pictures of any size, and what they do not depend on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recyclegan.metrics import pictures
from recyclegan.metrics.frame_numbers import look_of, numbers_of, pair_of, references_of
from recyclegan.verdict import NAMES
from tests.verdict.outputs import checkered, frame, mushy

SHAPES = st.tuples(st.integers(8, 70), st.integers(8, 70), st.sampled_from([1, 3]))
DAY, RAIN = frame(0, 0, "day"), frame(0, 0, "rain")


def affine(image, gain, offset):
    return np.rint(gain * (image.astype(float) - 128) + 128 + offset).clip(0, 255).astype(np.uint8)


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, (2, *shape))))
@settings(max_examples=40, deadline=None)
def test_any_pictures_can_be_measured_and_all_numbers_are_finite(images):
    numbers = numbers_of([pair_of(*images)], [look_of(images[1])])
    assert set(numbers) <= set(NAMES)
    assert all(np.isfinite(value) for value in numbers.values())
    shares = ("swapped_area", "holes", "ghosts", "saturated")
    assert all(0 <= numbers.get(name, 0) <= 1 for name in shares)
    assert -1.001 <= numbers.get("lightness_agreement", 0) <= 1.001


@given(st.floats(0.4, 0.9), st.floats(-20, 20))
@settings(max_examples=15, deadline=None)
def test_contrast_and_brightness_as_such_do_not_count(gain, offset):
    paler, negative = affine(DAY, gain, offset), affine(DAY, -gain, offset)
    assert pictures.lightness_agreement(DAY, paler) == pytest.approx(1, abs=0.02)
    assert pictures.lightness_agreement(DAY, negative) == pytest.approx(-1, abs=0.02)
    assert pictures.swapped_area(DAY, paler) < 0.01
    assert pictures.swapped_area(DAY, negative) > 0.97
    assert pictures.edges_kept(DAY, paler) == pytest.approx(1, abs=0.15)
    assert pictures.detail(paler) == pytest.approx(pictures.detail(DAY), rel=0.12)
    assert pictures.new_blobs(DAY, paler) == 0


@pytest.mark.parametrize("level", [0, 255, (255, 0, 0)], ids=str)
def test_a_hole_counts_by_its_area_where_the_source_is_not_so(level):
    torn = RAIN.copy()
    torn[10:30, 40:80] = level
    assert pictures.new_blobs(RAIN, torn) == pytest.approx(20 * 40 / torn[..., 0].size, rel=0.2), (
        "but for what was dark before"
    )
    assert pictures.new_blobs(torn, torn) == 0


def test_a_target_excuses_holes_of_its_own_colours_alone():
    """Nights have black skies: black where the source is not is theirs, a cyan glow is not."""
    night, black, glow = np.full_like(RAIN, 60), RAIN.copy(), RAIN.copy()
    night[:40] = 0
    black[:30], glow[40:60, 40:80] = 0, (0, 255, 255)
    for target, holed, expected in (((night,), black, 0), ((night,), glow, 1), ((), black, 1), ((glow,), glow, 0)):
        found = numbers_of([pair_of(RAIN, holed)], [look_of(image) for image in target])["holes"]
        share = pictures.new_blobs(RAIN, holed)
        assert found == pytest.approx(expected * share, abs=1e-9)
        assert share > 0.02


def test_a_speck_is_no_hole():
    torn = RAIN.copy()
    torn[10:12, 40:42] = 0
    assert pictures.new_blobs(RAIN, torn) == 0


def test_blur_takes_edges_and_detail():
    assert pictures.edges_kept(DAY, mushy(DAY)) < 0.4
    assert pictures.detail(mushy(DAY)) < 0.7 * pictures.detail(DAY)
    assert pictures.edges_kept(DAY, DAY) == 1


@pytest.mark.parametrize("period", [2, 4])
def test_a_pattern_of_whole_pixels_stands_out(period):
    rows, columns = np.mgrid[:64, :128] * 2 // period
    image = (RAIN + 4 * (-1.0) ** (rows + columns)[..., None]).clip(0, 255).astype(np.uint8)
    assert pictures.ripple(image) > pictures.ripple(RAIN) + 8
    assert pictures.ripple(checkered(RAIN)) > 20 > pictures.ripple(RAIN)


def test_shapes_where_the_source_is_flat_are_ghosts():
    flat = np.full((64, 128, 3), 120, np.uint8)
    flat[:, 64:] = DAY[:, 64:]
    ghost = flat.copy()
    ghost[20:40:4, 10:40] = 200
    (seen, share), (none, _) = pictures.ghosts(flat, ghost), pictures.ghosts(flat, flat)
    assert share > 0.3
    assert seen > 0.05
    assert none == 0


def test_a_flat_source_tells_nothing():
    flat = np.full((40, 60, 3), 90, np.uint8)
    for measure in (pictures.lightness_agreement, pictures.swapped_area, pictures.edges_kept):
        assert np.isnan(measure(flat, DAY[:40, :60]))


def test_a_mean_colour_on_the_way_from_source_to_target_is_no_tint():
    source, target = (np.full((40, 60, 3), colour, np.uint8) for colour in ((200, 40, 40), (40, 40, 200)))
    for share, expected in ((0.5, 0.0), (0.0, 0.0), (1.0, 0.0)):
        between = np.rint((1 - share) * source + share * target).astype(np.uint8)
        assert numbers_of([pair_of(source, between)], [look_of(target)])["tint"] == expected
    green = np.full((40, 60, 3), (40, 200, 40), np.uint8)
    assert numbers_of([pair_of(source, green)], [look_of(target)])["tint"] > 100


def test_the_untouched_source_stands_beside():
    pairs, aims = [pair_of(DAY, RAIN)] * 2, [look_of(RAIN)]
    beside = references_of(pairs, aims)
    assert beside["source"]["lightness_agreement"] == beside["source"]["edges_kept"] == 1
    assert beside["source"]["change"] == beside["source"]["holes"] == 0
    assert min(beside["source"]["detail_kept"], beside["target"]["detail_kept"]) == pytest.approx(1)
    assert max(beside["source"]["checkerboard"], beside["target"]["checkerboard"]) == pytest.approx(0)
