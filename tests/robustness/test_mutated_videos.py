"""Videos that came to harm: refused in one line, or read with every lost frame told; no hang, nothing left behind."""

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from recyclegan.data import Clip
from recyclegan.errors import InputError
from recyclegan.settings.frames import Reading
from recyclegan.video import STRICT, VideoReader, VideoWriter, check_whole, count_frames, losses, probe
from recyclegan.video.extent import promise_of
from recyclegan.video.opening import open_video
from tests.robustness.films import FILMS, NUM_FRAMES, make_film
from tests.robustness.mutations import mutated

KEEP = Reading(damaged="keep")
FEW, MANY = 150, 10_000
SECONDS = 10
"""That a case may take."""
SECONDS_OF_A_DEADLOCK = 60
"""After which the process is ended, for a library that hangs hears no signal."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the bytes of every film by its name."""
    folder = tmp_path_factory.mktemp("films")
    return {film.name: make_film(folder, film).read_bytes() for film in FILMS}


def test_the_films_are_sound(tmp_path: Path, films: dict[str, bytes]) -> None:
    for name, data in films.items():
        (tmp_path / name).write_bytes(data)
        num_frames, notes = copied(tmp_path / name, tmp_path / "out.mp4", STRICT)
        assert (num_frames, [note for note in notes if "re-encoded" not in note and "dropped" not in note]) == (24, [])


def test_mutated_videos(tmp_path: Path, films: dict[str, bytes]) -> None:
    for seed in range(FEW):
        check_case(tmp_path, films, seed)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_mutated_videos(tmp_path: Path, films: dict[str, bytes]) -> None:
    for seed in range(FEW, FEW + MANY):
        check_case(tmp_path, films, seed)


def check_case(folder: Path, films: dict[str, bytes], seed: int) -> None:
    """Damage one film as the seed says, and copy it as a translation would, damage refused and kept."""
    name = list(films)[seed % len(films)]
    source = folder / name
    source.write_bytes(mutated(films[name], np.random.default_rng(seed)))
    refused = False
    for reading in (STRICT, KEEP):
        with told_by(f"case {seed}, {name}, {reading}"), within(SECONDS):
            try:
                num_frames, notes = copied(source, folder / "out.mp4", reading)
            except InputError as error:
                refused = True
                check_one_line(error)
            else:
                check_numbers(source, folder / "out.mp4", reading, num_frames, notes)
                assert not refused or any("damaged" in note for note in notes), "kept without a word"
        (folder / "out.mp4").unlink(missing_ok=True)
        assert [path.name for path in folder.iterdir()] == [name], f"case {seed} leaves something"
    source.unlink()


def check_one_line(error: InputError) -> None:
    """See that an error says what it has to say on one line."""
    assert "\n" not in str(error)


def copied(source: Path, target: Path, reading: Reading) -> tuple[int, list[str]]:
    """Copy a video as a translation does; return the number of frames and the notes."""
    info = probe(source)
    check_whole(source, reading)
    reader, num_frames = VideoReader(source, reading), 0
    writer = VideoWriter(target, info.width, info.height, like=source, audio_from=source, damaged=reading.damaged)
    with writer:
        for num_frames, frame in enumerate(reader, start=1):  # noqa: B007
            writer.write(frame.image, frame.time)
    return num_frames, [*losses(source), *reader.notes, *writer.notes]


def check_numbers(source: Path, target: Path, reading: Reading, num_frames: int, notes: list[str]) -> None:
    """Compare the number of frames with what is counted, written, told, and promised by the source itself."""
    counted = (count_frames(source, reading), Clip("clip", "video", (source,), reading).num_frames)
    assert counted == (num_frames, num_frames)
    assert count_frames(target) == num_frames
    with open_video(source) as (container, stream):
        promise = promise_of(container, stream)
    promised = promise.num_frames if promise.is_exact else None
    assert notes or promised is None or num_frames >= promised, f"{num_frames} of {promised} frames, and not a word"
    assert not any("kept" in note for note in notes) or any(f"kept {num_frames}" in note for note in notes)
    assert num_frames <= 10 * NUM_FRAMES


class Hang(BaseException):
    """A case took too long; no part of the package catches that."""


@contextmanager
def told_by(what: str) -> Iterator[None]:
    """Name the case in whatever error comes out of it."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__}: {error}") from error


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise ``Hang`` after some seconds, and end the process should nobody hear that."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang(f"took longer than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(SECONDS_OF_A_DEADLOCK, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
