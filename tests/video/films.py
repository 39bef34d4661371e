"""Videos that do not come from the writer of the package: other codecs, interlaced, cut, joined and damaged ones."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from recyclegan.arrays import Image

HEIGHT, WIDTH = 48, 64


def scene(num_frames: int, height: int = HEIGHT, width: int = WIDTH) -> list[Image]:
    """Return frames of a camera that moves along a wall of coloured, slightly noisy bricks."""
    rng = np.random.default_rng(0)
    wall = np.kron(rng.integers(0, 256, (height // 8 + 1, (width + 3 * num_frames) // 8 + 1, 3)), np.ones((8, 8, 1)))
    wall = np.clip(wall[:height] + rng.normal(0, 4, wall[:height].shape), 0, 255).astype(np.uint8)
    return [np.ascontiguousarray(wall[:, 3 * number : 3 * number + width]) for number in range(num_frames)]


def encode(
    path: Path,
    images: Sequence[Image],
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: int = 25,
    container_options: dict[str, str] | None = None,
    **options: str,
) -> Path:
    """Write frames at a constant rate with PyAV alone."""
    with av.open(f"file:{path}", "w", container_options=container_options or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixel_format
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def packets_of(path: Path) -> list[tuple[int, int]]:
    """Return the place and the size in bytes of every packet of the video in a file."""
    with av.open(f"file:{path}") as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def without_first_packets(source: Path, target: Path, num_packets: int) -> Path:
    """Copy a video from a packet on, as a recorder does that is switched on at any moment."""
    with av.open(f"file:{source}") as container, av.open(f"file:{target}", "w") as output:
        stream = container.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for number, packet in enumerate(container.demux(stream)):
            if packet.dts is not None and number >= num_packets:
                packet.stream = copy
                output.mux(packet)
    return target


def changed(source: Path, target: Path, places: Sequence[int], bit: int = 0x10) -> Path:
    """Copy a file with one bit of some bytes flipped."""
    data = bytearray(source.read_bytes())
    for place in places:
        data[place] ^= bit
    target.write_bytes(data)
    return target


def cut(source: Path, target: Path, share: float) -> Path:
    """Copy the first part of a file."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target
