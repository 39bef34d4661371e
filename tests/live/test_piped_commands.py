"""``translate`` and ``live`` from pipe to pipe: frames in, frames out and nothing else, errors in one line."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from recyclegan import cli
from recyclegan.checkpoint import save_translator
from recyclegan.networks import make_generator
from recyclegan.streams import FrameFormat, FramePipeReader
from recyclegan.video import probe, read_video
from tests.media import make_video, number_of, numbered
from tests.small import PALETTE, picture, small_card
from tests.streams.pipes import ffmpeg_frames, ffmpeg_y4m, reading, standard_pipes


@dataclass
class Told:
    code: int
    out: Path
    err: str


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "ab.safetensors"
    card = small_card(size=(64, 96))
    save_translator(path, make_generator(card.generator, 3, 3, card.width, card.norm), card)
    return path


@pytest.fixture
def piped(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Return what runs a command on the file ``source`` as standard input."""

    def run(source: Path, command: str, *words: object, model: Path = model) -> Told:
        capsys.readouterr()
        with standard_pipes(source, tmp_path / "stdout"):
            code = cli.main([command, str(model), *map(str, words), "--engine", "torch", "--precision", "32"])
        said = capsys.readouterr()
        assert said.out == "" or words[1] != "-"
        return Told(code, tmp_path / "stdout", said.err)

    return run


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ffmpeg_y4m(tmp_path_factory.mktemp("film") / "in.y4m", [numbered(n, 48, 64) for n in range(7)], rate=10)


@pytest.mark.parametrize("command", ["translate", "live"])
def test_frames_go_through_and_nothing_else(command: str, piped: Callable[..., Told], film: Path) -> None:
    """FFmpeg reads as many frames as it sent; at strength 0 they are the very ones, at 1 they are others."""
    untouched = piped(film, command, "-", "-", "--strength", "0")
    assert untouched.code == 0
    assert [number_of(frame) for frame in ffmpeg_frames(untouched.out)] == [*range(7)]
    with reading(untouched.out) as pipe:
        assert FramePipeReader(pipe).format == FrameFormat(48, 64, Fraction(10), "yuv420p")
    translated = piped(film, command, "-", "-")
    frames = ffmpeg_frames(translated.out)
    assert len(frames) == 7
    assert max(float(frame.std()) for frame in frames) > 3
    assert "Traceback" not in translated.err


@pytest.mark.parametrize("command", ["translate", "live"])
def test_raw_frames_go_through_exactly(command: str, piped: Callable[..., Told], tmp_path: Path) -> None:
    frames = np.stack([picture(number, 37, 55) for number in range(3)])
    (tmp_path / "in.raw").write_bytes(frames.tobytes())
    options = ["--size", "55x37", "--rate", "10", "--pixel-format", "rgb24", "--pipe-format", "rgb24"]
    told = piped(tmp_path / "in.raw", command, "-", "-", *options, "--strength", "0")
    assert (told.code, told.out.read_bytes()) == (0, frames.tobytes())


def test_a_video_becomes_a_pipe_and_a_pipe_becomes_a_video(
    piped: Callable[..., Told], film: Path, tmp_path: Path
) -> None:
    told = piped(film, "translate", "-", tmp_path / "out.mp4", "--strength", "0")
    assert (told.code, told.out.read_bytes()) == (0, b"")
    assert (probe(tmp_path / "out.mp4").rate, probe(tmp_path / "out.mp4").num_frames) == (10, 7)
    told = piped(film, "translate", tmp_path / "out.mp4", "-", "--strength", "0", "--start", "0.2", "--end", "0.5")
    assert [number_of(frame) for frame in ffmpeg_frames(told.out)] == [2, 3, 4]
    assert "-: written (3 frames" in told.err


def test_a_stretch_of_a_pipe_is_cut_and_made_smaller(piped: Callable[..., Told], film: Path, tmp_path: Path) -> None:
    options = ["--strength", "0", "--start", "0.3", "--end", "0.6", "--max-side", "32", "--side-by-side"]
    told = piped(film, "translate", "-", tmp_path / "out.mkv", *options)
    assert told.code == 0
    frames = [*read_video(tmp_path / "out.mkv")]
    assert [number_of(frame.image) for frame in frames] == [3, 4, 5]
    assert [float(frame.time) for frame in frames] == [0, 0.1, 0.2]
    assert frames[0].image.shape == (12, 32, 3)


def test_a_video_of_uneven_times_keeps_them_in_a_pipe(piped: Callable[..., Told], film: Path, tmp_path: Path) -> None:
    ticks = [0, 1536, 3072, 3500, 7680]
    make_video(tmp_path / "in.mp4", [numbered(n) for n in range(5)], ticks, options={})
    told = piped(film, "translate", tmp_path / "in.mp4", "-", "--strength", "0")
    rate = probe(tmp_path / "in.mp4").rate
    found = [number_of(frame) for frame in ffmpeg_frames(told.out)]
    assert abs(len(found) - (0.5 * rate + 1)) <= 1
    assert found == sorted(found)
    assert "to keep times" in told.err


