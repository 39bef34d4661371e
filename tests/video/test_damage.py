"""Damaged videos are refused, or kept and told; sound ones never are, and one number of frames holds everywhere."""

from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import Clip
from recyclegan.errors import InputError
from recyclegan.settings.frames import Reading
from recyclegan.video import (
    STRICT,
    VideoReader,
    check_video,
    check_whole,
    count_frames,
    probe,
    read_frame,
    read_video,
    write_video,
)
from tests.media import make_video
from tests.video.films import changed, cut, encode, packets_of, scene, without_first_packets

KEEP = Reading(damaged="keep")

SOUND = [
    ("h264.mp4", "libx264", "yuv420p", {}),
    ("h264.mkv", "libx264", "yuv420p", {}),
    ("h264.ts", "libx264", "yuv420p", {}),
    ("h264.flv", "libx264", "yuv420p", {}),
    ("h264.avi", "libx264", "yuv420p", {"bf": "0"}),
    ("reordered.avi", "libx264", "yuv420p", {}),
    ("h264.nut", "libx264", "yuv420p", {}),
    ("h264.h264", "libx264", "yuv420p", {}),
    ("open.ts", "libx264", "yuv420p", {"x264-params": "open-gop=1:keyint=6"}),
    ("refreshed.mkv", "libx264", "yuv420p", {"x264-params": "intra-refresh=1:keyint=6"}),
    ("hevc.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none:open-gop=1:keyint=6"}),
    ("mpeg4.avi", "mpeg4", "yuv420p", {}),
    ("mpeg4.mp4", "mpeg4", "yuv420p", {"bf": "2"}),
    ("mpeg2.mpg", "mpeg2video", "yuv420p", {"bf": "2"}),
    ("mpeg2.vob", "mpeg2video", "yuv420p", {}),
    ("mpeg2.m2v", "mpeg2video", "yuv420p", {}),
    ("mpeg2.mxf", "mpeg2video", "yuv420p", {}),
    ("mpeg1.mpg", "mpeg1video", "yuv420p", {}),
    ("vp8.webm", "libvpx", "yuv420p", {"deadline": "good", "cpu-used": "5", "auto-alt-ref": "1", "lag-in-frames": "9"}),
    ("vp9.webm", "libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8"}),
    ("av1.mkv", "libsvtav1", "yuv420p", {"preset": "12"}),
    ("mjpeg.avi", "mjpeg", "yuvj420p", {}),
    ("mjpeg.mov", "mjpeg", "yuvj420p", {}),
    ("wmv2.wmv", "wmv2", "yuv420p", {}),
    ("flv1.flv", "flv", "yuv420p", {}),
    ("rv20.rm", "rv20", "yuv420p", {}),
    ("ffv1.mkv", "ffv1", "bgr0", {"slicecrc": "1"}),
    ("prores.mov", "prores", "yuv422p10le", {}),
    ("huffyuv.avi", "huffyuv", "rgb24", {}),
    ("raw.y4m", "wrapped_avframe", "yuv420p", {}),
    ("still.gif", "gif", "rgb8", {}),
]


def frames_and_refusal(path: Path) -> tuple[int, str]:
    """Return how many frames are given before the refusal, and its line."""
    num_frames = 0
    try:
        for _ in read_video(path):
            num_frames += 1
    except InputError as error:
        return num_frames, str(error)
    return num_frames, ""


def kept(path: Path) -> tuple[int, list[str]]:
    """Return how many frames a video gives that is kept, and what is told of it."""
    reader = VideoReader(path, KEEP)
    return sum(1 for _ in reader), reader.notes


@pytest.mark.parametrize(("name", "codec", "pixel_format", "options"), SOUND, ids=[name for name, *_ in SOUND])
def test_sound_videos_are_read_whole_and_without_a_word(
    tmp_path: Path, name: str, codec: str, pixel_format: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, scene(20), codec, pixel_format, **options)
    reader = VideoReader(path)
    assert sum(1 for _ in reader) == count_frames(path) == Clip("clip", "video", (path,)).num_frames == 20
    assert reader.notes == check_video(path) == []
    check_whole(path)
    assert probe(path).num_frames in (None, 20)


