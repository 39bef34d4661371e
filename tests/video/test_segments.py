"""Videos of several encoders at once: one stream, the same bytes however many work, exact times, nothing left."""

import gc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.video import VideoWriter, read_frame, read_video, segments, writing
from recyclegan.video.segments import LENGTH, SegmentedEncoder, encoder_threads, encoders_at_once
from tests.media import make_video, number_of, numbered
from tests.threads import begun_since, running

RATE = Fraction(30)


def moving(count: int, height: int = 64, width: int = 96) -> list[Image]:
    """Return the frames of a film that moves, with grain."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    waves = 127 + 100 * np.sin(x / 23) * np.cos(y / 41)
    first = np.clip(waves[..., None] + rng.integers(-12, 13, (height, width, 3)), 0, 255).astype(np.uint8)
    return [np.roll(first, 3 * number, axis=1) for number in range(count)]


def write(path: Path, images: list[Image], times: list[Fraction] | None = None, rate: Fraction = RATE) -> Path:
    height, width, _ = images[0].shape
    with VideoWriter(path, width, height, rate=rate) as writer:
        for image, time in zip(images, times or [None] * len(images), strict=True):
            writer.write(image, time)
    return path


def work_at_once(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(writing, "encoders_at_once", lambda _: number)


def test_the_bytes_are_the_same_however_many_encoders_work_and_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, found = moving(200), set()
    for number in [1, 2, 3, 8] * 6:
        work_at_once(monkeypatch, number)
        found.add(write(tmp_path / "out.mp4", images).read_bytes())
    assert len(found) == 1


def test_how_an_encoder_works_does_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    heights = [32, 64, 256, 720, 1080, 2160]
    here = [encoder_threads(height) for height in heights]
    assert here == [1, 1, 4, 11, 16, 16]
    for cores, most in [(None, 2), (2, 3), (16, 17), (256, 257)]:
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert [encoder_threads(height) for height in heights] == here
        at_once = [encoders_at_once(height) for height in heights]
        assert at_once == sorted(at_once, reverse=True)
        assert at_once[0] == most
        assert at_once[-1] >= 2


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.ts", "out.avi", "out.mov", "out.flv"])
@pytest.mark.parametrize("number", [2, 5])
def test_segments_are_one_stream(tmp_path: Path, name: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    work_at_once(monkeypatch, number)
    count = 3 * LENGTH + 1
    path = write(tmp_path / name, [numbered(index % 50) for index in range(count)])
    assert [number_of(frame.image) for frame in read_video(path)] == [index % 50 for index in range(count)]
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    known = [(packet.dts, packet.pts) for packet in packets if packet.dts is not None and packet.pts is not None]
    decoded = [decoding for decoding, _ in known]
    assert len(known) >= count - 2
    assert decoded == sorted(set(decoded))
    assert all(decoding <= shown for decoding, shown in known)
    assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 64, 128, 192]


@pytest.mark.parametrize("number", [1, 3])
def test_uneven_times_are_exact_across_segments(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    work_at_once(monkeypatch, number)
    monkeypatch.setattr(segments, "LENGTH", 16)
    steps = np.random.default_rng(number).integers(1, 40, 120)
    times = [Fraction(int(ticks), 240) for ticks in np.cumsum(steps) - steps[0]]
    path = write(tmp_path / "out.mp4", [numbered(index % 50) for index in range(120)], times, rate=Fraction(240))
    frames = list(read_video(path))
    assert [frame.time for frame in frames] == times
    assert [number_of(frame.image) for frame in frames] == [index % 50 for index in range(120)]
    for index in (0, 15, 16, 17, 63, 119):
        assert number_of(read_frame(path, index)) == index % 50


@pytest.mark.parametrize("count", [1, 2, 3, LENGTH - 1, LENGTH, LENGTH + 1, 2 * LENGTH])
def test_any_number_of_frames_is_written(tmp_path: Path, count: int) -> None:
    path = write(tmp_path / "out.mp4", [numbered(index % 50) for index in range(count)])
    assert [number_of(frame.image) for frame in read_video(path)] == [index % 50 for index in range(count)]


def test_sound_stands_beside_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work_at_once(monkeypatch, 4)
    images = [numbered(index % 50) for index in range(200)]
    source = make_video(tmp_path / "in.mp4", images, sound="aac")
    with VideoWriter(tmp_path / "out.mkv", 64, 48, like=source, audio_from=source) as writer:
        for frame in read_video(source):
            writer.write(frame.image, frame.time)
    heard = Fraction(0)
    with av.open(str(tmp_path / "out.mkv")) as container:
        for packet in container.demux():
            if packet.dts is None:
                continue
            time = packet.dts * packet.time_base
            if packet.stream.type == "audio":
                heard = time
            else:
                assert abs(heard - time) < Fraction(1, 2)
    assert heard > 6


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("at", [0, 40, 100, 199])
def test_an_encoder_that_fails_ends_all_and_leaves_nothing(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, encode = running(), segments._Segment._encode

    def failing(self: segments._Segment, frame: av.VideoFrame | None) -> None:
        if frame is not None and frame.pts == at * frame.time_base.denominator // 30:
            raise BrokenError
        encode(self, frame)

    monkeypatch.setattr(segments._Segment, "_encode", failing)
    with pytest.raises(BrokenError):
        write(tmp_path / "out.mp4", moving(200))
    assert not begun_since(before)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: segments._Segment, frame: av.VideoFrame | None) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segments._Segment, "_encode", failing)
    with pytest.raises(InputError, match=r"out.mp4: cannot be written \(No space left on device\)"):
        write(tmp_path / "out.mp4", moving(20))


def test_frames_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    size = sum(plane.buffer_size for plane in frame.planes)
    monkeypatch.setattr(segments, "MOST_WAITING", 20 * size)
    depths: list[int] = []

    class Segment:
        is_full, is_done = False, False

        def __init__(self, encoder: object, depth: int) -> None:
            depths.append(depth)

        def put(self, frame: av.VideoFrame) -> None:
            pass

    monkeypatch.setattr(segments, "_Segment", Segment)
    for at_once in (1, 4, 100):
        SegmentedEncoder(lambda: av.VideoCodecContext.create("libx264", "w"), at_once).encode(frame)
    assert depths == [20, 5, 1]


def test_encoders_and_packets_are_let_go_of_when_their_segment_is_done(tmp_path: Path) -> None:
    """Each holds tens of megabytes: a long video must not wait for the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        write(tmp_path / "long.mp4", moving(5 * LENGTH))
        left = [thing for thing in gc.get_objects() if type(thing) is segments._Segment]
    finally:
        gc.enable()
    assert left, "segments and their threads know each other"
    assert not any(hasattr(segment, "_encoder") or segment._packets for segment in left)
