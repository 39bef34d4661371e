"""The pipeline: all stages at once, in order, in bounded memory; whatever fails ends all, and leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import save_translator
from recyclegan.engines.batches import GrowingBatch
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.translation import Output, Translator
from recyclegan.translation.account import Account
from recyclegan.video import VideoFrame, VideoReader, VideoWriter, read_video, write_video
from tests.media import numbered
from tests.small import picture, small_card
from tests.threads import begun_since, running

STAGE = 0.05
"""Seconds that each stage takes for a frame, so long that all else does not count."""


class Slow(nn.Module):
    def forward(self, frames: Tensor) -> Tensor:
        time.sleep(STAGE * len(frames))
        return -frames


def translator(network: nn.Module, batch_size: Any = 1) -> Translator:
    return Translator(network, small_card(), "cpu", scale="native", batch_size=batch_size)


def film(path: Path, num_frames: int = 20) -> Path:
    write_video(path, [numbered(number % 50) for number in range(num_frames)], rate=10)
    return path


def slow_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let decoding and encoding take as long as translating."""
    read, write = VideoReader.__iter__, VideoWriter.write

    def reading(self: VideoReader) -> Iterator[VideoFrame]:
        with closing(read(self)) as frames:
            for frame in frames:
                time.sleep(STAGE)
                yield frame

    def writing(self: VideoWriter, image: Any, when: Fraction | None = None) -> None:
        time.sleep(STAGE)
        write(self, image, when)

    monkeypatch.setattr(VideoReader, "__iter__", reading)
    monkeypatch.setattr(VideoWriter, "write", writing)


def test_decoding_translating_and_encoding_overlap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = film(tmp_path / "in.mp4")
    slow_ends(monkeypatch)
    start = time.monotonic()
    translator(Slow()).translate_video(source, tmp_path / "out.mp4")
    in_turn, at_once = 3 * 20 * STAGE, 20 * STAGE
    assert time.monotonic() - start < (in_turn + at_once) / 2


@pytest.mark.parametrize("batch_size", [1, 3, "auto"])
def test_order_times_and_pictures_are_kept(tmp_path: Path, batch_size: Any) -> None:
    times = [Fraction(number * number + number, 30) for number in range(25)]
    images = [picture(number) for number in range(25)]
    with VideoWriter(tmp_path / "in.mkv", 54, 36, rate=Fraction(30), codec="ffv1") as writer:
        for image, when in zip(images, times, strict=True):
            writer.write(image, when)
    stated = [frame.time for frame in read_video(tmp_path / "in.mkv")]

    class Inverted(nn.Module):
        def forward(self, frames: Tensor) -> Tensor:
            return -frames

    translator(Inverted(), batch_size).translate_video(tmp_path / "in.mkv", tmp_path / "out.mkv", Output(codec="ffv1"))
    for frame, image, when in zip(read_video(tmp_path / "out.mkv"), images, stated, strict=True):
        np.testing.assert_array_equal(frame.image, 255 - image)
        assert frame.time == when


class Stop(BaseException):
    """Comes from outside, as a signal does."""


