"""Encoders inside graphics cards: told the quality in their own words, and missed in one line before any work."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from recyclegan.errors import InputError
from recyclegan.video import VideoWriter
from recyclegan.video.encoders import hardware_quality, is_hardware

CODECS = [
    name for name in ("h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_qsv", "h264_amf") if name in av.codecs_available
]


def has_card(codec: str, path: Path) -> bool:
    try:
        VideoWriter(path, 640, 360, rate=Fraction(25), codec=codec).check()
    except InputError:
        return False
    return True


@pytest.mark.parametrize("codec", CODECS)
def test_a_card_that_is_missing_is_told_before_any_work(codec: str, tmp_path: Path) -> None:
    if has_card(codec, tmp_path / "out.mp4"):
        pytest.skip("the card is here")
    with pytest.raises(InputError) as caught:
        VideoWriter(tmp_path / "out.mp4", 640, 360, rate=Fraction(25), codec=codec).check()
    assert f"out.mp4: {codec} needs a graphics card that has it, and its driver" in str(caught.value)
    assert str(caught.value).endswith("leave --codec out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("codec", CODECS)
def test_the_quality_is_checked_as_for_other_encoders(codec: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"crf: found 52, expected 0 \(best\) to 51 for {codec}"):
        VideoWriter(tmp_path / "out.mp4", 640, 360, rate=Fraction(25), codec=codec, crf=52)


def test_the_quality_is_said_in_the_words_of_each_maker() -> None:
    assert hardware_quality("hevc_nvenc", 20)["cq"] == "20"
    assert hardware_quality("h264_qsv", 20) == {"global_quality": "20"}
    assert hardware_quality("h264_amf", 20)["qp_i"] == "20"
    assert not any(map(is_hardware, ("libx264", "libx265", "libvpx-vp9", "ffv1", "h264_v4l2m2m", "")))
