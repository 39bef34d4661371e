"""Small clips for tests of the cache, ways to damage its files, and a user without the rights of root."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from recyclegan.data import Clip, LoadSpec, Resize, find_clips
from recyclegan.video import write_image
from tests.media import numbered

SMALL = LoadSpec(Resize("rectangle", 24, 32))
NOBODY = 65534


def make_clip(folder: Path, name: str = "clip", num_frames: int = 6, first: int = 0) -> Clip:
    """Write a clip of grey frames that tell their numbers."""
    for number in range(num_frames):
        write_image(folder / name / f"{number}.png", numbered(first + number))
    return clip_in(folder, name)


def make_noise(folder: Path, name: str = "noise", num_frames: int = 4, seed: int = 0) -> Clip:
    """Write a clip of noise, of which no two bytes in a row are likely to be equal."""
    rng = np.random.default_rng(seed)
    for number in range(num_frames):
        write_image(folder / name / f"{number}.png", rng.integers(0, 256, (24, 32, 3), np.uint8))
    return clip_in(folder, name)


def clip_in(folder: Path, name: str) -> Clip:
    return next(clip for clip in find_clips(folder) if clip.name == name)


def entry_name(number: int) -> str:
    """Return a name that a file of the cache could have."""
    return f"{number:032x}.npy"


def entries(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.npy"))


KINDS = ("flip", "overwrite", "cut", "empty", "longer", "zeros", "remove", "other")


@st.composite
def damages(draw: st.DrawFn) -> tuple[str, float, int]:
    """Draw a kind of damage, the place where it begins (0 to 1 of the file), and a number that says more."""
    return draw(st.sampled_from(KINDS)), draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(1, 255))


def damage(path: Path, kind: str, place: float, number: int, other: bytes = b"") -> None:
    """Damage a file as a disk, a full one, or a careless program would."""
    data = bytearray(path.read_bytes())
    at = int(place * len(data))
    match kind:
        case "flip" if data:
            data[at] ^= number
        case "overwrite":
            data[at : at + 100 * number] = np.random.default_rng(number).bytes(len(data[at : at + 100 * number]))
        case "cut":
            del data[at:]
        case "empty":
            data.clear()
        case "longer":
            data[at:at] = bytes(number)
        case "zeros":
            data[at : at + 100 * number] = bytes(len(data[at : at + 100 * number]))
        case "other":
            data[:] = other
    path.unlink()
    if kind != "remove":
        path.write_bytes(data)


@contextmanager
def public_folder() -> Iterator[Path]:
    """Yield a folder that any user may search."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run the block without the rights of root, which no mode of a file binds."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
