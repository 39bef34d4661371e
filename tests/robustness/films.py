"""Small sound videos of many containers and codecs, to be damaged."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from recyclegan.arrays import Image
from tests.media import add_tone

NUM_FRAMES = 24
HEIGHT, WIDTH = 48, 64


@dataclass(frozen=True)
class Film:
    """What a video is written as."""

    name: str
    codec: str
    pixel_format: str = "yuv420p"
    sound: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    container_options: dict[str, str] = field(default_factory=dict)


SHORT_GROUPS = {"g": "8"}
FILMS = (
    Film("h264.mp4", "libx264", sound="aac", options=SHORT_GROUPS),
    Film("h264.mkv", "libx264", sound="aac", options=SHORT_GROUPS),
    Film("h264.ts", "libx264", sound="aac", options=SHORT_GROUPS),
    Film("h264.flv", "libx264", sound="aac", options=SHORT_GROUPS),
    Film("fragments.mp4", "libx264", options=SHORT_GROUPS, container_options={"movflags": "frag_keyframe+empty_moov"}),
    Film("hevc.mov", "libx265", options={"x265-params": "log-level=none:keyint=8"}),
    Film("mpeg4.avi", "mpeg4", sound="pcm_s16le", options=SHORT_GROUPS),
    Film("mjpeg.avi", "mjpeg", "yuvj420p"),
    Film("mpeg2.mpg", "mpeg2video", sound="mp2", options={"g": "8", "bf": "2"}),
    Film("vp9.webm", "libvpx-vp9", sound="libopus", options={"deadline": "realtime", "cpu-used": "8"}),
    Film("wmv2.wmv", "wmv2", options=SHORT_GROUPS),
    Film("ffv1.mkv", "ffv1", "bgr0", options={"slicecrc": "1"}),
    Film("animation.gif", "gif", "rgb8"),
    Film("mpeg2.mxf", "mpeg2video", options=SHORT_GROUPS),
    Film("h264.nut", "libx264", options=SHORT_GROUPS),
    Film("raw.y4m", "wrapped_avframe"),
    Film("h264.h264", "libx264", options=SHORT_GROUPS),
)


def make_film(folder: Path, film: Film) -> Path:
    """Write a film of ``NUM_FRAMES`` frames at 25 a second, all of them different."""
    path = folder / film.name
    with av.open(f"file:{path}", "w", container_options=film.container_options) as output:
        output.metadata["title"] = "a film"
        stream = output.add_stream(film.codec, rate=25, options=film.options)
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, film.pixel_format
        tone = output.add_stream(film.sound, rate=48_000) if film.sound else None
        for number, image in enumerate(_images()):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=film.pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if tone is not None:
            add_tone(output, tone, seconds=NUM_FRAMES / 25)
    return path


def _images() -> list[Image]:
    """Return frames of a camera that moves along a wall of coloured, slightly noisy bricks."""
    rng = np.random.default_rng(0)
    wall = np.kron(rng.integers(0, 256, (HEIGHT // 8, WIDTH // 8 + NUM_FRAMES, 3)), np.ones((8, 8, 1)))
    wall = np.clip(wall + rng.normal(0, 4, wall.shape), 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(wall[:, 3 * number : 3 * number + WIDTH]) for number in range(NUM_FRAMES)]
