"""Objects in class maps, and known class swaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from recyclegan.metrics.objects import object_tally, objects_in

ROAD, CAR, PERSON = 3, 24, 20


def street() -> np.ndarray:
    """Return a map with two cars of 16 and 4 pixels that touch a person of 6, and another person of 6."""
    classes = np.full((12, 16), ROAD, np.uint8)
    classes[1:5, 1:5] = CAR
    classes[8:10, 8:10] = CAR
    classes[1:4, 5:7] = PERSON
    classes[6:9, 1:3] = PERSON
    return classes


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(1, 24), width=st.integers(1, 24), classes=st.integers(2, 4))
def test_objects_are_the_connected_components_of_each_class(seed: int, height: int, width: int, classes: int) -> None:
    drawn = np.random.default_rng(seed).integers(0, classes, (height, width)).astype(np.uint8)
    of = range(1, classes)
    numbers = objects_in(drawn, of)
    assert ((numbers > 0) == np.isin(drawn, list(of))).all()
    for id_ in of:
        wanted, count = ndimage.label(drawn == id_)
        pairs = {tuple(pair) for pair in np.stack([wanted[drawn == id_], numbers[drawn == id_]], 1).tolist()}
        assert len(pairs) == count == len({number for _, number in pairs})


def test_a_long_winding_object_is_one() -> None:
    spiral = np.zeros((41, 41), np.uint8)
    spiral[::2] = CAR
    spiral[1::4, -1], spiral[3::4, 0] = CAR, CAR
    assert len(np.unique(objects_in(spiral, (CAR,)))) == 2


def test_a_perfect_reading_keeps_all_and_objects_that_touch_are_two() -> None:
    tally = object_tally(street(), street(), (CAR, PERSON))
    assert tally[CAR].tolist() == [2, 2]
    assert tally[PERSON].tolist() == [2, 2]
    assert tally.sum() == 8


def test_what_was_lost_before_does_not_count() -> None:
    without_people = np.where(street() == PERSON, ROAD, street()).astype(np.uint8)
    assert object_tally(street(), street(), (CAR, PERSON), before=street())[[CAR, PERSON]].tolist() == [[2, 2]] * 2
    tally = object_tally(street(), street(), (CAR, PERSON), before=without_people)
    assert tally[[CAR, PERSON]].tolist() == [[2, 2], [0, 0]]
    assert object_tally(street(), without_people, (PERSON,), before=street())[PERSON].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("swap", "cars", "people"),
    [({CAR: PERSON, PERSON: CAR}, [2, 0], [2, 0]), ({CAR: ROAD}, [2, 0], [2, 2]), ({ROAD: CAR}, [2, 2], [2, 2])],
)
def test_known_swaps_lose_the_swapped_classes_alone(swap: dict[int, int], cars: list[int], people: list[int]) -> None:
    table = np.arange(256, dtype=np.uint8)
    table[list(swap)] = list(swap.values())
    tally = object_tally(street(), table[street()], (CAR, PERSON))
    assert tally[CAR].tolist() == cars
    assert tally[PERSON].tolist() == people


@pytest.mark.parametrize(("rows", "kept"), [(4, 1), (3, 1), (2, 1), (1, 0), (0, 0)])
def test_half_of_the_pixels_keep_an_object(rows: int, kept: int) -> None:
    read = street()
    read[1 + rows : 5, 1:5] = ROAD
    assert object_tally(street(), read, (CAR,), least=5)[CAR].tolist() == [1, kept]


def test_small_objects_do_not_count() -> None:
    tallies = [
        object_tally(street(), street(), (CAR, PERSON), least)[[CAR, PERSON], 0].tolist() for least in (6, 7, 17)
    ]
    assert tallies == [[1, 2], [1, 0], [0, 0]]
