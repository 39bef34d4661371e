"""Small media files for tests: saturated colours, varying times, sound, rotation."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from recyclegan.arrays import Image
from recyclegan.video import read_video

COLOURS = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (0, 255, 255),
    (255, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
)


def bars(height: int = 48, width: int = 64, shift: int = 0) -> Image:
    """Return eight upright bars of saturated colours, the first of which is colour number ``shift``."""
    columns = (np.arange(width) * 8 // width + shift) % 8
    return np.broadcast_to(np.array(COLOURS, np.uint8)[columns], (height, width, 3)).copy()


def numbered(number: int, height: int = 48, width: int = 64) -> Image:
    """Return a grey image that tells its number (0 to 49): five levels of brightness a step."""
    return np.full((height, width, 3), 5 * number + 3, np.uint8)


def number_of(image: Image) -> int:
    """Return the number that an image of ``numbered``, coded or resized, shows."""
    return round((float(image.mean()) - 3) / 5)


def make_video(
    path: Path,
    images: Sequence[Image],
    ticks: Sequence[int] | None = None,
    tick: Fraction = Fraction(1, 15360),
    sound: str | None = None,
    quarter_turns: int = 0,
    options: dict[str, str] | None = None,
    title: str = "",
) -> Path:
    """Write a video with PyAV alone: frames at ``ticks``, a tone coded as ``sound``, turned by its metadata."""
    ticks = ticks or [512 * number for number in range(len(images))]
    with av.open(str(path), "w", container_options=options or {}) as output:
        output.metadata.update({"title": title} if title else {})
        stream = output.add_stream("libx264", rate=30, options={"crf": "10"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = tick
        if quarter_turns:
            stream.set_display_rotation(90 * quarter_turns)
        tone = output.add_stream(sound, rate=48_000) if sound else None
        for image, pts in zip(images, ticks, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = pts, tick
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if tone is not None:
            add_tone(output, tone, seconds=len(images) / 30)
    return path


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return the time and the bytes of every packet of the first audio stream."""
    with av.open(str(path)) as container:
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in container.demux(audio=0) if packet.size]


def add_tone(output: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    """Encode a tone of 440 Hz into a stream of sound."""
    context = stream.codec_context
    wave = np.sin(np.arange(int(48_000 * seconds)) * 440 * 2 * np.pi / 48_000) * 8000
    frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    resampler = av.AudioResampler(context.format, context.layout, 48_000, context.frame_size or 1024)
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        output.mux(stream.encode(part))
    output.mux(stream.encode(None))


def times_of(path: Path) -> list[Fraction]:
    """Return when each frame of a video is shown, in seconds."""
    return [frame.time for frame in read_video(path)]
