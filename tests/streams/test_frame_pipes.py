"""Frames through pipes: what is written comes back, as FFmpeg understands it too, and what is broken is told."""

import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.settings.streaming import PipeFormat, PipeOptions, PixelFormat
from recyclegan.streams import (
    EvenWriter,
    FrameFormat,
    FramePipeReader,
    FramePipeWriter,
    InputPipe,
    OutputPipe,
    pipe_writer,
    raw_format,
)
from recyclegan.streams.pixel_layouts import LAYOUTS
from tests.media import bars
from tests.small import picture
from tests.streams.pipes import ffmpeg_frames, ffmpeg_y4m, reading, writing

RATE = Fraction(30_000, 1001)
SIDES = st.integers(1, 41)
NEAR = 3.0
"""Mean difference in levels that smooth pictures may have behind 8-bit YUV, chroma of a half included."""


def through(path: Path, images: list[Image], pixel_format: str, is_raw: bool) -> tuple[FramePipeReader, list[Any]]:
    """Write images and read them again."""
    format = FrameFormat(*images[0].shape[:2], RATE, pixel_format)
    with writing(path) as pipe:
        writer = FramePipeWriter(pipe, format, is_raw)
        for image in images:
            writer.write(image)
    with reading(path) as pipe:
        reader = FramePipeReader(pipe, format if is_raw else None)
        return reader, list(reader)


def grey(image: Image) -> Image:
    levels = image @ np.array([0.299, 0.587, 0.114])
    return np.uint8(np.rint(levels))[..., None].repeat(3, axis=2)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 41),
    st.integers(1, 41),
    st.integers(0, 3),
    st.sampled_from(["yuv420p", "yuv422p", "yuv444p", "gray"]),
)
def test_y4m_of_any_size_comes_back(tmp_path: Path, height: int, width: int, count: int, pixel_format: str) -> None:
    images = [picture(number, height, width) for number in range(count + 1)]
    reader, frames = through(tmp_path / "pipe", images, pixel_format, is_raw=False)
    assert reader.format == FrameFormat(height, width, RATE, pixel_format)
    assert [frame.time for frame in frames] == [number / RATE for number in range(count + 1)]
    for image, frame in zip(images, frames, strict=True):
        wanted = grey(image) if pixel_format == "gray" else image
        assert frame.image.shape == image.shape
        assert np.abs(frame.image.astype(int) - wanted).mean() < NEAR


@pytest.mark.parametrize("pixel_format", sorted(LAYOUTS))
@pytest.mark.parametrize("size", [(36, 54), (37, 55)], ids=["even", "odd"])
def test_raw_frames_of_every_format_come_back(pixel_format: str, size: tuple[int, int], tmp_path: Path) -> None:
    images = [picture(1, *size), picture(2, *size)]
    _, frames = through(tmp_path / "pipe", images, pixel_format, is_raw=True)
    worst = max(
        np.abs(frame.image.astype(int) - (grey(image) if pixel_format == "gray" else image)).mean()
        for image, frame in zip(images, frames, strict=True)
    )
    assert worst == 0 if "rgb" in pixel_format or "bgr" in pixel_format else worst < NEAR
    bytes_of_both = (tmp_path / "pipe").stat().st_size
    if pixel_format == "yuv420p":
        assert bytes_of_both == 2 * (size[0] * size[1] + 2 * -(-size[0] // 2) * -(-size[1] // 2))


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuv420p10le"])
def test_what_ffmpeg_sends_is_read(pixel_format: str, tmp_path: Path) -> None:
    images = [picture(number, 36, 56) for number in range(3)]
    with reading(ffmpeg_y4m(tmp_path / "in.y4m", images, pixel_format)) as pipe:
        reader = FramePipeReader(pipe)
        frames = list(reader)
    assert (reader.format.pixel_format, reader.format.rate, len(frames)) == (pixel_format, 25, 3)
    for image, frame in zip(images, frames, strict=True):
        wanted = grey(image) if pixel_format == "gray" else image
        assert np.abs(frame.image.astype(int) - wanted).mean() < 2 * NEAR


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "gray"])
def test_ffmpeg_reads_what_is_written(pixel_format: str, tmp_path: Path) -> None:
    image = bars(48, 64)
    through(tmp_path / "out.y4m", [image, image], pixel_format, is_raw=False)
    frames = ffmpeg_frames(tmp_path / "out.y4m")
    assert len(frames) == 2
    middles = frames[0][24, 4::8].astype(int)
    wanted = grey(image) if pixel_format == "gray" else image
    assert np.abs(middles - wanted[24, 4::8]).max() <= 4


