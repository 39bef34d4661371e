"""Presets of encoders: less work for a larger or worse video; what does not fit is told."""

from pathlib import Path

import numpy as np
import pytest

from recyclegan.errors import InputError
from recyclegan.video import VideoWriter, read_video
from tests.video.test_segments import RATE, moving


def write(path: Path, preset: str | None, codec: str | None = None) -> bytes:
    """Write a film, and return its bytes, in which the encoder tells how it worked."""
    with VideoWriter(path, 256, 144, rate=RATE, codec=codec, preset=preset) as writer:
        for image in moving(40, 144, 256):
            writer.write(image)
    return path.read_bytes()


def test_a_faster_preset_leaves_out_what_takes_long(tmp_path: Path) -> None:
    fast, default = write(tmp_path / "fast.mp4", "ultrafast"), write(tmp_path / "default.mp4", None)
    assert [b"cabac=0" in film for film in (fast, default)] == [True, False]
    assert len(fast) > len(default)
    for frame, image in zip(read_video(tmp_path / "fast.mp4"), moving(40, 144, 256), strict=True):
        assert np.abs(frame.image.astype(int) - image).mean() < 10


def test_the_default_is_the_encoders_own(tmp_path: Path) -> None:
    write(tmp_path / "medium.mp4", "medium")
    write(tmp_path / "default.mp4", None)
    assert (tmp_path / "medium.mp4").read_bytes() == (tmp_path / "default.mp4").read_bytes()


@pytest.mark.parametrize(
    ("name", "codec", "preset", "words"),
    [
        ("a.mp4", None, "veryfst", "encoder preset: found 'veryfst' for libx264.*veryfast"),
        ("a.mp4", None, "p4", "encoder preset: found 'p4' for libx264; expected ultrafast, .*, placebo"),
        ("a.mp4", "h264_nvenc", "fast", "encoder preset: found 'fast' for h264_nvenc; expected p1, .*, p7"),
        ("a.webm", None, "fast", "libvpx-vp9 has no presets; leave --encoder-preset out"),
        ("a.mkv", "ffv1", "fast", "ffv1 has no presets; leave --encoder-preset out"),
    ],
)
def test_a_preset_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, codec: str | None, preset: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        VideoWriter(tmp_path / name, 64, 48, rate=RATE, codec=codec, preset=preset)
