from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.preview import FILM_FRAMES, flow_colours, preview_flow
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.video import probe, read_image, write_video


@pytest.fixture
def video(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (6, 40, 64, 3), dtype=np.uint8)
    write_video(tmp_path / "in.mkv", images, Fraction(10), codec="ffv1")
    return tmp_path / "in.mkv"


def test_no_motion_shows_the_frames_as_they_are(video: Path, tmp_path: Path) -> None:
    still = FlowSynthesis(motion=0.0, shift=0)
    picture, _ = preview_flow(video, tmp_path / "out", None, 2, 0, still)
    row = read_image(picture)[:40]
    np.testing.assert_array_equal(row[:, :64], row[:, 68:132])
    assert (row[:, 136:] == 255).all()


def test_picture_and_video_have_the_asked_frames(video: Path, tmp_path: Path) -> None:
    picture, film = preview_flow(video, tmp_path / "out", (32, 48), 3, 0, FlowSynthesis())
    assert read_image(picture).shape == (3 * 32 + 2 * 4, 3 * 48 + 2 * 4, 3)
    assert probe(film).num_frames == 2 * FILM_FRAMES


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
