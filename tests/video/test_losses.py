"""What is not carried over is told: colours, streams, fields; what cannot be read right is refused."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.settings.frames import Reading
from recyclegan.video import VideoReader, VideoWriter, check_video, losses, probe, read_video, write_video
from tests.media import bars, make_video, numbered
from tests.test_video import images_of, times_of
from tests.video.films import encode, scene


def coloured(path: Path, matrix: int = 1, transfer: int = 1, primaries: int = 1, pixel_format: str = "yuv420p") -> Path:
    """Write a video of coloured bars that states its colours by their numbers."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries = matrix, transfer, primaries
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(bars(), format="rgb24").reformat(format=pixel_format)
            frame.colorspace, frame.pts, frame.time_base = matrix, number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def combed(num_frames: int, height: int = 64, width: int = 64) -> list[Image]:
    """Return frames whose odd lines show a moment half a frame later than the even ones."""
    moments = scene(2 * num_frames, height, width)
    frames = [moments[2 * number].copy() for number in range(num_frames)]
    for number, frame in enumerate(frames):
        frame[1::2] = moments[2 * number + 1][1::2]
    return frames


def combing(images: list[Image]) -> float:
    """Return how much more lines differ from their neighbours than from those two lines away."""
    levels = np.stack(images).astype(float)
    neighbours = np.abs(levels[:, 1:-1] - (levels[:, :-2] + levels[:, 2:]) / 2).mean()
    return float(neighbours / np.abs(levels[:, 2:] - levels[:, :-2]).mean())


def test_an_ordinary_video_loses_nothing(tmp_path: Path) -> None:
    assert losses(make_video(tmp_path / "in.mp4", [numbered(1)] * 3, sound="aac")) == []


@pytest.mark.parametrize(
    ("transfer", "primaries", "words"),
    [
        (ColorTrc.SMPTE2084, ColorPrimaries.BT2020, ("high dynamic range (PQ)", "wide gamut of colours (BT.2020)")),
        (ColorTrc.ARIB_STD_B67, ColorPrimaries.BT2020, ("high dynamic range (HLG)", "BT.2020")),
        (ColorTrc.BT709, ColorPrimaries.SMPTE432, ("Display P3",)),
    ],
)
def test_colours_that_are_not_kept_are_told(
    tmp_path: Path, transfer: int, primaries: int, words: tuple[str, ...]
) -> None:
    messages = losses(coloured(tmp_path / "in.mp4", 9, transfer, primaries))
    assert len(messages) == len(words)
    assert all(word in " ".join(messages) for word in words)


def test_transparency_and_fine_levels_are_told(tmp_path: Path) -> None:
    encode(tmp_path / "in.mov", [bars()] * 2, "qtrle", "argb")
    encode(tmp_path / "fine.mov", [bars()] * 2, "prores", "yuv422p10le")
    assert [note.partition(": ")[2] for note in losses(tmp_path / "in.mov")] == ["its transparency is dropped"]
    assert [note.partition(": ")[2] for note in losses(tmp_path / "fine.mov")] == [
        "its 10 bits a colour are rounded to 8"
    ]