@pytest.mark.parametrize("num_frames", [1, 2, 3, 5])
@pytest.mark.parametrize("name", ["in.ts", "in.m2ts", "in.mpg", "in.h264", "in.m2v", "in.mjpeg", "in.mp4", "in.mkv"])
def test_the_shortest_videos_are_read(tmp_path: Path, name: str, num_frames: int) -> None:
    codec = {".mpg": "mpeg2video", ".m2v": "mpeg2video", ".mjpeg": "mjpeg"}.get(Path(name).suffix, "libx264")
    path = encode(tmp_path / name, scene(num_frames), codec, "yuvj420p" if codec == "mjpeg" else "yuv420p")
    assert count_frames(path) == len(list(read_video(path))) == num_frames


@pytest.mark.parametrize("share", [0.6, 0.97])
@pytest.mark.parametrize("name", ["in.avi", "in.flv", "in.mkv", "in.mov", "in.wmv", "in.y4m", "in.gif"])
def test_a_video_that_was_cut_off_is_refused_and_kept_on_demand(tmp_path: Path, name: str, share: float) -> None:
    codecs = {"in.wmv": "wmv2", "in.y4m": "wrapped_avframe", "in.gif": "gif"}
    options = {"container_options": {"movflags": "+faststart"}} if name == "in.mov" else {}
    codec, pixel_format = codecs.get(name, "libx264"), "rgb8" if name == "in.gif" else "yuv420p"
    source = encode(tmp_path / name, scene(60), codec, pixel_format, g="10", **options)
    path = cut(source, tmp_path / f"cut-{name}", share)
    num_given, line = frames_and_refusal(path)
    assert f"decoding stopped after {num_given}" in line
    assert "--damaged keep" in line
    num_kept, notes = kept(path)
    assert num_given <= num_kept <= 60
    assert any(f"kept {num_kept}" in note and "damaged" in note for note in notes)
    with pytest.raises(InputError, match="decoding stopped after"):
        count_frames(path)
    assert count_frames(path, KEEP) == Clip("clip", "video", (path,), KEEP).num_frames == num_kept


@pytest.mark.parametrize("name", ["in.avi", "in.mp4", "in.mkv", "in.flv"])
def test_a_refusal_says_how_many_frames_there_ought_to_be(tmp_path: Path, name: str) -> None:
    options = {"movflags": "+faststart"} if name == "in.mp4" else {}
    path = cut(encode(tmp_path / name, scene(60), container_options=options), tmp_path / f"cut-{name}", 0.6)
    _, line = frames_and_refusal(path)
    assert "of 60 frames" in line or "of about 60 frames" in line or "of about 62 frames" in line
    with pytest.raises(InputError, match="--damaged keep"):
        check_whole(path)
    check_whole(path, KEEP)


