"""One entry of the cache: the frames of a clip in one file that tells whether it still holds what was written.

The file begins as NumPy's own format, so that ``np.load`` reads it: a header and the frames. Behind them stand the
description (JSON: key, shape, the SHA-256 of each frame, the palette of label maps), its length in 8 bytes, and the
SHA-256 of both. Size, header and description are checked when an entry is opened, each frame when it is read, by plain
reads of a file that is closed again: no number of clips runs out of open files, and a file that somebody cuts while it
is in use is a short read instead of the end of the process. A frame that was checked is not checked again as long as
the file is the one that it was checked in, as the system tells: the same file, size and times of change.

Progress clips into the cache, several at once, until all are there or one fails or a signal ends it.
"""

import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from jaxtyping import UInt8

from recyclegan.arrays import Image
from recyclegan.data.eviction import locked
from recyclegan.data.label_maps import ColoursSeen
from recyclegan.data.loading import Source
from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.pace import Progress

Window = UInt8[np.ndarray, "time height width channels"]
FileState = tuple[int, ...]
"""Device, number, size and times of change of a file."""

_LENGTH_BYTES = 8
_DIGEST_BYTES = 32


class DamagedError(Exception):
    """An entry does not hold what was written into it; the message tells what was found."""


class MissingError(DamagedError):
    """There is no entry at all."""


@dataclass(frozen=True)
class Entry:
    """What a file of the cache holds, as it says itself."""

    path: Path
    shape: tuple[int, int, int, int]
    """Time, height, width, channels."""
    digests: bytes
    """The SHA-256 of each frame, one behind the other."""
    palette: Colours
    """The colours of label maps, sorted; of other frames there are none here."""
    checked: set[tuple[FileState, int]] = field(default_factory=set, compare=False, repr=False)
    """The frames that were checked, and the state of the file that they were read from."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the frames' shape and contents, in hexadecimal: equal for equal frames alone."""
        return hashlib.sha256(json.dumps(self.shape).encode() + self.digests).hexdigest()

    def read(self, start: int, stop: int) -> Window:
        """Return the frames from ``start`` up to ``stop``, after checking each that was not checked in this file yet.

        Raises:
            DamagedError: they are not what was written.
        """
        frames = np.empty((stop - start, *self.shape[1:]), np.uint8)
        with _opened(self.path) as file:
            state = _state(file)
            file.seek(len(_header(self.shape)) + start * frames[:1].nbytes)
            _check(file.readinto(frames.data) == frames.nbytes, "the file is cut")
        for number, frame in enumerate(frames, start):
            self._check_frame(state, number, frame)
        return frames

    def _check_frame(self, state: FileState, number: int, frame: Image) -> None:
        if (state, number) in self.checked:
            return
        wanted = self.digests[number * _DIGEST_BYTES : (number + 1) * _DIGEST_BYTES]
        _check(_digest(frame.data) == wanted, f"frame {number} differs from what was written")
        self.checked.add((state, number))

    def check(self) -> None:
        """Read all frames.

        Raises:
            DamagedError: one is not what was written.
        """
        for number in range(self.shape[0]):
            self.read(number, number + 1)


def open_entry(path: Path, key: str) -> Entry:
    """Return the entry in a file, after checking everything but the frames.

    Raises:
        DamagedError: the file is gone, or is not as it was written under this key.
    """
    with _opened(path) as file:
        end = file.seek(0, os.SEEK_END)
        text = _sealed_text(file, end)
        description = json.loads(text)
        _check(description["key"] == key, "the file holds another clip")
        shape = tuple(description["shape"])
        header = _header(shape)
        size = len(header) + int(np.prod(shape)) + len(text) + _LENGTH_BYTES + _DIGEST_BYTES
        file.seek(0)
        _check(end == size and file.read(len(header)) == header, "the file differs in size or header")
    palette = tuple((red, green, blue) for red, green, blue in description["palette"])
    return Entry(path, shape, bytes.fromhex(description["digests"]), palette)


def write_entry(path: Path, key: str, frames: Iterator[Image], colours: ColoursSeen | None) -> None:
    """Write frames of one shape, at least one, and what is to be known of them; ``colours`` gathers a palette.

    Raises:
        OSError: the file cannot be written.
        InputError: from ``frames`` and ``colours``.
    """
    digests: list[bytes] = []
    with path.open("wb") as file:
        for frame in frames:
            if not digests:
                file.write(_header((0, *frame.shape)))
            levels = np.ascontiguousarray(frame).data
            file.write(levels)
            digests.append(_digest(levels))
            if colours is not None:
                colours.add(frame)
        shape = (len(digests), *frame.shape)
        file.write(_seal(key, shape, digests, colours.palette if colours else ()))
        file.seek(0)
        file.write(_header(shape))


