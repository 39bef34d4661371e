"""A folder is looked through before the first of it is translated; memory is bounded; one writer at a time."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from recyclegan.checkpoint import save_translator
from recyclegan.engines.batches import MOST_PIXELS, batches
from recyclegan.files import added_to, whole_file
from recyclegan.networks import make_generator
from recyclegan.translation import Output, Translator
from recyclegan.translation.plan import named_twice
from recyclegan.video import write_image, write_video
from tests.media import numbered
from tests.refusals import message_of
from tests.small import make_frames, picture, small_card


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, frames: Tensor) -> Tensor:
        self.sizes.append(len(frames))
        return frames


def translator(batch_size: int = 4, **card: Any) -> Translator:
    return Translator(Counting(), small_card(**card), "cpu", scale="native", batch_size=batch_size)


def film(path: Path, frames: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, [numbered(n) for n in range(frames)], rate=10)
    return path


def refused_before_work(tmp_path: Path, output: Output) -> str:
    """Return why a folder was refused, after seeing that nothing was translated or written."""
    make_frames(tmp_path / "in" / "frames", 3)
    counted = translator()
    message = message_of(counted.translate_folder, tmp_path / "in", tmp_path / "out", output)
    assert counted.generator.sizes == []
    assert not (tmp_path / "out").exists()
    return message


def test_videos_that_would_become_one_folder_of_frames_are_refused_before_work(tmp_path: Path) -> None:
    for name in ("a.mp4", "a.mkv"):
        film(tmp_path / "in" / name)
    message = refused_before_work(tmp_path, Output(frames=True))
    assert "in/a.mkv and" in message
    assert "in/a.mp4: would both become" in message
    assert "out/a; rename one" in message


def test_a_video_and_frames_that_would_become_one_folder_are_refused_before_work(tmp_path: Path) -> None:
    film(tmp_path / "in" / "a.mp4")
    make_frames(tmp_path / "in" / "a", 2)
    assert "would both become" in refused_before_work(tmp_path, Output(frames=True))


@pytest.mark.parametrize(
    "output", [Output(codec="nonsense"), Output(crf=99), Output(codec="aac"), Output(codec="libx265", crf=-1)], ids=str
)
def test_what_no_video_can_be_written_with_is_refused_before_work(tmp_path: Path, output: Output) -> None:
    film(tmp_path / "in" / "z.mp4")
    refused_before_work(tmp_path, output)


@pytest.mark.parametrize("frames", [False, True])
def test_a_file_that_is_no_video_is_refused_before_work(tmp_path: Path, frames: bool) -> None:
    film(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "z.mp4").write_bytes(b"nothing")
    assert "z.mp4" in refused_before_work(tmp_path, Output(frames=frames))


def test_an_output_of_another_kind_is_refused_before_work(tmp_path: Path) -> None:
    film(tmp_path / "in" / "a.mp4")
    make_frames(tmp_path / "in" / "frames", 2)
    (tmp_path / "out" / "a.mp4").mkdir(parents=True)
    counted = translator()
    message = message_of(counted.translate_folder, tmp_path / "in", tmp_path / "out", Output(existing="replace"))
    assert "a.mp4: is a folder; name a file to write" in message
    assert counted.generator.sizes == []
    (tmp_path / "file").write_text("mine")
    assert "file: is a file; name a folder to write" in message_of(
        counted.translate_folder, tmp_path / "in", tmp_path / "file"
    )


@pytest.mark.parametrize("name", ["out.mp4", "out.PNG", "deep/out.webm"])
def test_a_folder_does_not_become_a_folder_with_the_name_of_a_file(tmp_path: Path, name: str) -> None:
    make_frames(tmp_path / "in", 2)
    message = message_of(translator().translate_path, tmp_path / "in", tmp_path / name)
    assert "is the name of a file, and" in message
    assert {path.name for path in tmp_path.iterdir()} == {"in"}
    (tmp_path / name).mkdir(parents=True)
    assert translator().translate_path(tmp_path / "in", tmp_path / name) == []


def test_an_output_that_is_skipped_is_told(tmp_path: Path) -> None:
    film(tmp_path / "in.mp4")
    (tmp_path / "out.mp4").write_bytes(b"older")
    notes = translator().translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4", Output(existing="skip"))
    assert notes == [f"{tmp_path / 'out.mp4'}: is there already, and is left as it is"]


def test_frames_of_a_video_go_beside_folders_that_are_made_for_others(tmp_path: Path) -> None:
    film(tmp_path / "in" / "a.mp4")
    make_frames(tmp_path / "in" / "a" / "deep", 2)
    translator().translate_folder(tmp_path / "in", tmp_path / "out", Output(frames=True))
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")}
    assert found == {"a/000000.png", "a/000001.png", "a/000002.png", "a/deep/frame_000.png", "a/deep/frame_001.png"}


def test_doubles_among_many_names_are_found_in_linear_time() -> None:
    names = [f"{number}.png" for number in range(300_000)]
    start = time.monotonic()
    assert named_twice(names) is None
    assert named_twice([*names, "7.png", "30.png", "7.png"]) == "30.png"
    assert time.monotonic() - start < 5


def test_a_batch_holds_no_more_pixels_than_are_of_use() -> None:
    drawn = []

    def frames() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    made = batches(frames(), 10**9, lambda _: MOST_PIXELS // 8)
    assert next(made) == list(range(8))
    assert len(drawn) <= 9
    assert [len(batch) for batch in made] == [8] * 11 + [4]


@pytest.mark.parametrize(
    ("size", "pixels", "lengths"), [(3, 1, [3, 3, 1]), (1, 1, [1] * 7), (4, MOST_PIXELS * 2, [1] * 7)]
)
def test_batches_keep_their_order_and_lose_nothing(size: int, pixels: int, lengths: list[int]) -> None:
    made = list(batches(range(7), size, lambda _: pixels))
    assert [len(batch) for batch in made] == lengths
    assert [item for batch in made for item in batch] == list(range(7))


def test_frames_that_training_saw_enlarged_count_at_their_size_then(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("recyclegan.engines.batches.MOST_PIXELS", 2 * 64 * 96)
    make_frames(tmp_path / "in", 5, height=32, width=48)
    enlarging = Translator(Counting(), small_card(size=(64, 96), resize="rectangle"), "cpu", batch_size=10**9)
    enlarging.translate_folder(tmp_path / "in", tmp_path / "out")
    assert enlarging.generator.sizes == [2, 2, 1]


@pytest.mark.parametrize("name", ["in.png", "in.mp4", "in"])
def test_a_second_writer_of_the_same_output_is_told(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / name, tmp_path / name.replace("in", "out")
    if name == "in":
        make_frames(source, 2)
    elif name == "in.png":
        write_image(source, picture(0))
    else:
        film(source)
    with added_to(target) if name == "in" else whole_file(target) as scratch:
        if name != "in":
            scratch.write_bytes(b"of the first")
        message = message_of(translator().translate_path, source, target)
    assert "is being written by another process" in message
    assert target.is_dir() or target.read_bytes() == b"of the first"


def test_a_second_writer_into_an_existing_folder_of_frames_is_told(tmp_path: Path) -> None:
    film(tmp_path / "in.mp4")
    (tmp_path / "out").mkdir()
    with added_to(tmp_path / "out"):
        message = message_of(
            translator().translate_video, tmp_path / "in.mp4", tmp_path / "out", Output(frames=True, existing="replace")
        )
    assert "out: is being written by another process" in message
    assert list((tmp_path / "out").iterdir()) == []


def begun(tmp_path: Path, kind: str) -> tuple[subprocess.Popen[str], Path]:
    """Return a process that is translating, and its target, which something has been written for."""
    save_translator(tmp_path / "ab.safetensors", make_generator("resnet-6", width=4), small_card(size=(256, 256)))
    source = make_frames(tmp_path / "in", 400) if kind == "folder" else film(tmp_path / "in.mp4", 49)
    target = tmp_path / "work" / ("out.mp4" if kind == "video" else "out")
    (target.parent if kind == "video" else target).mkdir(parents=True)
    words = ["translate", tmp_path / "ab.safetensors", source, target, "--device", "cpu", "--batch-size", "1"]
    words += ["--frames", "--existing", "replace"] if kind == "frames" else []
    command = [sys.executable, "-m", "recyclegan", *map(str, words)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while process.poll() is None and not any(map(is_written, target.parent.rglob("*"))):
        time.sleep(0.02)
    return process, target


def is_written(path: Path) -> bool:
    return path.name != "lock" and path.is_file()


@pytest.mark.parametrize("kind", ["video", "frames", "folder"])
def test_a_translation_that_is_ended_leaves_nothing(tmp_path: Path, kind: str) -> None:
    process, target = begun(tmp_path, kind)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert errors.splitlines() == ["recyclegan: ended by SIGTERM"]
    assert [path for path in target.parent.rglob("*") if path != target] == []


def test_what_a_killed_translation_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    process, target = begun(tmp_path, "frames")
    process.kill()
    process.communicate(timeout=60)
    assert [path.name for path in target.parent.iterdir() if path != target] == [".out.partial"]
    frames = Output(frames=True, existing="replace")
    translator().translate_video(film(tmp_path / "short.mp4", 2), target.parent / "other", frames)
    assert {path.name for path in target.parent.rglob("*")} == {"out", "other", "000000.png", "000001.png"}
