from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import Resize
from recyclegan.errors import InputError
from recyclegan.preview import FILM_FRAMES, WHEEL, direction_wheel, flow_colours, preview_flow, with_flow_key
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.video import probe, read_frame, read_image, write_video
from tests.pages.test_grids import places_of


@pytest.fixture
def video(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (6, 40, 64, 3), dtype=np.uint8)
    write_video(tmp_path / "in.mkv", images, Fraction(10), codec="ffv1")
    return tmp_path / "in.mkv"


def test_no_motion_shows_the_frames_as_they_are(video: Path, tmp_path: Path) -> None:
    still = FlowSynthesis(motion=0.0, shift=0)
    picture, _ = preview_flow(video, tmp_path / "out", None, 2, 0, still)
    shown = read_image(picture)
    for frame in (0, 5):
        wanted = read_frame(video, frame).repeat(4, 0).repeat(4, 1)
        (top, left), (other_top, other_left) = places_of(wanted, shown)
        assert (top, left + 4 * 64 + 4) == (other_top, other_left), "the frame, and beside it the frame moved"
        assert (shown[top : top + 160, 2 * (4 * 64 + 4) + 8 :] == 255).all(), "no motion is white"


def test_picture_and_video_have_the_asked_frames(video: Path, tmp_path: Path) -> None:
    picture, film = preview_flow(video, tmp_path / "out", (32, 256), 3, 0, FlowSynthesis())
    shown = read_image(picture)
    assert shown.shape[1:] == (3 * 256 + 2 * 4 + 2 * 8, 3)
    for frame in (0, 2, 5):
        assert len(places_of(Resize("rectangle", 32, 256)(read_frame(video, frame)), shown)) == 1
    assert probe(film).num_frames == 2 * FILM_FRAMES


def test_the_key_shows_each_direction_in_its_colour_and_tells_the_length_of_full_colour() -> None:
    flow = torch.tensor([[3.0, -4.0], [0.0, 0.0]])[:, :, None, None].expand(2, 2, 8, 8)
    plain = np.full((40, 900, 3), 255, np.uint8)
    keyed = with_flow_key(plain, flow, "Grey: something else.")
    wheel = direction_wheel()
    ((top, left),) = places_of(wheel, keyed)
    assert top >= 40
    words = keyed[40:, left + wheel.shape[1] :]
    assert (words < 100).all(2).any()
    assert not np.array_equal(keyed, with_flow_key(plain, 2 * flow, "Grey: something else.")), "10 pixels, not 5"
    assert (wheel[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all(), "white outside"


@given(st.floats(0, 2 * np.pi))
@settings(max_examples=30, deadline=None)
def test_a_motion_has_the_colour_of_its_place_on_the_wheel(angle: float) -> None:
    wheel, radius = direction_wheel(), (WHEEL - 1) / 2
    x, y = (round(radius + 0.95 * radius * part) for part in (np.cos(angle), np.sin(angle)))
    motion = torch.tensor([x - radius, y - radius])[None, :, None, None]
    drawn = flow_colours(torch.cat([motion, motion * (radius / motion.norm())]))[0][0, 0]
    assert np.abs(drawn.astype(int) - wheel[y, x]).max() <= 12


def test_opposite_flows_have_opposite_hues() -> None:
    flow = torch.zeros(1, 2, 1, 2)
    flow[0, 0, 0] = torch.tensor([5.0, -5.0])
    right, left = flow_colours(flow)[0][0]
    assert right.tolist() == [255, 0, 0]
    assert left[0] < 10
    assert left[1:].min() > 245


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"notes\.mp4"):
        preview_flow(tmp_path / "notes.mp4", tmp_path / "out", None, 2, 0, FlowSynthesis())


@pytest.mark.parametrize("num_frames", [0, -1])
def test_no_frames_are_refused(video: Path, tmp_path: Path, num_frames: int) -> None:
    with pytest.raises(InputError, match=f"num_frames: found {num_frames}, expected at least 1"):
        preview_flow(video, tmp_path / "out", None, num_frames, 0, FlowSynthesis())
    assert not (tmp_path / "out").exists()