def _seal(key: str, shape: tuple[int, ...], digests: list[bytes], palette: Colours) -> bytes:
    """Return the description, its length and the digest of both."""
    description = {"key": key, "shape": shape, "palette": palette, "digests": b"".join(digests).hex()}
    text = json.dumps(description).encode()
    sealed = text + len(text).to_bytes(_LENGTH_BYTES, "little")
    return sealed + _digest(sealed)


def _sealed_text(file: io.BufferedReader, end: int) -> bytes:
    """Return the description at the end of a file of ``end`` bytes."""
    tail = _LENGTH_BYTES + _DIGEST_BYTES
    _check(end > tail, "the file is empty or cut")
    file.seek(end - tail)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    _check(length <= end - tail, "the end of the file is not as it was written")
    file.seek(end - tail - length)
    text, rest = file.read(length), file.read(tail)
    _check(_digest(text + rest[:_LENGTH_BYTES]) == rest[_LENGTH_BYTES:], "the end of the file is not as it was written")
    return text


def _header(shape: tuple[int, ...]) -> bytes:
    """Return NumPy's header of an 8-bit array; it leaves room, so that its size does not depend on the length."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return header.getvalue()


def _state(file: io.BufferedReader) -> FileState:
    """Return what changes when somebody writes to a file, or puts another one in its place."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


@contextmanager
def _opened(path: Path) -> Iterator[io.BufferedReader]:
    """Open a file to read; whatever the system refuses, now or in the block, is damage."""
    try:
        _check(stat.S_ISREG(path.stat().st_mode), "it is no file")
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise MissingError("they are gone") from error
    except OSError as error:
        raise DamagedError(str(error.strerror)) from error


def _check(holds: bool, found: str) -> None:
    if not holds:
        raise DamagedError(found)


_MOST_THREADS = 16
"""Each holds a few open files, and decoders have threads of their own."""


class Counter:
    """Tells the frames done, over all clips and threads; once stopped, it stops whoever counts on."""

    def __init__(self, total: int, progress: Progress | None = None) -> None:
        """Begin at 0 of ``total``, which is what the files promise."""
        self._total = total
        self._done = 0
        self._is_stopped = False
        self._lock = Lock()
        self._progress = progress

    def add(self, name: str) -> None:
        """Count a frame.

        Raises:
            CancelledError: the counter was stopped.
        """
        with self._lock:
            if self._is_stopped:
                raise CancelledError
            self._done = min(self._done + 1, self._total)
            if self._progress is not None:
                self._progress(self._done, self._total, name)

    def stop(self) -> None:
        """Stop whoever counts on."""
        self._is_stopped = True

    def is_stopped(self) -> bool:
        """Return whether the counter was stopped."""
        return self._is_stopped


def build_all(sources: Mapping[Path, Source], progress: Progress | None) -> dict[Path, Entry]:
    """Return the entry at each path, built from its source unless another process has just done so.

    Raises:
        InputError: as :func:`built`; the first error ends the work on all clips.
    """
    counter = Counter(sum(source.clip.num_frames for source in sources.values()), progress)
    pool = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1))
    try:
        futures = {pool.submit(built, source, path, counter): path for path, source in sources.items()}
        return {futures[future]: future.result() for future in as_completed(futures)}
    finally:
        counter.stop()
        pool.shutdown(cancel_futures=True)


def built(source: Source, path: Path, counter: Counter) -> Entry:
    """Return the entry at ``path``, built from its source unless it is intact.

    Raises:
        InputError: the source cannot be read, changes meanwhile, or the entry cannot be written.
        CancelledError: the counter was stopped.
    """
    key = path.stem
    with locked(path, counter.is_stopped):
        try:
            entry = open_entry(path, key)
            entry.check()
            return entry
        except DamagedError:
            _build(source, path, key, counter)
    try:
        return open_entry(path, key)
    except DamagedError as damage:
        raise InputError(f"{path}: is damaged again ({damage}); set RECYCLEGAN_CACHE to another disk") from damage


def _build(source: Source, path: Path, key: str, counter: Counter) -> None:
    name = source.clip.name
    with whole_file(path) as scratch:
        colours = ColoursSeen(name) if source.spec.is_label else None
        write_entry(scratch, key, _counted(source.frames(), name, counter), colours)
        if source.key() != key:
            raise InputError(f"{name}: changed while it was read; run again when its files are complete")


def _counted(frames: Iterator[Image], name: str, counter: Counter) -> Iterator[Image]:
    for frame in frames:
        yield frame
        counter.add(name)
