"""Every frame is shown when its source says, whatever its clock does, in every format that is written."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from recyclegan.errors import InputError
from recyclegan.video import VIDEO_SUFFIXES, WRITTEN_SUFFIXES, VideoReader, VideoWriter, probe, read_frame, read_video
from tests.media import make_video, number_of, numbered, sound_packets
from tests.test_video import times_of, translate
from tests.video.films import encode, scene

VARYING = [0, 7, 20, 21, 50, 80, 81, 95, 300]


def moved(source: Path, target: Path, seconds: float) -> Path:
    """Copy a transport stream with its clock set to another time."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        copies = {stream.index: output.add_stream_from_template(stream) for stream in container.streams}
        for packet in container.demux():
            if packet.dts is not None and packet.pts is not None:
                ticks = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = copies[packet.stream.index]
                output.mux(packet)
    return target


def joined(target: Path, *parts: Path) -> Path:
    """Put files end to end."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def sound_lead(path: Path) -> Iterator[Fraction]:
    """Yield by how much sound is behind a picture, for the beeps and flashes of ``flashes``."""
    with av.open(str(path)) as container:
        pictures = [frame.time for frame in read_video(path) if frame.image.mean() > 128]
        beeps = []
        for frame in container.decode(audio=0):
            loud = np.abs(frame.to_ndarray().astype(float)).max() > 0.05
            beeps += [Fraction(frame.pts) * frame.time_base] if loud else []
    starts = [
        time for before, time in zip([None, *beeps], beeps, strict=False) if before is None or time - before > 0.2
    ]
    assert len(pictures) == len(starts)
    return (beep - picture for beep, picture in zip(starts, pictures, strict=True))


def flashes(path: Path) -> Path:
    """Write two seconds of darkness and silence with a flash and a beep at the first half second."""
    wave = np.zeros(96_000, np.int16)
    wave[24_000:27_000] = 12_000 * np.sin(np.arange(3000))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=30)
        sound = output.add_stream("mp2", rate=48_000, layout="mono")
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(numbered(48 if number == 15 else 0), format="rgb24")
            output.mux(stream.encode(frame))
        resampler = av.AudioResampler("s16", "mono", 48_000, 1152)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        parts = [part for given in (frame, None) for part in resampler.resample(given)]
        output.mux([packet for part in [*parts, None] for packet in sound.encode(part)])
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
@pytest.mark.parametrize("seconds", [0, 100, 40_000])
def test_recordings_put_end_to_end_go_on_where_the_first_one_ended(tmp_path: Path, suffix: str, seconds: float) -> None:
    codec = "libx264" if suffix == ".ts" else "mpeg2video"
    first = encode(tmp_path / f"first{suffix}", scene(50), codec)
    second = moved(first, tmp_path / f"second{suffix}", seconds)
    alone = times_of(first)
    reader = VideoReader(joined(tmp_path / f"both{suffix}", first, second))
    times = [frame.time for frame in reader]
    assert len(times) == 100
    steps = np.diff([float(time) for time in times])
    assert np.abs(np.delete(steps, 49) - 1 / 25).max() < 1e-3
    assert steps[49] == pytest.approx(1 / 25, abs=0.05)
    assert times[:50] == alone
    (note,) = reader.notes
    assert "clock jumps once" in note


def test_three_recordings_end_to_end_are_found_by_number(tmp_path: Path) -> None:
    part = encode(tmp_path / "part.ts", [numbered(number) for number in range(20)])
    path = joined(tmp_path / "three.ts", part, part, part)
    assert [number_of(frame.image) for frame in read_video(path)] == 3 * [*range(20)]
    assert [number_of(read_frame(path, index)) for index in (0, 25, 59)] == [0, 5, 19]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_is_shifted_as_the_pictures_are(tmp_path: Path, name: str) -> None:
    part = flashes(tmp_path / "part.ts")
    path = joined(tmp_path / "both.ts", part, moved(part, tmp_path / "moved.ts", 3000), part)
    assert not any("sound" in note and "damaged" in note for note in translate(path, tmp_path / name))
    (alone,) = sound_lead(part)
    leads = [float(lead) for lead in sound_lead(tmp_path / name)]
    translate(part, tmp_path / f"alone-{name}")
    (alone,) = sound_lead(tmp_path / f"alone-{name}")
    assert leads == pytest.approx(3 * [float(alone)], abs=0.03)


def test_reordered_frames_of_an_avi_are_shown_evenly(tmp_path: Path) -> None:
    path = encode(tmp_path / "in.avi", [numbered(number) for number in range(20)], bf="3")
    frames = list(read_video(path))
    assert [number_of(frame.image) for frame in frames] == [*range(20)]
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(20)]
    assert [number_of(read_frame(path, index)) for index in (1, 7, 19)] == [1, 7, 19]


@pytest.mark.parametrize("sound", [None, "aac"])
@pytest.mark.parametrize("suffix", sorted(VIDEO_SUFFIXES))
def test_every_format_is_written_with_right_times_or_refused_at_once(
    tmp_path: Path, suffix: str, sound: str | None
) -> None:
    source = make_video(tmp_path / "in.mp4", [numbered(number) for number in range(30)], sound=sound)
    target = tmp_path / f"out{suffix}"
    if suffix not in WRITTEN_SUFFIXES:
        with pytest.raises(InputError, match=rf"{suffix} is read but not written"):
            VideoWriter(target, 64, 48, like=source)
        return
    translate(source, target)
    frames = list(read_video(target))
    assert [number_of(frame.image) for frame in frames] == [*range(30)]
    lead = frames[0].time
    late = [abs(frame.time - lead - time) for frame, time in zip(frames, times_of(source), strict=True)]
    assert max(late) <= max(probe(target).tick, Fraction(0) if suffix != ".avi" else Fraction(1, 300))
    assert lead <= Fraction(1, 10)
    if sound:
        before, after = (float(sound_packets(path)[-1][0]) for path in (source, target))
        assert after == pytest.approx(before, abs=0.2)


@pytest.mark.parametrize("suffix", sorted(WRITTEN_SUFFIXES))
def test_varying_times_are_kept_by_every_format_that_can_hold_them(tmp_path: Path, suffix: str) -> None:
    source = make_video(tmp_path / "in.mp4", [numbered(0)] * 9, VARYING, Fraction(1, 1000))
    if suffix == ".avi":
        with pytest.raises(InputError, match=r"\.avi holds .* frames a second only, found one at"):
            VideoWriter(tmp_path / "out.avi", 64, 48, like=source)
        return
    translate(source, tmp_path / f"out{suffix}")
    times = times_of(tmp_path / f"out{suffix}")
    late = [abs(one - times[0] - Fraction(tick, 1000)) for one, tick in zip(times, VARYING, strict=True)]
    assert max(late) <= probe(tmp_path / f"out{suffix}").tick


def test_a_time_off_the_beat_is_refused_by_an_avi_while_it_is_written(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.avi", 64, 48, rate=Fraction(25)) as writer:
        writer.write(numbered(0), Fraction(0))
        with pytest.raises(InputError, match=r"\.avi holds 25 frames a second only"):
            writer.write(numbered(1), Fraction(1, 70))
        writer.write(numbered(1), Fraction(2, 25))
    assert times_of(tmp_path / "out.avi") == [Fraction(0), Fraction(2, 25)]


def test_a_first_frame_that_lies_before_the_beginning_is_not_lost(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.nut"), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "bgr0"
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="rgb24").reformat(format="bgr0")
            frame.pts, frame.time_base = number - 1, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    translate(tmp_path / "in.nut", tmp_path / "out.mp4")
    assert [number_of(frame.image) for frame in read_video(tmp_path / "out.mp4")] == [*range(6)]