def test_what_is_cut_off_leaves_no_file(piped: Callable[..., Told], film: Path, tmp_path: Path) -> None:
    (tmp_path / "in.y4m").write_bytes(film.read_bytes()[:-9])
    told = piped(tmp_path / "in.y4m", "translate", "-", tmp_path / "out.mp4")
    assert told.code == 2
    assert told.err.count("\n") == 1
    assert "-: it ends in the middle of frame 7" in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["in.y4m", "stdout"] or not (tmp_path / "out.mp4").exists()
    kept = piped(tmp_path / "in.y4m", "translate", "-", tmp_path / "out.mp4", "--damaged", "keep")
    assert kept.code == 0
    assert probe(tmp_path / "out.mp4").num_frames == 6
    live = piped(tmp_path / "in.y4m", "live", "-", "-")
    assert (live.code, len(ffmpeg_frames(live.out))) == (0, 6)
    assert "note: -: it ends in the middle of frame 7; kept the 6 frames before it" in live.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["translate", "-", "out.png"], "out.png: a pipe becomes a video, numbered images"),
        (["translate", "-", "out", "--frames"], "out: a pipe becomes a video, numbered images"),
        (["translate", "-", "in.mp4", "out"], "-: is one input, or the output of one"),
        (["translate", "missing.mp4", "-"], "missing.mp4: no such file"),
        (["translate", "-", "-", "--start", "99"], "-: has no frame from 99 s"),
        (["translate", "-", "-", "--size", "big"], "size: found 'big', expected width and height, such as 256x128"),
        (["live", "-", "out.mp4"], "out.mp4: shows nothing; expected -,"),
        (["live", "missing.mp4", "-"], "missing.mp4: no such file"),
        (["live", "-", "-", "--strength", "2"], "strength"),
    ],
)
def test_mistakes_are_told_in_one_line(words: list[str], said: str, piped: Callable[..., Told], film: Path) -> None:
    told = piped(film, words[0], *words[1:])
    assert told.code == 2
    assert told.err.count("\n") == 1
    assert said in told.err
    assert told.out.read_bytes() == b""


def test_an_output_that_is_there_is_not_written_over(piped: Callable[..., Told], film: Path, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_text("mine")
    assert "is there already" in piped(film, "translate", "-", tmp_path / "out.mp4").err
    assert piped(film, "translate", "-", tmp_path / "out.mp4", "--existing", "skip").code == 0
    assert (tmp_path / "out.mp4").read_text() == "mine"


def test_what_blurs_a_palette_is_told(piped: Callable[..., Told], film: Path, tmp_path: Path) -> None:
    card = small_card(size=(64, 96), palette=PALETTE)
    save_translator(tmp_path / "labels.safetensors", make_generator(card.generator, 3, 3, card.width, card.norm), card)
    blurred = piped(film, "translate", "-", "-", model=tmp_path / "labels.safetensors")
    assert "note: -: y4m blurs the palette of label maps; --pipe-format rgb24 is exact" in blurred.err
    exact = piped(film, "translate", "-", "-", "--pipe-format", "rgb24", model=tmp_path / "labels.safetensors")
    assert "blurs" not in exact.err
    found = np.frombuffer(exact.out.read_bytes(), np.uint8).reshape(-1, 3)
    assert {tuple(colour) for colour in np.unique(found, axis=0).tolist()} <= set(PALETTE)


SEND = """
import itertools, sys, time
head = b"YUV4MPEG2 W64 H48 F25:1 C444\\n"
sys.stdout.buffer.write(head)
for number in itertools.count():
    sys.stdout.buffer.write(b"FRAME\\n" + bytes([number % 200]) * (64 * 48 * 3))
    sys.stdout.buffer.flush()
    time.sleep(0.02)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("command", "code"), [("live", 0), ("translate", 141)])
def test_it_ends_when_nobody_reads_any_more(command: str, code: int, model: Path) -> None:
    words = [sys.executable, "-m", "recyclegan", command, str(model), "-", "-", "--engine", "torch"]
    with subprocess.Popen([sys.executable, "-c", SEND], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as sender:
        with subprocess.Popen(words, stdin=sender.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ours:
            assert ours.stdout is not None
            assert ours.stdout.read(20_000).startswith(b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg")
            ours.stdout.close()
            assert ours.wait(60) == code
            assert ours.stderr is not None
            assert b"Traceback" not in ours.stderr.read()
        sender.kill()


@pytest.mark.slow
@pytest.mark.parametrize(("command", "code"), [("live", 0), ("translate", 130)])
def test_an_interruption_ends_it_although_no_frame_comes(command: str, code: int, model: Path, tmp_path: Path) -> None:
    options = ["--engine", "torch"] + (["--batch-size", "1"] if command == "translate" else [])
    words = [sys.executable, "-m", "recyclegan", command, str(model), "-", "-", *options]
    there, sender = os.pipe()
    os.write(sender, b"YUV4MPEG2 W64 H48 F25:1 Cmono\n" + 6 * (b"FRAME\n" + bytes(64 * 48)))
    with (
        (tmp_path / "out").open("wb") as out,
        subprocess.Popen(words[: -2 if command == "live" else None], stdin=there, stdout=out) as ours,
    ):
        while (tmp_path / "out").stat().st_size < 5000 and ours.poll() is None:
            time.sleep(0.1)
        ours.send_signal(signal.SIGINT)
        assert ours.wait(60) == code
    os.close(there)
    os.close(sender)
