"""Videos and images: what is written comes back, with its times, size, colours and sound."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from recyclegan.errors import InputError
from recyclegan.video import (
    VideoFrame,
    VideoWriter,
    count_frames,
    probe,
    read_comment,
    read_frame,
    read_image,
    read_video,
    write_image,
    write_video,
)
from tests.media import bars, make_video, number_of, numbered, sound_packets, times_of

VARYING = [0, 7, 20, 21, 50, 80, 81, 95, 300]


def images_of(path: Path) -> list[np.ndarray]:
    return [frame.image for frame in read_video(path)]


def translate(source: Path, target: Path, **options: object) -> list[str]:
    """Copy a video through the reader and the writer, as a translation does."""
    info = probe(source)
    with VideoWriter(target, info.width, info.height, like=source, audio_from=source, **options) as writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time)
    return writer.notes


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv", "clip.webm", "clip.avi"])
@pytest.mark.parametrize("height", [48, 720])
def test_saturated_colours_come_back(tmp_path: Path, name: str, height: int) -> None:
    images = [bars(height, 256, shift=number) for number in range(3)]
    write_video(tmp_path / name, images, rate=25)
    for image, back in zip(images, images_of(tmp_path / name), strict=True):
        inner = np.arange(16, 256, 32)
        assert np.abs(image[:, inner].astype(int) - back[:, inner]).max() <= 8


def test_colours_are_stated_as_they_are_coded(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [bars()], rate=25)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        frame = next(container.decode(video=0))
        red = int(frame.to_ndarray()[4, 2])
    assert (frame.colorspace, frame.color_range) == (1, 1)
    assert abs(red - 63) <= 1, "BT.709 limited red has a luma of 63; BT.601 would give 82"


@pytest.mark.parametrize(("height", "matrix"), [(360, "ITU601"), (720, "ITU709")])
@pytest.mark.parametrize("full_range", [False, True])
def test_unstated_matrix_follows_the_height_and_stated_range_is_obeyed(
    tmp_path: Path, height: int, matrix: str, full_range: bool
) -> None:
    image = bars(height, 64)
    source_range = "JPEG" if full_range else "MPEG"
    with av.open(str(tmp_path / "clip.mp4"), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, height, "yuv444p"
        stream.codec_context.color_range = 2 if full_range else 1
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
            format="yuv444p", dst_colorspace=matrix, src_color_range="JPEG", dst_color_range=source_range
        )
        frame.colorspace = 2
        output.mux([*stream.encode(frame), *stream.encode(None)])
    (back,) = images_of(tmp_path / "clip.mp4")
    assert np.abs(image[:, 4::8].astype(int) - back[:, 4::8]).max() <= 6


@pytest.mark.parametrize("codec", ["ffv1", "libx264rgb"])
def test_lossless_codecs_keep_every_level(tmp_path: Path, codec: str) -> None:
    images = list(np.random.default_rng(0).integers(0, 256, (3, 33, 47, 3), dtype=np.uint8))
    write_video(tmp_path / "labels.mkv", images, rate=10, codec=codec, crf=0)
    for image, back in zip(images, images_of(tmp_path / "labels.mkv"), strict=True):
        np.testing.assert_array_equal(image, back)


@pytest.mark.parametrize("size", [(48, 64), (47, 64), (48, 65), (33, 35)])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.webm"])
def test_odd_sizes_are_kept(tmp_path: Path, size: tuple[int, int], name: str) -> None:
    write_video(tmp_path / name, [bars(*size)] * 3, rate=25)
    info = probe(tmp_path / name)
    assert (info.height, info.width) == size
    assert [image.shape for image in images_of(tmp_path / name)] == [(*size, 3)] * 3


@settings(max_examples=8, deadline=None)
@given(gaps=st.lists(st.integers(1, 5000), min_size=1, max_size=12), tick=st.sampled_from([1000, 15360, 90000]))
def test_times_of_a_variable_rate_are_kept_exactly(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[int], tick: int
) -> None:
    folder = tmp_path_factory.mktemp("times")
    ticks = [int(total) for total in np.cumsum([0, *gaps])]
    options = {"video_track_timescale": str(tick)}
    source = make_video(folder / "in.mp4", [numbered(0)] * len(ticks), ticks, Fraction(1, tick), options=options)
    translate(source, folder / "out.mp4")
    assert times_of(folder / "out.mp4") == times_of(source) == [Fraction(pts, tick) for pts in ticks]
    assert probe(folder / "out.mp4").tick == Fraction(1, tick)


def test_matroska_rounds_times_to_a_millisecond_and_no_further(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [numbered(0)] * 30, sound="aac")
    translate(source, tmp_path / "out.mkv")
    for before, after in zip(times_of(source), times_of(tmp_path / "out.mkv"), strict=True):
        assert abs(before - after) <= Fraction(1, 1000)


def test_constant_rate_is_exact(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    write_video(tmp_path / "clip.mp4", [numbered(n) for n in range(10)], rate=rate)
    assert times_of(tmp_path / "clip.mp4") == [number / rate for number in range(10)]
    assert probe(tmp_path / "clip.mp4").rate == rate


def test_frames_come_in_order_of_display(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", [numbered(n) for n in range(40)], rate=25)
    assert [number_of(image) for image in images_of(tmp_path / "clip.mp4")] == list(range(40))


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv", "in.ts"])
def test_any_frame_can_be_fetched(tmp_path: Path, name: str) -> None:
    source = make_video(tmp_path / name, [numbered(n) for n in range(40)])
    assert count_frames(source) == 40
    assert [number_of(read_frame(source, index)) for index in (0, 7, 38, 39, 20)] == [0, 7, 38, 39, 20]
    with pytest.raises(InputError, match=r"no frame 40; expected 0 to 39"):
        read_frame(source, 40)


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_rotation_is_applied(tmp_path: Path, quarter_turns: int) -> None:
    image = bars(48, 64)
    image[:24] //= 2
    source = make_video(tmp_path / "in.mp4", [image] * 3, quarter_turns=quarter_turns)
    upright = np.rot90(image, quarter_turns)
    info = probe(source)
    assert (info.height, info.width) == upright.shape[:2]
    (first, *_) = images_of(source)
    assert np.abs(first.astype(int) - upright).mean() < np.abs(first.astype(int) - upright[::-1, ::-1]).mean() / 4
    translate(source, tmp_path / "out.mp4")
    assert probe(tmp_path / "out.mp4").width == info.width


@pytest.mark.parametrize(
    ("source", "sound", "target"),
    [
        ("in.mp4", "aac", "out.mp4"),
        ("in.mkv", "aac", "out.mp4"),
        ("in.mp4", "aac", "out.mov"),
        ("in.mp4", "libmp3lame", "out.mp4"),
        ("in.mkv", "libopus", "out.mp4"),
        ("in.mkv", "flac", "out.mkv"),
        ("in.mkv", "libopus", "out.webm"),
    ],
)
def test_sound_is_copied_byte_by_byte(tmp_path: Path, source: str, sound: str, target: str) -> None:
    make_video(tmp_path / source, [numbered(n) for n in range(30)], sound=sound)
    notes = translate(tmp_path / source, tmp_path / target)
    before, after = sound_packets(tmp_path / source), sound_packets(tmp_path / target)
    assert notes == []
    assert [packet for _, packet in before] == [packet for _, packet in after]
    assert all(abs(early - late) <= Fraction(1, 1000) for (early, _), (late, _) in zip(before, after, strict=True))


@pytest.mark.parametrize(
    ("source", "sound", "target", "codec"),
    [("in.avi", "pcm_s16le", "out.mp4", "aac"), ("in.mp4", "aac", "out.webm", "opus")],
)
def test_sound_that_does_not_fit_is_encoded_anew_and_said(
    tmp_path: Path, source: str, sound: str, target: str, codec: str
) -> None:
    make_video(tmp_path / source, [numbered(n) for n in range(30)], [*range(30)], Fraction(1, 30), sound=sound)
    (note,) = translate(tmp_path / source, tmp_path / target)
    assert note.endswith(f"re-encoded as {codec}")
    with av.open(str(tmp_path / target)) as container:
        wave = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert 0.95 < len(wave) / 48_000 < 1.1
    assert np.abs(np.fft.rfft(wave[:48_000])).argmax() == pytest.approx(440, abs=2)


def test_transport_streams_start_at_zero_with_their_sound(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.ts", [numbered(n) for n in range(30)], sound="aac")
    translate(source, tmp_path / "out.mp4")
    with av.open(str(source)) as container:
        video_lead = container.streams.video[0].start_time - container.streams.audio[0].start_time
    times, sound = times_of(tmp_path / "out.mp4"), sound_packets(tmp_path / "out.mp4")
    assert min(times[0], sound[0][0]) == 0
    assert times[0] - sound[0][0] == Fraction(video_lead, 90_000)
    assert times == times_of(source)


def test_probe_tells_what_the_file_says(tmp_path: Path) -> None:
    info = probe(make_video(tmp_path / "in.mp4", [numbered(0)] * 30, sound="aac"))
    assert (info.width, info.height, info.rate, info.num_frames) == (64, 48, 30, 30)
    assert (info.duration, info.has_audio, info.codec, info.pixel_aspect) == (1.0, True, "h264", 1)
    assert not probe(make_video(tmp_path / "silent.mp4", [numbered(0)])).has_audio


def test_reading_keeps_few_frames_in_memory(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", [numbered(n, 240, 320) for n in range(50)], rate=25)
    tracemalloc.start()
    assert sum(1 for _ in read_video(tmp_path / "in.mp4")) == 50
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 240 * 320 * 3


def test_files_that_cannot_be_read_are_told_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video " * 100)
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "tone.m4a"), "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        output.mux([*stream.encode(frame), *stream.encode(None)])
    expected = {
        "missing.mp4": "no such file",
        "text.mp4": "not a readable video",
        "empty.mp4": "not a readable video",
        "tone.m4a": "holds no video stream",
        ".": "is a folder",
    }
    for name, words in expected.items():
        for read in (probe, count_frames, lambda path: next(read_video(path))):
            with pytest.raises(InputError, match=words) as caught:
                read(tmp_path / name)
            assert "\n" not in str(caught.value)


def test_a_file_cut_off_before_its_index_is_told(tmp_path: Path) -> None:
    data = make_video(tmp_path / "in.mp4", [bars(shift=n) for n in range(40)]).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="truncated or damaged"):
        probe(tmp_path / "cut.mp4")


def test_a_truncated_video_gives_its_whole_frames_and_then_an_error(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 48, 64, 3), dtype=np.uint8)
    data = make_video(tmp_path / "in.mp4", list(noise), options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    frames: list[VideoFrame] = []
    with pytest.raises(InputError, match=r"decoding stopped after (\d+) of 40 frames") as caught:
        frames.extend(read_video(tmp_path / "cut.mp4"))
    assert 10 < len(frames) < 30
    assert f"after {len(frames)} of 40" in str(caught.value)


def test_a_fragmented_video_is_read_and_counted(tmp_path: Path) -> None:
    flags = {"movflags": "frag_keyframe+empty_moov"}
    source = make_video(tmp_path / "in.mp4", [numbered(n) for n in range(30)], options=flags)
    assert probe(source).num_frames is None
    assert count_frames(source) == len(images_of(source)) == 30


def test_a_change_of_size_is_told(tmp_path: Path) -> None:
    parts = [make_video(tmp_path / f"{size}.ts", [bars(size, size)] * 8) for size in (32, 48)]
    (tmp_path / "both.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(InputError, match="changes its size to 48x48 where it began with 32x32"):
        images_of(tmp_path / "both.ts")


def test_a_truncated_matroska_file_is_told(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 48, 64, 3), dtype=np.uint8)
    data = make_video(tmp_path / "in.mkv", list(noise)).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="decoding stopped after"):
        images_of(tmp_path / "cut.mkv")


def write_in_vain(path: Path, num_frames: int, error: type[Exception] | None) -> None:
    with VideoWriter(path, 64, 48, rate=Fraction(25)) as writer:
        for number in range(num_frames):
            writer.write(numbered(number))
        if error is not None:
            raise error


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    for num_frames in (0, 1, 20):
        with pytest.raises(KeyError):
            write_in_vain(tmp_path / "out.mp4", num_frames, KeyError)
    with pytest.raises(InputError, match="no frames to write"):
        write_in_vain(tmp_path / "out.mp4", 0, None)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    write_video(tmp_path / "out.mp4", [numbered(1)], rate=25)
    with pytest.raises(KeyError):
        write_in_vain(tmp_path / "out.mp4", 9, KeyError)
    assert [number_of(image) for image in images_of(tmp_path / "out.mp4")] == [1]


@pytest.mark.parametrize(
    ("name", "codec", "words"),
    [
        ("out.mp4", "libx264gb", r"no encoder called 'libx264gb' \(did you mean 'libx264rgb'\?\)"),
        ("out.mp4", "aac", "aac encodes audio"),
        ("out.xyz", None, ".xyz is no video format"),
        ("out", None, "no suffix is no video format"),
        ("out.webm", "libx264", "cannot be written"),
        ("file/out.mp4", None, "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str, codec: str | None, words: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=words) as caught:
        write_video(tmp_path / name, [numbered(0)], rate=25, codec=codec)
    assert "\n" not in str(caught.value)


CODECS_WITH_QUALITY = [
    *(("out.mp4", codec, 51) for codec in ("libx264", "libx264rgb", "libx265")),
    *(("out.webm", codec, 63) for codec in (None, "libsvtav1")),
]


@pytest.mark.parametrize(("name", "codec", "most"), CODECS_WITH_QUALITY)
def test_a_quality_that_the_codec_does_not_have_is_refused(
    tmp_path: Path, name: str, codec: str | None, most: int
) -> None:
    for crf in (-1, most + 1):
        with pytest.raises(InputError, match=rf"out.*crf: found {crf}, expected 0 \(best\) to {most} for "):
            write_video(tmp_path / name, [numbered(0)], rate=25, codec=codec, crf=crf)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "most"), [("out.mp4", 51), ("out.webm", 63)])
def test_the_lowest_and_the_highest_quality_are_written(tmp_path: Path, name: str, most: int) -> None:
    sizes = []
    for crf in (0, most):
        write_video(tmp_path / name, [bars()] * 3, rate=25, crf=crf)
        sizes.append((tmp_path / name).stat().st_size)
        assert len(images_of(tmp_path / name)) == 3
    assert sizes[0] > sizes[1]


def test_a_codec_without_quality_takes_any(tmp_path: Path) -> None:
    write_video(tmp_path / "out.mkv", [numbered(0)], rate=25, codec="ffv1", crf=99)
    assert len(images_of(tmp_path / "out.mkv")) == 1


def test_a_comment_comes_back_from_a_png_and_only_from_one_with_a_comment(tmp_path: Path) -> None:
    write_image(tmp_path / "said.png", bars(), "first")
    write_image(tmp_path / "silent.png", bars())
    (tmp_path / "damaged.png").write_bytes((tmp_path / "said.png").read_bytes()[:20])
    messages = [read_comment(tmp_path / f"{name}.png") for name in ("said", "silent", "damaged", "missing")]
    assert messages == ["first", "", "", ""]
    np.testing.assert_array_equal(read_image(tmp_path / "said.png"), read_image(tmp_path / "silent.png"))


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".ppm"])
def test_images_keep_every_level(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (17, 23, 3), dtype=np.uint8)
    write_image(tmp_path / f"image{suffix}", image)
    np.testing.assert_array_equal(read_image(tmp_path / f"image{suffix}"), image)


def test_jpeg_is_close(tmp_path: Path) -> None:
    write_image(tmp_path / "image.jpg", bars())
    assert np.abs(read_image(tmp_path / "image.jpg").astype(int) - bars()).mean() < 3


@pytest.mark.parametrize("mode", ["P", "L", "LA", "RGBA", "1", "CMYK", "I;16"])
def test_every_kind_of_image_is_read_as_rgb(tmp_path: Path, mode: str) -> None:
    grey = np.full((6, 8), 255, np.uint8)
    if mode == "I;16":
        picture = Pillow.fromarray(np.full((6, 8), 65535, np.uint16))
    else:
        picture = Pillow.fromarray(np.repeat(grey[:, :, None], 3, 2)).convert(mode)
    path = tmp_path / ("image.tif" if mode == "CMYK" else "image.png")
    picture.save(path)
    image = read_image(path)
    assert image.shape == (6, 8, 3)
    assert image.dtype == np.uint8
    assert (image == 255).all()


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    picture = Pillow.new("P", (2, 1))
    picture.putpalette([128, 64, 128, 70, 130, 180])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "label.png")
    np.testing.assert_array_equal(read_image(tmp_path / "label.png"), [[[128, 64, 128], [70, 130, 180]]])


def test_images_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no image")
    write_image(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    for name, words in {"none.png": "no such file", "text.png": "not an image", "half.png": "cannot be read"}.items():
        with pytest.raises(InputError, match=words) as caught:
            read_image(tmp_path / name)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"\.xyz is no image format"):
        write_image(tmp_path / "image.xyz", bars())
