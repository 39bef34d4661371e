"""The doors of the file system: outputs that appear whole or not at all, inputs that are read or refused in one line.

What is written lies in a scratch folder ``.NAME.partial`` beside its place until it is whole. Its writer holds a lock
in it: a second writer of the same place is refused, and what a killed process left there is known for it.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from recyclegan.errors import InputError

_LOCK = "lock"
_LONGEST_NAME = 200
"""Bytes of a name that its scratch folder takes over; file systems allow 255 in all."""
_TRIES = 10
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What file systems say that know no locks; there, one does without."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; rename it to ``path`` on success, remove it on any error.

    Whatever is read inside the block must not leave an ``OSError``: each is taken for a failed write.

    Raises:
        InputError: ``path`` is a folder or a device, its folder cannot be made, the disk is full, or another process
            is writing the same file.
    """
    if (kind := kind_of(path)) not in ("file", "nothing"):
        raise InputError(f"{path}: is a {kind}; name a file to write")
    with _scratch_folder(path) as folder:
        scratch = folder / path.name
        yield scratch
        scratch.replace(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; move it to ``path`` on success, remove it on any error.

    An existing folder at ``path`` is replaced, at the very end. Reading inside the block is as for ``whole_file``.

    Raises:
        InputError: ``path`` is a file, its parent cannot be written to, the disk is full, or another process is
            writing the same folder.
    """
    if (kind := kind_of(path)) not in ("folder", "nothing"):
        raise InputError(f"{path}: is a {kind}; name a folder to write")
    with _scratch_folder(path) as folder:
        scratch = folder / path.name
        scratch.mkdir()
        yield scratch
        if path.exists():
            path.replace(folder / "replaced")
        scratch.replace(path)


@contextmanager
def added_to(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; on success its files appear together in ``path``, which keeps its other files.

    Raises:
        InputError: as ``whole_folder``.
    """
    if kind_of(path) != "folder":
        with whole_folder(path) as scratch:
            yield scratch
        return
    with _scratch_folder(path) as folder:
        scratch = folder / path.name
        scratch.mkdir()
        yield scratch
        for file in scratch.iterdir():
            file.replace(path / file.name)


def check_writable(path: Path) -> None:
    """Make the folder of ``path`` and see that files can be written there, before work that would be lost.

    Raises:
        InputError: they cannot, or another process is writing ``path``.
    """
    with _scratch_folder(path):
        pass


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder for what is read again at once and left nowhere; it is removed in the end.

    Raises:
        InputError: none can be made. TMPDIR names another place.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="recyclegan-", ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(f"temporary folder: cannot be made ({error.strerror}); name another in TMPDIR") from error
    with folder as name:
        yield Path(name)


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write a file, whole or not at all, and onto the disk itself before it appears.

    Raises:
        InputError: as ``whole_file``.
    """
    write_together({path: data})


def write_together(contents: Mapping[Path, bytes | memoryview]) -> None:
    """Write several files, each as ``write_bytes`` does, so that none appears before all are written; the first last.

    Raises:
        InputError: as ``whole_file``.
    """
    with ExitStack() as stack:
        places = [stack.enter_context(whole_file(path)) for path in contents]
        for scratch, data in zip(places, contents.values(), strict=True):
            with scratch.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; what a name holds that is no Unicode is written as ``\\udcXX``.

    Raises:
        InputError: as ``whole_file``.
    """
    write_bytes(path, encoded(text))


def encoded(text: str) -> bytes:
    """Return text as UTF-8; what a name holds that is no Unicode becomes ``\\udcXX``."""
    return text.encode("utf-8", "backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all.

    Raises:
        InputError: as ``whole_file``.
    """
    write_text(path, json.dumps(value, indent=2) + "\n")


def append_text(path: Path, text: str) -> None:
    """Write text at the end of a file; a full disk may leave a part of it there.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise _unwritten(path, error) from error


def kind_of(path: Path) -> Literal["file", "folder", "device", "nothing"]:
    """Return what stands at a path, links followed; pipes and sockets count as devices.

    Raises:
        InputError: a folder on the way may not be entered, or no path can be called that.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{str(path)!r}: cannot be reached ({reason}); check its folders and its name") from error
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "device"


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: there is no such file, it cannot be read, or it is not UTF-8.
    """
    _check_is_file(path)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is no text in UTF-8 (byte {error.start}); it is damaged or another file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error


def read_json(path: Path) -> Any:
    """Return the value that a JSON file holds.

    Raises:
        InputError: there is no such file, it cannot be read, or it is no JSON.
    """
    try:
        return json.loads(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); it is damaged or another file") from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
        InputError: there is no such file, or it cannot be read.
    """
    _check_is_file(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error


def digest_of(data: bytes | memoryview) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


@contextmanager
def only_one(lock: Path, what: str) -> Iterator[None]:
    """Hold the lock file while the block runs, so that no other process runs one with the same; it is removed after.

    Raises:
        InputError: another process holds it, or it cannot be made.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = _acquired(lock)
    except OSError as error:
        raise InputError(f"{lock}: cannot be written ({error.strerror}); choose another place") from error
    if held is None:
        raise InputError(f"{what}: another process is at work on it; wait until it has ended, or name another")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        held.release()


def sweep(folder: Path) -> None:
    """Remove the scratch that killed processes left in a folder; what a living one is writing stays."""
    for scratch in folder.glob(".*.partial"):
        with suppress(OSError):
            if not any(scratch.iterdir()):
                scratch.rmdir()
            elif (scratch / _LOCK).is_file() and (held := _acquired(scratch / _LOCK)) is not None:
                shutil.rmtree(scratch, ignore_errors=True)
                held.release()


@contextmanager
def _scratch_folder(path: Path) -> Iterator[Path]:
    """Yield the empty scratch folder of ``path``, which no other process has, and remove it at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _held_scratch(path) as folder:
            yield folder
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> InputError:
    remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "choose another place"
    return InputError(f"{_public(path)}: cannot be written ({error.strerror or error}); {remedy}")


@contextmanager
def _held_scratch(path: Path) -> Iterator[Path]:
    folder = path.parent / f".{_short(path.name)}.partial"
    held = _lock_in(folder)
    if held is None:
        raise InputError(f"{_public(path)}: is being written by another process; wait for it, or name another output")
    try:
        _empty(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        held.release()


def _lock_in(folder: Path) -> FileLock | None:
    """Return the held lock of a scratch folder, which is made if need be; None where another process holds it."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, FileExistsError):  # whoever had it has removed it just now
            folder.mkdir(exist_ok=True)
            return _acquired(folder / _LOCK)
    return None


def _acquired(lock: Path) -> FileLock | None:
    """Return a held lock, or None where another process holds it."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return held


def _empty(folder: Path) -> None:
    """Remove what a killed process left in a scratch folder."""
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        elif left.name != _LOCK:
            left.unlink()


def _short(name: str) -> str:
    """Return a name, or, of a very long one, its beginning and what tells it from others."""
    encoded = os.fsencode(name)
    if len(encoded) <= _LONGEST_NAME:
        return name
    return encoded[:_LONGEST_NAME].decode("utf-8", "ignore") + digest_of(encoded)[:16]


def _public(path: Path) -> Path:
    """Return where a file will lie in the end: its path without scratch folders."""
    return Path(*(part for part in path.parts if not re.fullmatch(r"\..+\.partial", part)))


def _check_is_file(path: Path) -> None:
    if (kind := kind_of(path)) != "file":
        raise InputError(f"{path}: {'no such file' if kind == 'nothing' else f'is a {kind}'}; check the path")


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a sorting key that puts ``frame_9`` before ``frame_10``."""
    parts = re.split(r"(\d+)", str(path))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts)
