"""A live translation: who waits for whom, how old what is shown may be, and how it ends; by a false clock."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.live import Controls, Live
from recyclegan.live.meter import Figures
from recyclegan.live.session import TELL_EVERY
from recyclegan.live.sinks import Closed, FreshSink, PipeSink
from recyclegan.live.sources import PlayedSource
from recyclegan.streams import EvenWriter
from recyclegan.video import VideoFrame
from tests.live.stages import Camera, FakeClock, Numbers, Viewer, translator
from tests.media import make_video, number_of, numbered


def quiet(_: str) -> None: ...


@pytest.mark.parametrize("late", ["auto", "wait"])
def test_from_pipe_to_pipe_every_frame_is_translated_in_its_turn(late: str) -> None:
    viewer, messages = Viewer(), list[str]()
    live = Live(translator(), Numbers(40), viewer, late=late, scale="trained", tell=messages.append)
    assert live.run() == ["a note of the source", "a note of the sink"]
    assert viewer.numbers == [*range(40)]
    assert viewer.times == [Fraction(number, 10) for number in range(40)]
    assert "translating at 96x64" in messages[0]
    assert messages[-1].startswith("40 frames, ")


@pytest.mark.parametrize("slowness", [2, 5])
def test_what_is_shown_is_never_old_although_frames_come_faster_than_they_are_translated(slowness: int) -> None:
    """Translating a frame takes as long as so many frames take to come; the delay stays within that and one more."""
    clock = FakeClock()
    camera, viewer = Camera(300, clock), Viewer()
    live = Live(
        translator(lambda: camera.pass_time(slowness / 10)), camera, viewer, scale="trained", tell=quiet, now=clock
    )
    live.run()
    shown = [round(time * 10) for time in viewer.times]
    assert len(shown) > 30
    assert {later - earlier for earlier, later in pairwise(shown[:-1])} == {slowness}
    assert live.meter.longest_delay <= (slowness + 1) / 10 + 1e-9
    assert viewer.figures[-1].num_dropped > 20
    assert abs(viewer.figures[-2].rate - 10 / slowness) < 0.1


def test_what_came_while_the_size_was_chosen_is_forgotten() -> None:
    clock = FakeClock()
    camera = Camera(25, clock)
    viewer = Viewer(idle=lambda: camera.pass_time(0.05))
    live = Live(translator(lambda: camera.pass_time(0.05)), camera, viewer, scale="trained", tell=quiet, now=clock)
    live.run()
    assert float(viewer.times[0]) > 0.1
    assert viewer.figures[1].num_dropped == 0


def test_a_viewer_that_wants_the_newest_gets_it_from_a_pipe_too() -> None:
    for late, newest, expected in (("auto", True, True), ("wait", True, False), ("drop", False, True)):
        live = Live(translator(), Numbers(3), Viewer(newest=newest), late=late, tell=quiet)
        assert live._newest == expected


def test_a_pipe_keeps_its_rate_although_frames_are_dropped() -> None:
    clock, shown = FakeClock(), list[int]()
    camera = Camera(200, clock)
    sink = PipeSink(EvenWriter(lambda image, times: shown.extend([number_of(255 - image)] * times), camera.rate))
    Live(translator(lambda: camera.pass_time(0.3)), camera, sink, scale="trained", tell=quiet, now=clock).run()
    first = shown[0]
    assert len(shown) > 100
    assert all((number - first - tick) % 50 in (0, 49, 48) for tick, number in enumerate(shown))


def test_a_pipe_that_is_read_slowly_holds_no_old_frames() -> None:
    """Each frame takes its reader as long as three take to come: of ten seconds, two thirds are left out."""
    clock, shown = FakeClock(), list[int]()
    camera = Camera(100, clock)

    def read(_: Image, times: int) -> None:
        shown.append(times)
        camera.pass_time(0.3 * times)

    live = Live(translator(), camera, PipeSink(EvenWriter(read, camera.rate)), scale="trained", tell=quiet, now=clock)
    notes = live.run()
    assert set(shown) == {1}
    assert len(shown) > 30
    assert live.meter.longest_delay <= 0.4 + 1e-9
    assert notes[-1].startswith("-: it was read more slowly than 10 frames/s; of its time 6.")


def test_a_pipe_that_is_read_for_a_moment_late_goes_on_evenly() -> None:
    clock, times = FakeClock(), list[Fraction]()
    slow = {3: 1.0}

    class Reader(Viewer):
        def show(self, image: Image, time: Fraction, figures: Figures) -> None:
            times.append(time)
            clock.wait(slow.get(len(times), 0.0))

    sink = FreshSink(Reader(), Fraction(10), clock)
    for number in range(8):
        sink.show(numbered(number), Fraction(number, 10), Figures(0, 0, 0, (1, 1)))
    assert times == [Fraction(number, 10) for number in range(8)]


@pytest.mark.parametrize("end", [Closed, KeyboardInterrupt])
def test_a_viewer_that_closes_and_an_interruption_end_it_well(end: type[BaseException]) -> None:
    def look() -> None:
        if len(viewer.numbers) == 3:
            raise end

    viewer, source, messages = Viewer(look), Numbers(10**6), list[str]()
    assert Live(translator(), source, viewer, tell=messages.append).run()
    assert viewer.numbers == [0, 1, 2]
    assert source.is_stopped
    assert messages[-1].startswith("2 frames")


def test_an_interruption_before_the_first_frame_is_one() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    clock = FakeClock()
    clock.seconds = -1.0
    camera = Camera(5, clock)
    with pytest.raises(KeyboardInterrupt):
        Live(translator(), camera, Viewer(idle=interrupt), tell=quiet, now=clock).run()
    assert camera._is_stopped


def test_what_a_source_refuses_is_raised_behind_its_last_frame() -> None:
    class Torn(Numbers):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield from super().__iter__()
            raise InputError("-: torn")

    viewer = Viewer()
    with pytest.raises(InputError, match="torn"):
        Live(translator(), Torn(4), viewer, tell=quiet).run()
    assert viewer.numbers == [0, 1, 2, 3]


def test_a_source_of_nothing_is_no_fault() -> None:
    viewer = Viewer()
    Live(translator(), Numbers(0), viewer, tell=quiet).run()
    assert viewer.numbers == []


def test_the_strength_may_change_while_it_goes_on() -> None:
    controls = Controls(0.0)

    def look() -> None:
        controls.strength = {1: 1.0, 2: 0.5}.get(len(viewer.numbers), 0.0)

    viewer = Viewer(look)
    Live(translator(), Numbers([10] * 4), viewer, controls, tell=quiet).run()
    grey = 5 * 10 + 3
    levels = [255 - (5 * number + 3) for number in viewer.numbers]
    wanted = [grey, 255 - grey, 127.5, grey]
    assert all(abs(level - expected) < 4 for level, expected in zip(levels, wanted, strict=True))


def test_figures_are_told_every_few_seconds() -> None:
    clock, messages = FakeClock(), list[str]()
    viewer = Viewer(lambda: clock.wait(1.0))
    Live(translator(), Numbers(40), viewer, late="wait", tell=messages.append, now=clock).run()
    assert len([line for line in messages if " ms behind, translated at" in line]) == 40 // TELL_EVERY


@pytest.mark.parametrize(("scale", "size"), [("trained", (64, 85)), ("auto", (64, 85)), ("native", (48, 64))])
def test_frames_are_translated_at_the_scale_that_is_asked_for(scale: str, size: tuple[int, int]) -> None:
    ours = translator()
    Live(ours, Numbers(2, size=(48, 64)), Viewer(), scale=scale, tell=quiet).run()
    assert set(ours.generator.sizes) == {size}


@pytest.mark.parametrize(("scale", "last"), [("auto", (68, 100)), ("trained", (96, 144))])
def test_a_machine_that_slows_down_gets_a_smaller_size(scale: str, last: tuple[int, int]) -> None:
    """Frames of the whole size take 0.07 s of the 0.1 s between two, from the 50th on twice as long."""
    clock, messages = FakeClock(), list[str]()
    viewer = Viewer()

    def work() -> None:
        height, width = ours.generator.size
        clock.wait((0.14 if len(viewer.numbers) > 50 else 0.07) * height * width / (96 * 144))

    ours = translator(work, (96, 144))
    Live(ours, Numbers([1] * 200), viewer, scale=scale, tell=messages.append, now=clock).run()
    assert ours.generator.sizes[0] == (96, 144)
    assert ours.generator.sizes[-1] == last
    told = [line for line in messages if "too slow; going on at" in line]
    assert bool(told) == (scale == "auto")
    assert not told or told[-1].endswith("going on at 100x68 (--scale trained)")


def played(film: Path, clock: FakeClock) -> PlayedSource:
    source = PlayedSource(film, clock, clock.wait)
    source.play()
    return source


def test_a_video_is_played_at_its_own_pace(tmp_path: Path) -> None:
    film = make_video(tmp_path / "in.mp4", [numbered(n) for n in range(6)])
    clock, came = FakeClock(), list[float]()
    for frame in played(film, clock):
        came.append(clock())
        assert abs(float(frame.time) - clock()) < 1e-3
    assert len(came) == 6
    clock.wait(-came[-1])
    late = [clock.wait(0.5) or clock() for _ in played(film, clock)]
    assert late[-1] - late[0] == pytest.approx(0.5 * 5)


def begun(folder: Path, clock: FakeClock) -> tuple[PlayedSource, Iterator[VideoFrame]]:
    """Return a video whose first frame of six has come, and the frames behind it."""
    film = make_video(folder / "in.mp4", [numbered(n) for n in range(6)])
    source = PlayedSource(film, clock, clock.wait)
    frames = iter(source)
    next(frames)
    return source, frames


def test_a_video_that_is_played_can_be_stopped(tmp_path: Path) -> None:
    source, frames = begun(tmp_path, FakeClock())
    source.stop()
    assert list(frames) == []


def test_a_video_goes_on_behind_its_first_frame_once_it_is_played(tmp_path: Path) -> None:
    clock = FakeClock()
    source, frames = begun(tmp_path, clock)
    clock.wait(10.0)
    source.play()
    assert [clock() - float(frame.time) for frame in frames] == pytest.approx([10.0] * 5, abs=1e-3)


def test_a_video_is_played_once_engine_and_size_are_chosen() -> None:
    class Played(Numbers):
        def play(self) -> None:
            messages.append("played")

    messages: list[str] = []
    Live(translator(), Played(3), Viewer(), tell=messages.append).run()
    assert "translating at" in messages[0]
    assert messages[1] == "played"
