"""Outputs that appear whole or not at all; every write that fails is one line."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files.scratch import REPLACED, scratch_folder, unwritten
from recyclegan.files.whole_reads import kind_of


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to; rename it to ``path`` on success, remove it on any error.

    A new file has the permissions that the user's umask gives, one that is replaced keeps its own. Whatever is read
    inside the block must not leave an ``OSError``: each is taken for a failed write.

    Raises:
        InputError: ``path`` is a folder or a device, its folder cannot be made, the disk is full, or another process
            is writing the same file.
    """
    if (kind := kind_of(path)) not in ("file", "nothing"):
        raise InputError(f"{path}: is a {kind}; name a file to write")
    with scratch_folder(path) as folder:
        scratch = folder / path.name
        yield scratch
        _put(scratch, path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; move it to ``path`` on success, remove it on any error.

    An existing folder at ``path`` is replaced, at the very end; its permissions stay. Reading inside the block is as
    for ``whole_file``.

    Raises:
        InputError: ``path`` is a file, its parent cannot be written to, the disk is full, or another process is
            writing the same folder.
    """
    if (kind := kind_of(path)) not in ("folder", "nothing"):
        raise InputError(f"{path}: is a {kind}; name a folder to write")
    with scratch_folder(path) as folder:
        scratch = folder / path.name
        scratch.mkdir()
        yield scratch
        if path.exists():
            _take_mode(scratch, path)
            (folder / REPLACED).mkdir()
            path.replace(folder / REPLACED / path.name)
        scratch.replace(path)


def _put(scratch: Path, path: Path) -> None:
    """Rename what is whole to its place; what it replaces hands its permissions on."""
    _take_mode(scratch, path)
    scratch.replace(path)


def _take_mode(scratch: Path, path: Path) -> None:
    """Give a file or folder the permissions of what stands at ``path``, where something does and they can be set."""
    with suppress(OSError):
        scratch.chmod(stat.S_IMODE(path.stat().st_mode))


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
    with scratch_folder(path) as folder:
        scratch = folder / path.name
        scratch.mkdir()
        yield scratch
        for file in scratch.iterdir():
            _put(file, path / file.name)


def check_writable(path: Path) -> None:
    """Make the folder of ``path`` and see that files can be written there, before work that would be lost.

    Raises:
        InputError: they cannot, or another process is writing ``path``.
    """
    with scratch_folder(path):
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
        raise unwritten(path, error) from error
