"""Pipes of the tests: bytes in a file that stands for one, and streams as FFmpeg makes and reads them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av

from recyclegan.arrays import Image
from recyclegan.streams import InputPipe, OutputPipe
from tests.video.films import encode


@contextmanager
def reading(path: Path) -> Iterator[InputPipe]:
    """Yield what reads a file as if it came through a pipe."""
    number = os.open(path, os.O_RDONLY)
    try:
        yield InputPipe(number)
    finally:
        os.close(number)


@contextmanager
def writing(path: Path) -> Iterator[OutputPipe]:
    """Yield what writes a file as if it were a pipe."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        yield OutputPipe(number)
    finally:
        os.close(number)


def ffmpeg_y4m(path: Path, images: Sequence[Image], pixel_format: str = "yuv420p", rate: int = 25) -> Path:
    """Write a .y4m file with FFmpeg."""
    return encode(path, images, "wrapped_avframe", pixel_format, rate, container_options={"strict": "-1"})


def ffmpeg_frames(path: Path) -> list[Image]:
    """Read y4m with FFmpeg."""
    with av.open(str(path), format="yuv4mpegpipe") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@contextmanager
def standard_pipes(source: Path, target: Path) -> Iterator[None]:
    """Let standard input come from a file and standard output go into one, as the system sees them."""
    numbers = os.open(source, os.O_RDONLY), os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    kept = os.dup(0), os.dup(1)
    os.dup2(numbers[0], 0)
    os.dup2(numbers[1], 1)
    try:
        yield
    finally:
        for number, before in enumerate(kept):
            os.dup2(before, number)
        for number in (*numbers, *kept):
            os.close(number)
