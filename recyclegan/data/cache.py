"""Clips decoded once into memory-mapped arrays at load size, so that a training step never waits for a decoder.

The cache is a folder of ``KEY.npy`` files, one a clip. KEY stands for the source files (paths, sizes, times of change),
for what is kept of them, and for the version of this layout: a changed source gets a new key, and the old file ages
out. A file appears whole or not at all, and of two processes that want it one builds while the other waits.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image as Pillow

from recyclegan.data.index import Clip
from recyclegan.data.resize import Resize
from recyclegan.data.room import entry_lock, make_folder, make_room
from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.tensors import Image

ClipFrames = UInt8[np.ndarray, "_ _ _ _"]
"""Frames of a clip among others of other lengths and sizes: time, height, width, channels."""
Progress = Callable[[int, int, str], None]
"""Called with frames done, frames in all, and the name of the clip at hand."""

_LAYOUT_VERSION = 1
_DEFAULT_GIGABYTES = "100"


@dataclass(frozen=True)
class LoadSpec:
    """What is kept of a clip's frames."""

    resize: Resize
    is_label: bool = False
    """Labels are resized by nearest neighbour, so that no colour appears that was not there."""
    channels: int = 3
    """3 for RGB, 1 for grey."""

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise InputError(f"channels: is {self.channels}; expected 1 (grey) or 3 (RGB)")

    def __call__(self, image: Image) -> UInt8[np.ndarray, "new_height new_width new_channels"]:
        """Return a frame as it is kept: grey first where wanted, then resized."""
        return self.resize(_grey(image) if self.channels == 1 else image, is_label=self.is_label)


def default_cache_folder() -> Path:
    """Return ``$RECYCLEGAN_CACHE``, or the folder ``recyclegan`` where the system keeps caches."""
    chosen = os.environ.get("RECYCLEGAN_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    home = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "recyclegan"


def default_cache_bytes() -> int:
    """Return the most that the cache may hold: ``$RECYCLEGAN_CACHE_GB`` gigabytes, 100 unless set.

    Raises:
        InputError: the variable is no positive number.
    """
    stated = os.environ.get("RECYCLEGAN_CACHE_GB", _DEFAULT_GIGABYTES)
    try:
        gigabytes = float(stated)
    except ValueError:
        gigabytes = math.nan
    if not 0 < gigabytes < math.inf:
        raise InputError(f"RECYCLEGAN_CACHE_GB: is {stated!r}; expected a positive number of gigabytes")
    return int(gigabytes * 1e9)


def cached_clips(
    wanted: Sequence[tuple[Clip, LoadSpec]],
    folder: Path | None = None,
    max_bytes: int | None = None,
    progress: Progress | None = None,
) -> list[ClipFrames]:
    """Return the frames of each clip as a read-only memory-mapped array, decoding those not yet in the cache.

    The cache lies in ``folder`` (:func:`default_cache_folder`) and holds at most ``max_bytes``
    (:func:`default_cache_bytes`): the clips of other data that were not used for the longest time make room.

    Raises:
        InputError: a clip cannot be read, its frames end up in different sizes, or all clips together need more room
            than ``max_bytes`` or the disk has; that is said before anything is decoded.
    """
    folder = folder or default_cache_folder()
    entries = [_Entry(clip, spec, folder / f"{_key(clip, spec)}.npy") for clip, spec in wanted]
    missing = list({entry.path: entry for entry in entries if not entry.path.exists()}.values())
    make_folder(folder)
    new_bytes = sum(_num_bytes(entry) for entry in missing)
    make_room(folder, [entry.path for entry in entries], new_bytes, max_bytes or default_cache_bytes())
    counter = _Counter(sum(entry.clip.num_frames for entry in missing), progress)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(_opened, entry, counter) for entry in entries]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            counter.stop()
            pool.shutdown(cancel_futures=True)
    return [future.result() for future in futures]


@dataclass(frozen=True)
class _Entry:
    clip: Clip
    spec: LoadSpec
    path: Path


class _Counter:
    """Tells the frames done, over all clips and threads; once stopped, it stops whoever counts on."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._done = 0
        self._stopped = False
        self._lock = Lock()
        self._progress = progress

    def add(self, name: str) -> None:
        with self._lock:
            if self._stopped:
                raise CancelledError
            self._done = min(self._done + 1, self._total)
            if self._progress is not None:
                self._progress(self._done, self._total, name)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True


def _key(clip: Clip, spec: LoadSpec) -> str:
    """Return a name that changes with the source files, with what is kept of them, and with the layout."""
    states = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in clip.files]
    text = json.dumps([_LAYOUT_VERSION, clip.kind, states, asdict(spec)])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _num_bytes(entry: _Entry) -> int:
    height, width = entry.spec.resize.size(*entry.clip.size)
    return entry.clip.num_frames * height * width * entry.spec.channels


def _opened(entry: _Entry, counter: _Counter) -> ClipFrames:
    """Return the array of a cached clip, built first where it is missing."""
    with entry_lock(entry.path):
        if not entry.path.exists():
            _build(entry, counter)
        entry.path.touch()
        return np.load(entry.path, mmap_mode="r")


def _build(entry: _Entry, counter: _Counter) -> None:
    try:
        with whole_file(entry.path) as scratch:
            _write_array(scratch, _kept_frames(entry, counter))
    except OSError as error:
        raise InputError(
            f"{entry.path}: cannot be written ({error.strerror}); set RECYCLEGAN_CACHE elsewhere"
        ) from error


def _kept_frames(entry: _Entry, counter: _Counter) -> Iterator[Image]:
    shape = None
    for image in entry.clip.images():
        kept = entry.spec(image)
        shape = shape or kept.shape
        if kept.shape != shape:
            raise InputError(
                f"{entry.clip.name}: one frame is {_size(kept)}, the first is {shape[1]}x{shape[0]}; resize all to one "
                "size (rectangle or square), or split the clip"
            )
        yield kept
        counter.add(entry.clip.name)


def _write_array(path: Path, frames: Iterator[Image]) -> None:
    """Write frames of one shape as one array in NumPy's format; its length is known, and filled in, at the end."""
    with path.open("wb") as file:
        length = 0
        for frame in frames:
            if length == 0:
                _write_header(file, (0, *frame.shape))
            file.write(np.ascontiguousarray(frame).data)
            length += 1
        file.seek(0)
        _write_header(file, (length, *frame.shape))


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the header of an 8-bit array; NumPy leaves room in it, so that its size does not depend on the length."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _grey(image: Image) -> UInt8[np.ndarray, "height width 1"]:
    return np.asarray(Pillow.fromarray(image).convert("L"))[:, :, None]


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"