def test_streams_that_are_left_behind_are_told(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w") as output:
        streams = [output.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream, size in zip(streams, (64, 32), strict=True):
            stream.width, stream.height, stream.pix_fmt = size, size, "yuv420p"
        output.add_attachment("font.ttf", "font/ttf", b"a font")
        output.set_chapters([{"id": 1, "start": 0, "end": 40, "time_base": Fraction(1, 1000), "metadata": {}}])
        for stream, size in zip(streams, (64, 32), strict=True):
            for number in range(3):
                frame = av.VideoFrame.from_ndarray(bars(size, size), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    messages = " ".join(losses(tmp_path / "in.mkv"))
    assert "of its 2 video streams only number 0 is taken" in messages
    assert "dropped: 1 attachment, 1 chapter" in messages


@pytest.mark.parametrize("matrix", [8, 10, 11, 14])
def test_a_matrix_that_cannot_be_undone_is_refused(tmp_path: Path, matrix: int) -> None:
    with pytest.raises(InputError, match=r"states the colour matrix .* which cannot be undone") as caught:
        images_of(coloured(tmp_path / "in.mkv", matrix, pixel_format="yuv444p"))
    assert str(caught.value).startswith(str(tmp_path / "in.mkv"))


@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7, 9])
def test_every_matrix_that_can_be_undone_is(tmp_path: Path, matrix: int) -> None:
    source = tmp_path / "in.mkv"
    names = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: 9}
    with av.open(str(source), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv444p"
        stream.codec_context.colorspace = matrix
        frame = av.VideoFrame.from_ndarray(bars(), format="rgb24").reformat(
            format="yuv444p", dst_colorspace=names[matrix], src_color_range="JPEG", dst_color_range="MPEG"
        )
        frame.colorspace = matrix
        output.mux([*stream.encode(frame), *stream.encode(None)])
    (back,) = images_of(source)
    assert np.abs(bars()[:, 4::8].astype(int) - back[:, 4::8]).max() <= 8


@pytest.mark.parametrize("codec", ["libx265", "libx264"])
def test_hevc_is_called_as_apple_calls_it(tmp_path: Path, codec: str) -> None:
    for name in ("out.mp4", "out.mov", "out.m4v"):
        write_video(tmp_path / name, [bars()] * 3, rate=25, codec=codec)
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.video[0].codec_context.codec_tag == {"libx265": "hvc1", "libx264": "avc1"}[codec]


def interlaced(path: Path, num_frames: int = 12) -> Path:
    """Write combed frames as interlaced MPEG-2, which says so."""
    return encode(path, combed(num_frames), "mpeg2video", flags="+ildct+ilme", top="1", qscale="2", b="4000000")


def test_interlaced_frames_are_told_and_made_whole_on_demand(tmp_path: Path) -> None:
    source = interlaced(tmp_path / "in.mpg")
    assert probe(source).is_interlaced
    as_they_are, whole = VideoReader(source), VideoReader(source, Reading(deinterlace=True))
    combs, clean = ([frame.image for frame in reader] for reader in (as_they_are, whole))
    assert combing(combs) > 1.5 * combing(clean)
    assert len(combs) == len(clean) == 12
    assert times_of(source) == [frame.time for frame in read_video(source, Reading(deinterlace=True))]
    assert "12 of 12 frames are interlaced" in as_they_are.notes[0]
    assert "--deinterlace" in as_they_are.notes[0]
    assert "each was made whole" in whole.notes[0]


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_no_frame_is_lost_by_making_them_whole(tmp_path: Path, num_frames: int) -> None:
    source = encode(tmp_path / "in.mkv", combed(num_frames), "ffv1", "bgr0")
    assert len(list(read_video(source, Reading(deinterlace=True)))) == num_frames


@pytest.mark.parametrize(
    ("name", "codec", "words"),
    [("out.webm", "libx264", "cannot be written"), ("out.avi", "libx265", "cannot be written")],
)
def test_what_a_format_cannot_hold_is_found_before_any_work(tmp_path: Path, name: str, codec: str, words: str) -> None:
    writer = VideoWriter(tmp_path / name, 64, 48, rate=Fraction(25), codec=codec)
    with pytest.raises(InputError, match=words):
        writer.check()
    assert list(tmp_path.iterdir()) == []


def test_a_check_leaves_nothing_and_the_writer_as_it_was(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.avi", [numbered(1)] * 30, [*range(30)], Fraction(1, 30), sound="pcm_s16le")
    writer = VideoWriter(tmp_path / "out.mp4", 64, 48, like=source, audio_from=source)
    writer.check()
    assert writer.notes == []
    assert [path.name for path in tmp_path.iterdir()] == ["in.avi"]
    with writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time)
    assert len(writer.notes) == 1
    assert check_video(tmp_path / "out.mp4") == []


@pytest.mark.parametrize(
    ("side", "words"), [(16_000, "states frames of 16000x16000; expected at most"), (60_000, "0 of 3 frames")]
)
def test_frames_beyond_any_measure_are_refused_before_memory_is_taken(tmp_path: Path, side: int, words: str) -> None:
    data = bytearray(encode(tmp_path / "in.avi", scene(3), "huffyuv", "rgb24").read_bytes())
    place = data.find(b"strf") + 12
    data[place : place + 8] = struct.pack("<ii", side, side)
    (tmp_path / "huge.avi").write_bytes(data)
    with pytest.raises(InputError, match=words):
        probe(tmp_path / "huge.avi")