def test_large_frames_have_the_matrix_that_players_take_them_for(tmp_path: Path) -> None:
    image = bars(16, 1280)
    with writing(tmp_path / "pipe") as pipe:
        FramePipeWriter(pipe, FrameFormat(16, 1280, RATE, "yuv444p"), is_raw=True).write(image)
    luma_of_green = (tmp_path / "pipe").read_bytes()[160 + 80]
    assert abs(luma_of_green - (16 + 219 * 0.7152)) <= 1


def test_full_range_is_read_as_such(tmp_path: Path) -> None:
    head = b"YUV4MPEG2 W2 H1 F25:1 C444 XCOLORRANGE=%s\nFRAME\n\x10\xff\x80\x80\x80\x80"
    for word, wanted in ((b"FULL", [16, 255]), (b"LIMITED", [0, 255])):
        (tmp_path / "pipe").write_bytes(head % word)
        with reading(tmp_path / "pipe") as pipe:
            (frame,) = FramePipeReader(pipe)
        assert frame.image[0, :, 0].tolist() == wanted


def test_words_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "pipe").write_bytes(b"YUV4MPEG2 H2 W2 F0:0 It A0:0 Z9 XYSCSS=420JPEG\nFRAME Ip\n" + bytes(6))
    with pytest.raises(InputError, match="0 frames a second"), reading(tmp_path / "pipe") as pipe:
        FramePipeReader(pipe)
    (tmp_path / "pipe").write_bytes(b"YUV4MPEG2 H2 W2 It A0:0 Z9 XYSCSS=420JPEG\nFRAME Ip\n" + bytes(6))
    with reading(tmp_path / "pipe") as pipe:
        reader = FramePipeReader(pipe)
        assert len(list(reader)) == 1
    assert reader.format == FrameFormat(2, 2, Fraction(25), "yuv420p", is_interlaced=True)
    assert "interlaced" in reader.notes[0]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "nothing came in"),
        (b"\x00\x00\x00\x18ftypmp42", "for raw frames give --size WIDTHxHEIGHT"),
        (b"YUV4MPEG2 W4\n", "states H, expected H and a number"),
        (b"YUV4MPEG2 W4 Hx F25:1\n", "states Hx"),
        (b"YUV4MPEG2 W4 H4 F25\n", "states F25, expected F and a ratio"),
        (b"YUV4MPEG2 W4 H4 C444alpha\n", "chroma '444alpha' is not read"),
        (b"YUV4MPEG2 W99999 H99999\n", "99999x99999"),
        (b"YUV4MPEG2 W0 H4\n", "frames of 0x4"),
        (b"YUV4MPEG2 W4 H4 F9000:1\n", "9000 frames a second"),
        (b"YUV4MPEG2 W4 H4" + b" " * 5000, "where frame 1 must begin"),
    ],
)
def test_a_pipe_of_something_else_is_refused_in_one_line(sent: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "pipe").write_bytes(sent)
    with pytest.raises(InputError, match=said) as caught, reading(tmp_path / "pipe") as pipe:
        list(FramePipeReader(pipe))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("is_raw", [False, True])
