"""Times as people write them, and stretches of videos that keep pictures and sound in step."""

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recyclegan.errors import InputError
from recyclegan.video import WHOLE, Span, VideoReader, VideoWriter, read_video, seconds
from tests.media import bars, make_video, number_of, numbered, sound_packets


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", 0),
        ("90", 90),
        ("12.5", Fraction(25, 2)),
        ("1:30", 90),
        ("01:02:03.25", Fraction(14893, 4)),
        ("100:00:00", 360_000),
        (" 7 ", 7),
        (12.1, Fraction(121, 10)),
        (3, 3),
    ],
    ids=str,
)
def test_times_are_read_exactly(text: str | float, wanted: Fraction) -> None:
    assert seconds(text, "start") == wanted


@given(st.integers(0, 10**6))
def test_a_time_and_its_clock_are_the_same(milliseconds: int) -> None:
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    clock = f"{hours}:{minutes:02d}:{rest / 1000:06.3f}"
    assert seconds(clock, "start") == seconds(milliseconds / 1000, "start") == Fraction(milliseconds, 1000)


@pytest.mark.parametrize("time", ["", "1:75", "1:60:00", "-1", "a", "1:2:3:4", "1e3", -0.5, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(time: str | float) -> None:
    with pytest.raises(InputError, match=r"^end: found .*, expected seconds"):
        seconds(time, "end")


def test_the_frames_of_a_span_are_those_shown_in_it_with_their_times(tmp_path: Path) -> None:
    make_video(tmp_path / "in.mp4", [numbered(n) for n in range(30)])
    span = Span(Fraction(1, 3), Fraction(2, 3))
    frames = list(VideoReader(tmp_path / "in.mp4", span=span))
    assert [number_of(frame.image) for frame in frames] == list(range(10, 20))
    assert [frame.time for frame in frames] == [Fraction(n, 30) for n in range(10, 20)]
    assert len(list(VideoReader(tmp_path / "in.mp4", span=WHOLE))) == 30
    assert list(VideoReader(tmp_path / "in.mp4", span=Span(Fraction(5)))) == []


@pytest.mark.parametrize(("suffix", "sound"), [(".mp4", "aac"), (".mkv", "libopus"), (".mov", "aac")])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 2), Fraction(51, 100)])
def test_sound_is_cut_like_its_pictures_and_stays_in_step(
    tmp_path: Path, suffix: str, sound: str, start: Fraction
) -> None:
    source, span = tmp_path / f"in{suffix}", Span(start, Fraction(3, 2))
    make_video(source, [bars(shift=n) for n in range(60)], sound=sound)
    with VideoWriter(tmp_path / f"out{suffix}", 64, 48, like=source, audio_from=source, span=span) as writer:
        for frame in VideoReader(source, span=span):
            writer.write(frame.image, frame.time)
    shown = [frame.time for frame in VideoReader(source, span=span)]
    exact = 0 if suffix != ".mkv" else Fraction(1, 1000)
    for ours, theirs in zip(read_video(tmp_path / f"out{suffix}"), shown, strict=True):
        assert abs(ours.time - (theirs - shown[0])) <= exact
    before, after = (sound_packets(path) for path in (source, tmp_path / f"out{suffix}"))
    for time, packet in after:
        assert any(packet == p and abs(t - shown[0] - time) <= Fraction(1, 1000) for t, p in before)
    assert 0 <= after[0][0] < 0.03 or start == 0
    assert 1.5 - shown[0] - 0.05 < after[-1][0] < 1.5 - shown[0]


def test_sound_that_is_encoded_anew_is_cut_alike(tmp_path: Path) -> None:
    source, span = tmp_path / "in.mp4", Span(Fraction(1, 2), Fraction(3, 2))
    make_video(source, [bars(shift=n) for n in range(60)], sound="aac")
    with VideoWriter(tmp_path / "out.webm", 64, 48, like=source, audio_from=source, span=span) as writer:
        for frame in VideoReader(source, span=span):
            writer.write(frame.image, frame.time)
    assert any("re-encoded" in note for note in writer.notes)
    times = [time for time, _ in sound_packets(tmp_path / "out.webm")]
    assert -0.05 < times[0] < 0.05
    assert 0.9 < times[-1] < 1.05


