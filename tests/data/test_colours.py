"""The palette of a clip is the union over all of its frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data.label_maps import ColoursSeen
from recyclegan.errors import InputError

LEVELS = st.tuples(*[st.sampled_from([0, 1, 127, 254, 255])] * 3)


@settings(max_examples=30, deadline=None)
@given(frames=st.lists(st.lists(LEVELS, min_size=6, max_size=6), min_size=1, max_size=8))
def test_every_colour_of_every_frame_is_in_it(frames: list[list[tuple[int, int, int]]]) -> None:
    images = [np.array(pixels, np.uint8).reshape(2, 3, 3) for pixels in frames]
    seen = ColoursSeen("clip")
    for image in images:
        seen.add(image)
    assert seen.palette == tuple(sorted({colour for pixels in frames for colour in pixels}))
    assert seen.palette == tuple(map(tuple, np.unique(np.concatenate(images).reshape(-1, 3), axis=0).tolist()))


def test_grey_levels_are_colours_of_three_equal_levels() -> None:
    seen = ColoursSeen("clip")
    seen.add(np.array([[[7], [200]]], np.uint8))
    assert seen.palette == ((7, 7, 7), (200, 200, 200))


def test_more_colours_than_a_label_map_has_are_refused_with_the_clip() -> None:
    seen = ColoursSeen("night/drive")
    levels = np.zeros((16, 16, 3), np.uint8)
    levels[..., 0] = np.arange(256).reshape(16, 16)
    seen.add(levels)
    assert len(seen.palette) == 256
    levels[0, 0, 1] = 1
    with pytest.raises(InputError, match=r"night/drive: 257 colours: not a label map \(expected at most 256\)"):
        seen.add(levels)