def test_a_pipe_that_is_cut_off_is_refused_or_kept(is_raw: bool, tmp_path: Path) -> None:
    through(tmp_path / "whole", [picture(0), picture(1)], "yuv420p", is_raw)
    (tmp_path / "pipe").write_bytes((tmp_path / "whole").read_bytes()[:-7])
    format = FrameFormat(36, 54, RATE, "yuv420p") if is_raw else None
    with pytest.raises(InputError, match="in the middle of frame 2"), reading(tmp_path / "pipe") as pipe:
        list(FramePipeReader(pipe, format))
    with reading(tmp_path / "pipe") as pipe:
        reader = FramePipeReader(pipe, format, "keep")
        assert len(list(reader)) == 1
    assert reader.notes == ["-: it ends in the middle of frame 2; kept the 1 frames before it"]


def test_garbage_between_frames_is_told(tmp_path: Path) -> None:
    through(tmp_path / "pipe", [picture(0), picture(1)], "gray", is_raw=False)
    sent = (tmp_path / "pipe").read_bytes()
    (tmp_path / "pipe").write_bytes(sent.replace(b"FRAME\n", b"FLAME\n"))
    with pytest.raises(InputError, match="where frame 1 must begin"), reading(tmp_path / "pipe") as pipe:
        list(FramePipeReader(pipe))


def test_a_reader_that_waits_for_a_sender_can_be_stopped() -> None:
    there, sender = os.pipe()
    os.write(sender, b"YUV4MPEG2 W64 H64 F25:1 Cmono\nFRAME\n" + bytes(100))
    reader = FramePipeReader(InputPipe(there))
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(reader))
    thread.start()
    reader.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert found == reader.notes == []
    os.close(there)
    os.close(sender)


def test_a_pipe_that_nobody_reads_is_told() -> None:
    there, ours = os.pipe()
    os.close(there)
    writer = FramePipeWriter(OutputPipe(ours), FrameFormat(36, 54, RATE, "gray"))
    with pytest.raises(BrokenPipeError):
        writer.write(picture(0))
    os.close(ours)


def test_options_name_formats_that_are_there() -> None:
    assert set(get_args(PixelFormat)) == set(LAYOUTS)
    assert set(get_args(PipeFormat)) - {"y4m", "y4m444"} <= set(LAYOUTS)
    assert raw_format(PipeOptions()) is None
    assert raw_format(PipeOptions("256x128", "30000/1001")) == FrameFormat(128, 256, RATE, "rgb24")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": "256"}, "256x128"),
        ({"size": "4x4", "rate": "fast"}, "30000/1001"),
        ({"size": "4x4", "rate": "0"}, "0 fr"),
    ],
)
def test_raw_frames_that_are_none_are_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        raw_format(PipeOptions(**options))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 6), max_size=12))
def test_frames_of_any_times_are_shown_at_an_even_rate_in_time(steps: list[int]) -> None:
    """Whatever the times, a tick shows the frame that was the last one by then; no tick is missing."""
    shown: list[int] = []
    writer = EvenWriter(lambda image, times: shown.extend([int(image[0, 0, 0])] * times), Fraction(10))
    times = [5 + sum(steps[:count]) for count in range(len(steps) + 1)]
    for number, tick in enumerate(times):
        writer.write(np.full((1, 1, 3), number, np.uint8), Fraction(tick, 10))
    firsts = {tick: number for number, tick in reversed([*enumerate(times)])}
    wanted, last = [], 0
    for tick in range(5, times[-1] + 1):
        last = firsts.get(tick, last)
        wanted.append(last)
    assert shown == wanted
    assert writer.num_left_out == len(times) - len(set(times))
    assert writer.num_repeated == len(shown) - len(set(times))
    assert len(writer.notes) == (1 if writer.num_left_out or writer.num_repeated else 0)


def test_a_writer_is_made_from_what_is_asked_for(tmp_path: Path) -> None:
    for kind, size in (("y4m", 36 * 54 * 3 // 2), ("y4m444", 36 * 54 * 3), ("rgb24", 36 * 54 * 3), ("gray", 36 * 54)):
        with writing(tmp_path / "pipe") as pipe:
            pipe_writer(pipe, kind, 36, 54, RATE).write(picture(0), Fraction(3))
        sent = (tmp_path / "pipe").read_bytes()
        assert len(sent) - size == (0 if "y4m" not in kind else sent.index(b"FRAME\n") + 6)
