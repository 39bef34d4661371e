"""What is made ahead comes in order, errors come in their turn, and no thread outlives its reader."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recyclegan.video import VideoReader, VideoWriter, probe
from recyclegan.video.reading import made_ahead
from tests.threads import begun_since, running
from tests.video.films import encode, scene


class StopNowError(BaseException):
    """Comes from outside, as a signal does."""


def failing(number: int) -> Iterator[int]:
    yield from range(number)
    raise KeyError(number)


@pytest.mark.parametrize("depth", [1, 4, 100])
def test_items_come_in_order(depth: int) -> None:
    assert list(made_ahead(range(50), depth)) == [*range(50)]
    assert list(made_ahead([], depth)) == []


@pytest.mark.parametrize("number", [0, 1, 9])
def test_an_error_comes_after_what_was_made_before_it(number: int) -> None:
    seen: list[int] = []
    with pytest.raises(KeyError):
        collect(failing(number), seen)
    assert seen == [*range(number)]


def collect(items: Iterator[int], into: list[int]) -> None:
    for item in made_ahead(items):
        into.append(item)


def test_no_thread_outlives_a_reader_that_stops_early(tmp_path: Path) -> None:
    source = encode(tmp_path / "in.mp4", scene(30))
    before = running()
    frames = iter(VideoReader(source))
    next(frames)
    assert len(begun_since(before)) == 1
    frames.close()
    assert not begun_since(before)


def copy_until_a_signal(source: Path, target: Path) -> None:
    info = probe(source)
    with VideoWriter(target, info.width, info.height, like=source, audio_from=source) as writer:
        for number, frame in enumerate(VideoReader(source)):
            writer.write(frame.image, frame.time)
            if number == 12:
                raise StopNowError


def test_a_signal_while_a_video_is_decoded_and_written_leaves_nothing(tmp_path: Path) -> None:
    source, before = encode(tmp_path / "in.mp4", scene(30)), running()
    with pytest.raises(StopNowError):
        copy_until_a_signal(source, tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    assert not begun_since(before)


def test_a_signal_ends_it_although_the_next_item_never_comes() -> None:
    """As at a pipe that nobody writes to: the thread is waited for after it was told to stop, not before."""

    def interrupted(*_: object) -> None:
        raise StopNowError

    wanted = threading.Event()
    before = signal.signal(signal.SIGUSR1, interrupted)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    try:
        with pytest.raises(StopNowError):
            next(made_ahead((wanted.wait(20) for _ in range(1)), stop=wanted.set))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert wanted.is_set()
