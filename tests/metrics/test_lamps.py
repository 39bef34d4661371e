"""The colour in which a traffic light shines."""

import numpy as np
import pytest

from recyclegan.metrics.objects import lamp_colour

LAMPS = {"red": (235, 30, 20), "amber": (240, 160, 30), "green": (30, 210, 100)}


def light(colour: tuple[int, int, int], share: float = 0.2) -> np.ndarray:
    pixels = np.full((50, 3), 15, np.uint8)
    pixels[: round(50 * share)] = colour
    return pixels


@pytest.mark.parametrize("name", LAMPS)
@pytest.mark.parametrize("brightness", [1.0, 0.5, 0.3])
def test_colours_are_told_at_any_brightness(name: str, brightness: float) -> None:
    colour = tuple(int(level * brightness) for level in LAMPS[name])
    assert lamp_colour(light(colour)) == name


@pytest.mark.parametrize("colour", [(15, 15, 15), (240, 240, 240), (40, 40, 220), (220, 30, 220)])
def test_dark_white_blue_and_pink_are_no_lamps(colour: tuple[int, int, int]) -> None:
    assert lamp_colour(light(colour)) is None


def test_the_order_of_pixels_plays_no_part() -> None:
    pixels = light(LAMPS["red"])
    assert lamp_colour(pixels[::-1]) == lamp_colour(pixels) == "red"