@pytest.mark.parametrize("reordered", ["0", "2"])
def test_frames_that_a_decoder_patches_up_are_damage(tmp_path: Path, reordered: str) -> None:
    source = encode(tmp_path / "in.mp4", scene(40, 128, 128), bf=reordered, crf="12")
    places = [place + size // 2 for place, size in packets_of(source)[10:16]]
    damaged = changed(source, tmp_path / "damaged.mp4", places)
    num_given, line = frames_and_refusal(damaged)
    assert num_given < 20
    assert f"decoding stopped after {num_given} of 40 frames" in line
    num_kept, notes = kept(damaged)
    assert num_kept >= 34
    assert any(f"kept {num_kept} of 40 frames" in note for note in notes)


def test_the_same_damage_is_found_every_time(tmp_path: Path) -> None:
    source = encode(tmp_path / "in.mkv", scene(30, 128, 128), bf="3", crf="12")
    place, size = packets_of(source)[-2]
    damaged = changed(source, tmp_path / "damaged.mkv", [place + size // 2, place + size // 3])
    assert len({frames_and_refusal(damaged) for _ in range(10)}) == 1


def test_a_lossless_video_is_checked_to_the_last_bit(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", scene(6), rate=25, codec="ffv1")
    places = [place + size // 2 for place, size in packets_of(tmp_path / "in.mkv")[3:4]]
    damaged = changed(tmp_path / "in.mkv", tmp_path / "damaged.mkv", places, bit=1)
    assert check_video(tmp_path / "in.mkv") == []
    num_given, line = frames_and_refusal(damaged)
    assert num_given == 3
    assert "patch" in line
    assert kept(damaged)[0] == 6


def test_a_hole_in_a_matroska_file_is_found(tmp_path: Path) -> None:
    data = encode(tmp_path / "in.mkv", scene(40), "libvpx-vp9", g="8").read_bytes()
    middle = len(data) // 2
    (tmp_path / "hole.mkv").write_bytes(data[:middle] + data[middle + 300 :])
    _, line = frames_and_refusal(tmp_path / "hole.mkv")
    assert "truncated or damaged" in line


def test_a_container_without_its_head_is_damaged(tmp_path: Path) -> None:
    data = encode(tmp_path / "in.avi", scene(20), "mjpeg", "yuvj420p").read_bytes()
    (tmp_path / "headless.avi").write_bytes(data[len(data) // 4 :])
    (tmp_path / "headless.mjpeg").write_bytes(data[len(data) // 4 :])
    assert "it is no .avi any more" in frames_and_refusal(tmp_path / "headless.avi")[1]
    assert frames_and_refusal(tmp_path / "headless.mjpeg")[1] == ""


def test_missing_frames_of_a_steady_video_are_told(tmp_path: Path) -> None:
    ticks = [512 * number for number in range(40) if number not in (20, 21, 30)]
    reader = VideoReader(make_video(tmp_path / "in.mp4", scene(37), ticks))
    assert sum(1 for _ in reader) == 37
    assert [note for note in reader.notes if "leap over 3 frames" in note] == reader.notes
    varying = [int(tick) for tick in np.cumsum(np.random.default_rng(0).integers(300, 1500, 37))]
    reader = VideoReader(make_video(tmp_path / "varying.mp4", scene(37), varying))
    assert sum(1 for _ in reader) == 37
    assert reader.notes == []


@pytest.mark.parametrize("num_packets", range(1, 12))
@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"g": "12", "bf": "2"}),
        ("libx264", {"x264-params": "open-gop=1:keyint=6"}),
        ("libx265", {"x265-params": "log-level=none:open-gop=1:keyint=6"}),
        ("mpeg2video", {"g": "12", "bf": "2"}),
        ("mpeg4", {"g": "12"}),
    ],
)
def test_a_recording_that_begins_between_key_frames_is_read_from_the_first_whole_one(
    tmp_path: Path, codec: str, options: dict[str, str], num_packets: int
) -> None:
    source = encode(tmp_path / "in.ts", scene(30), codec, **options)
    path = without_first_packets(source, tmp_path / "cut.ts", num_packets)
    reader = VideoReader(path)
    images = [frame.image for frame in reader]
    left_out = 30 - num_packets - len(images)
    assert 0 <= left_out < 20
    assert count_frames(path) == Clip("clip", "video", (path,)).num_frames == len(images)
    assert [note for note in reader.notes if "between key frames" in note] == reader.notes[: int(left_out > 0)]
    truth = [frame.image for frame in read_video(source)][-len(images) :]
    assert max(np.abs(one.astype(int) - other).mean() for one, other in zip(images, truth, strict=True)) < 1


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("num_packets", [3, 7, 8])
def test_the_index_of_an_mp4_that_begins_between_key_frames_counts_what_decodes(
    tmp_path: Path, codec: str, num_packets: int
) -> None:
    options = {"x265-params": "log-level=none:open-gop=1:keyint=6", "g": "6"}
    source = encode(tmp_path / "in.mp4", scene(30), codec, **options)
    path = without_first_packets(source, tmp_path / "cut.mp4", num_packets)
    num_frames = sum(1 for _ in read_video(path))
    assert Clip("clip", "video", (path,)).num_frames == probe(path).num_frames == count_frames(path) == num_frames


def test_a_frame_is_found_by_the_number_that_it_is_read_under(tmp_path: Path) -> None:
    path = without_first_packets(encode(tmp_path / "in.ts", scene(30), g="10"), tmp_path / "cut.ts", 4)
    images = [frame.image for frame in read_video(path)]
    for number in (0, 5, len(images) - 1):
        np.testing.assert_array_equal(read_frame(path, number), images[number])
    with pytest.raises(InputError, match=f"no frame {len(images)}; expected 0 to {len(images) - 1}"):
        read_frame(path, len(images))


def test_a_video_without_one_frame_is_refused_even_if_kept(tmp_path: Path) -> None:
    path = without_first_packets(encode(tmp_path / "in.ts", scene(12), g="12"), tmp_path / "cut.ts", 3)
    for reading in (STRICT, KEEP):
        with pytest.raises(InputError, match="no frame in it can be decoded"):
            count_frames(path, reading)
