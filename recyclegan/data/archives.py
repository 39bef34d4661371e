"""One door for zip archives and their members, and for NumPy's ``.npz`` files, which are such archives."""

import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from recyclegan.errors import InputError
from recyclegan.files import kind_of

LARGEST_MEMBER = 1 << 30
"""Bytes of a member when unpacked; no frame, label map or flow comes near."""
_CHUNK = 1 << 20
_ENCRYPTED = 0x1


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield a zip archive, opened for reading.

    Raises:
        InputError: there is no such file, it is no whole zip archive, or a member has no name, or that of another.
    """
    if (kind := kind_of(path)) != "file":
        raise InputError(f"{path}: {'no such file' if kind == 'nothing' else f'is a {kind}'}; name a zip archive")
    with _told(path, "is no whole zip archive", "download it again"):
        archive = zipfile.ZipFile(path)
    with archive:
        names = Counter(member.filename for member in archive.infolist())
        if "" in names:
            raise InputError(f"{path}: holds a member without a name; it is damaged, download it again")
        if twice := [name for name, number in names.items() if number > 1]:
            raise InputError(f"{path}: holds {twice[0]!r} more than once; unpack it, and keep the right one")
        yield archive


def chunks(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member of the archive at ``path``.

    Raises:
        InputError: it is encrypted, packed in an unknown way, too large when unpacked, or damaged.
    """
    name = repr(member.filename)
    if member.flag_bits & _ENCRYPTED:
        raise InputError(f"{path}: {name} is encrypted; unpack the archive with its password, and name the folder")
    if member.file_size > LARGEST_MEMBER:
        raise InputError(
            f"{path}: {name} unpacks to {member.file_size / 1e9:.1f} GB, expected at most {LARGEST_MEMBER / 1e9:.1f}; "
            "it is damaged, or meant to fill the disk"
        )
    damaged = f"is damaged at {member.filename}"
    with _told(path, damaged, "download it again"):
        stream = archive.open(member)
    with stream:
        while True:
            with _told(path, damaged, "download it again"):
                chunk = stream.read(_CHUNK)
            if not chunk:
                return
            yield chunk


def read_arrays(path: Path, keys: tuple[str, ...]) -> Mapping[str, np.ndarray]:
    """Return arrays of an ``.npz`` file by name, without executing pickles.

    Raises:
        InputError: the file is missing or damaged, lacks one, or unpacks to more than the memory of this machine.
    """
    expected = f"expected arrays {', '.join(keys)}"
    with open_archive(path) as archive:
        num_bytes = sum(member.file_size for member in archive.infolist() if member.filename[:-4] in keys)
        if num_bytes > _memory():
            raise InputError(f"{path}: unpacks to {num_bytes / 1e9:.1f} GB, more than the memory; {expected}")
    with _told(path, "cannot be read", expected), np.load(path, allow_pickle=False) as file:
        if missing := [key for key in keys if key not in file]:
            raise InputError(f"{path}: holds no {', '.join(missing)}; {expected}")
        return {key: file[key] for key in keys}


def _memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def _told(path: Path, found: str, remedy: str) -> Iterator[None]:
    """Turn errors of every class that come from reading an archive into one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: {found} ({words}); {remedy}") from error
