"""Times as people write them, and stretches of videos that keep pictures and sound in step."""

from fractions import Fraction
from pathlib import Path

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