def test_a_span_of_uneven_times_is_written_as_avi_where_it_is_even_itself(tmp_path: Path) -> None:
    ticks = [512 * n for n in range(10)] + [512 * 10 + 200 + 512 * n for n in range(10)]
    make_video(tmp_path / "in.mp4", [numbered(n) for n in range(20)], ticks)
    with pytest.raises(InputError, match=r"holds .* frames a second only"):
        VideoWriter(tmp_path / "out.avi", 64, 48, rate=Fraction(30), like=tmp_path / "in.mp4")
    span = Span(Fraction(512 * 10 + 200, 15360))
    with VideoWriter(tmp_path / "out.avi", 64, 48, rate=Fraction(30), like=tmp_path / "in.mp4", span=span) as writer:
        for frame in VideoReader(tmp_path / "in.mp4", span=span):
            writer.write(frame.image, frame.time)
    assert [frame.time for frame in read_video(tmp_path / "out.avi")] == [Fraction(n, 30) for n in range(10)]


def clap(path: Path, sound: str, at: float, seconds: float = 2.0) -> Path:
    """Write a video in which one white frame and a click fall together."""
    with av.open(str(path), "w") as output:
        stream, tone = (
            output.add_stream("libx264", rate=30, options={"crf": "5"}),
            output.add_stream(sound, rate=48_000),
        )
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(round(30 * seconds)):
            level = 250 if number == round(30 * at) else 10
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        wave = np.zeros(round(48_000 * seconds), np.int16)
        wave[round(48_000 * at) :][:480] = 16_000
        burst = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        burst.sample_rate, burst.pts, burst.time_base = 48_000, 0, Fraction(1, 48_000)
        context = tone.codec_context
        resampler = av.AudioResampler(context.format, context.layout, 48_000, context.frame_size or 1024)
        for part in [*resampler.resample(burst), *resampler.resample(None)]:
            output.mux(tone.encode(part))
        output.mux(tone.encode(None))
    return path


def click_of(path: Path) -> float:
    """Return the time of the loudest sound of a video."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    sounds = [(frame.time, np.abs(frame.to_ndarray().astype(float)).reshape(-1), frame.sample_rate) for frame in frames]
    time, wave, rate = max(sounds, key=lambda sound: sound[1].max())
    return time + int(wave.argmax()) % frames[0].samples / rate


@pytest.mark.parametrize(
    ("source", "sound", "target"),
    [
        ("in.mp4", "aac", "out.mp4"),
        ("in.mkv", "libopus", "out.mkv"),
        ("in.mp4", "aac", "out.webm"),
        ("in.mkv", "aac", "out.mov"),
    ],
)
@pytest.mark.parametrize("start", [0, 0.3, 0.51, 0.93])
def test_a_flash_and_its_click_fall_together_wherever_a_video_is_cut(
    tmp_path: Path, source: str, sound: str, target: str, start: float
) -> None:
    video, span = clap(tmp_path / source, sound, at=1.0), Span(seconds(start, "start"), Fraction(9, 5))
    with VideoWriter(tmp_path / target, 64, 48, like=video, audio_from=video, span=span) as writer:
        for frame in VideoReader(video, span=span):
            writer.write(frame.image, frame.time)
    flash = max(read_video(tmp_path / target), key=lambda frame: frame.image.mean()).time
    before = click_of(video) - 1.0
    assert click_of(tmp_path / target) - float(flash) == pytest.approx(before, abs=0.02)
    assert float(flash) == pytest.approx(1 - math.ceil(start * 30) / 30, abs=0.002)
