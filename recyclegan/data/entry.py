"""One entry of the cache: the frames of a clip in one file that tells whether it still holds what was written.

The file begins as NumPy's own format, so that ``np.load`` reads it: a header and the frames. Behind them stand the
description (JSON: key, shape, the SHA-256 of each frame, the palette of label maps), its length in 8 bytes, and the
SHA-256 of both. Size, header and description are checked when an entry is opened, each frame when it is read, by plain
reads of a file that is closed again: no number of clips runs out of open files, and a file that somebody cuts while it
is in use is a short read instead of the end of the process.
"""

import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from recyclegan.arrays import Image
from recyclegan.data.colours import ColoursSeen
from recyclegan.domains import Colours

Window = UInt8[np.ndarray, "time height width channels"]

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

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the frames' shape and contents, in hexadecimal: equal for equal frames alone."""
        return hashlib.sha256(json.dumps(self.shape).encode() + self.digests).hexdigest()

    def read(self, start: int, stop: int) -> Window:
        """Return the frames from ``start`` up to ``stop``, after checking each.

        Raises:
            DamagedError: they are not what was written.
        """
        frames = np.empty((stop - start, *self.shape[1:]), np.uint8)
        with _opened(self.path) as file:
            file.seek(len(_header(self.shape)) + start * frames[:1].nbytes)
            _check(file.readinto(frames.data) == frames.nbytes, "the file is cut")
        for number, frame in enumerate(frames, start):
            wanted = self.digests[number * _DIGEST_BYTES : (number + 1) * _DIGEST_BYTES]
            _check(_digest(frame.data) == wanted, f"frame {number} differs from what was written")
        return frames

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
