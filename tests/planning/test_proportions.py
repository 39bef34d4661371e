"""What is said of frames that training squeezes, or shows in small windows only."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recyclegan.planning.sizes import notes_on_sizes, shapes_of, size_of_shape
from recyclegan.settings.frames import DataConfig
from tests.small import make_data, make_frames, small_config

SHAPES = st.tuples(st.integers(64, 2000), st.integers(64, 2000))
RECTANGLE = DataConfig(resize="rectangle")


def notes(shape: tuple[int, int], **changes: object) -> list[str]:
    return notes_on_sizes({"a": shape, "b": shape}, replace(RECTANGLE, **changes))


def test_a_squeeze_is_said_with_what_to_do_about_it():
    (line,) = notes((576, 1024), size=(256, 256))
    assert line == (
        "A and B: frames of 576x1024 are scaled to 286x286, squeezed in width by 44%; "
        "--size 256 456 would keep their shape"
    )


def test_windows_that_show_little_are_said():
    (line,) = notes((576, 1024), size=(256, 256), resize="scale_shortest")
    assert "scaled to 286x508, windows of 256x256 cut from them show 45% of a frame" in line


def test_a_load_size_of_another_shape_is_to_be_left_out():
    (line,) = notes((576, 1024), size=(256, 456), load_size=(512, 512))
    assert line.endswith("; --size 256 456 without --load-size would keep their shape")


def test_each_shape_has_its_line():
    messages = notes_on_sizes({"a": (576, 1024), "b": (480, 640)}, replace(RECTANGLE, size=(256, 456)))
    assert [line[:25] for line in messages] == ["B: frames of 480x640 are "]


@settings(deadline=None)
@given(SHAPES, st.integers(8, 64).map(lambda number: 8 * number))
def test_nothing_is_said_of_sizes_that_fit(shape: tuple[int, int], shorter: int):
    assume(max(shape) <= 4 * min(shape))
    assert notes(shape, size=size_of_shape(shorter, shape[1] / shape[0])) == []


@settings(deadline=None)
@given(SHAPES, st.sampled_from([(256, 256), (256, 512), (96, 192)]), st.sampled_from(["rectangle", "scale_shortest"]))
def test_what_is_said_to_keep_the_shape_keeps_it(shape: tuple[int, int], size: tuple[int, int], resize: str):
    assume(max(shape) <= 4 * min(shape))
    for line in notes(shape, size=size, resize=resize):
        *_, height, width = line.partition("; --size ")[2].split()[:2]
        assert notes(shape, size=(int(height), int(width)), resize=resize) == []


@pytest.mark.parametrize("crop", ["rectangle", "none"])
def test_a_squeeze_of_whole_frames_is_said_too(crop: str):
    (line,) = notes((100, 200), size=(128, 128), crop=crop)
    assert "squeezed in width by 50%" in line


def test_shapes_are_those_of_the_first_clips(tmp_path):
    data = make_data(tmp_path / "data", num_frames=1)
    make_frames(data / "train" / "B" / "a-clip", 1, height=40, width=80)
    assert shapes_of(small_config(data, tmp_path / "run")) == {"a": (36, 54), "b": (40, 80)}