def fail_in(stage: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    """Let a stage fail at the sixth frame, and return the network to translate with."""
    seen = 0
    read, write = VideoReader.__iter__, VideoWriter.write

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == 6:
            raise error

    def reading(self: VideoReader) -> Iterator[VideoFrame]:
        with closing(read(self)) as frames:
            for frame in frames:
                count()
                yield frame

    def writing(self: VideoWriter, image: Any, when: Fraction | None = None) -> None:
        count()
        write(self, image, when)

    class Network(nn.Module):
        def forward(self, frames: Tensor) -> Tensor:
            if stage == "translate":
                count()
            return -frames

    if stage == "decode":
        monkeypatch.setattr(VideoReader, "__iter__", reading)
    if stage == "encode":
        monkeypatch.setattr(VideoWriter, "write", writing)
    return Network()


@pytest.mark.parametrize("stage", ["decode", "translate", "encode"])
@pytest.mark.parametrize(
    "error", [InputError("a thing: is wrong"), OSError(28, "No space left"), MemoryError(), Stop()]
)
def test_an_error_in_any_stage_ends_all_and_leaves_nothing(
    tmp_path: Path, stage: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, before = film(tmp_path / "in.mp4"), running()
    network = fail_in(stage, error, monkeypatch)
    with pytest.raises(InputError if isinstance(error, OSError) else type(error)) as caught:
        translator(network).translate_video(source, tmp_path / "out.mp4")
    assert error in (caught.value, caught.value.__cause__)
    assert not begun_since(before)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_an_interrupt_ends_all_with_one_line(tmp_path: Path) -> None:
    save_translator(tmp_path / "ab.safetensors", make_generator("resnet-6", width=4), small_card(size=(256, 256)))
    words = ["translate", tmp_path / "ab.safetensors", film(tmp_path / "in.mp4", 49), tmp_path / "out.mp4"]
    command = [sys.executable, "-m", "recyclegan", *map(str, words), "--device", "cpu", "--engine", "torch"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background may ignore it
    )
    while process.poll() is None and not (tmp_path / ".out.mp4.partial").exists():
        time.sleep(0.02)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert errors.splitlines()[-1] == "recyclegan: interrupted"
    assert {path.name for path in tmp_path.iterdir()} == {"ab.safetensors", "in.mp4"}


def test_a_batch_grows_as_long_as_that_pays() -> None:
    growing = GrowingBatch(1, 64)
    seconds = {1: 1.0, 2: 1.2, 4: 1.5, 8: 3.1, 16: 7.0}
    tried = []
    for _ in range(20):
        tried.append(growing.size)
        growing.took(growing.size, seconds[growing.size])
    assert tried[:9] == [1, 1, 2, 2, 4, 4, 8, 8, 4]
    assert set(tried[8:]) == {4}


def test_a_batch_grows_no_larger_than_asked_and_than_memory_holds() -> None:
    growing, bounded = GrowingBatch(1, 4), GrowingBatch(1, 64, lambda: bounded.size < 8)
    for _ in range(30):
        growing.took(growing.size, 1.0)
        bounded.took(bounded.size, 1.0)
    assert (growing.size, bounded.size) == (4, 8)


def test_batches_of_another_size_say_nothing() -> None:
    growing = GrowingBatch(2, 64)
    for _ in range(9):
        growing.took(1, 0.001)
    assert growing.size == 2


def test_few_frames_are_not_measured_on(tmp_path: Path) -> None:
    for count, sizes in ((59, {3, 4}), (90, {*range(1, 9)})):
        seen = set[int]()

        class Watched(nn.Module):
            def forward(self, frames: Tensor, seen: set[int] = seen) -> Tensor:
                seen.add(len(frames))
                return -frames

        translator(Watched(), "auto").translate_video(
            film(tmp_path / f"{count}.mp4", count), tmp_path / f"o{count}.mp4"
        )
        assert seen <= sizes
        assert (1 in seen) == (count == 90)


def test_the_account_tells_frames_pace_and_how_busy_the_device_was(tmp_path: Path) -> None:
    one = translator(Slow())
    one.translate_video(film(tmp_path / "in.mp4"), tmp_path / "out.mp4")
    assert one.computing.account.frames == 20
    assert 0.7 * one.computing.account.seconds < one.computing.account.busy <= one.computing.account.seconds
    assert Account().line("cpu") == ""
    messages = Account(frames=300, seconds=10, busy=9.7, choices=["engine winograd"]).line("cuda")
    assert messages == "300 frames, 30 a second, cuda busy 97 %, engine winograd"


MEMORY = """
import resource, sys, torch
from recyclegan.translation import Translator
from tests.small import small_card
translator = Translator(torch.nn.Identity(), small_card(), "cpu", scale="native", batch_size=4)
translator.translate_video(sys.argv[1], sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_a_long_video_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for seconds in (2, 15):
        source = tmp_path / f"{seconds}.mp4"
        images = (
            np.roll(numbered(number % 50), number, axis=1).repeat(2, 0).repeat(2, 1) for number in range(seconds * 10)
        )
        write_video(source, images, rate=10)
        command = [sys.executable, "-c", MEMORY, str(source), str(tmp_path / f"out-{seconds}.mp4")]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.1 * peaks[0]


def test_inference_in_the_pipeline_keeps_no_graph(tmp_path: Path) -> None:
    network = nn.Conv2d(3, 3, 1)
    translator(network).translate_video(film(tmp_path / "in.mp4", 3), tmp_path / "out.mp4")
    assert network.weight.grad is None
    assert not torch.is_inference(network.weight)


def test_a_thread_that_another_test_left_may_end_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending = threading.Event()
    left = threading.Thread(target=ending.wait)
    left.start()

    def translate_and_end() -> None:
        ending.set()
        left.join()
        raise Stop

    network = fail_in("translate", Stop(), monkeypatch)
    source, before = film(tmp_path / "in.mp4"), running()
    with pytest.raises(Stop):
        translator(network).translate_video(source, tmp_path / "out.mp4", None, lambda *_: translate_and_end())
    assert not begun_since(before)
