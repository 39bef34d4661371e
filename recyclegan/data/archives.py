"""One door for zip archives and their members, and for NumPy's ``.npz`` files, which are such archives.

Downloads as they come: unpacked folders, zip archives, or some of each.
"""

import os
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path

import numpy as np

from recyclegan.data.linking import place_file
from recyclegan.data.walk import walk
from recyclegan.errors import InputError
from recyclegan.files import check_is_file, kind_of
from recyclegan.notes import notify

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
    check_is_file(path, "name a zip archive")
    with _one_line_errors(path, "is no whole zip archive", "download it again"):
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
    with _one_line_errors(path, damaged, "download it again"):
        stream = archive.open(member)
    with stream:
        while True:
            with _one_line_errors(path, damaged, "download it again"):
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
    with _one_line_errors(path, "cannot be read", expected), np.load(path, allow_pickle=False) as file:
        if missing := [key for key in keys if key not in file]:
            raise InputError(f"{path}: holds no {', '.join(missing)}; {expected}")
        return {key: file[key] for key in keys}


def _memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@contextmanager
def _one_line_errors(path: Path, found: str, remedy: str) -> Iterator[None]:
    """Turn errors of every class that come from reading an archive into one line."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        words = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path}: {found} ({words}); {remedy}") from error


ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")


@dataclass(frozen=True)
class DownloadedFile:
    """A file on disk, or a member of a zip archive."""

    path: str
    """Where it lies below the download, or inside its archive, with slashes."""
    place: Path
    """The file itself, or the archive."""
    archive: zipfile.ZipFile | None = None
    member: zipfile.ZipInfo | None = None

    @property
    def name(self) -> str:
        """Return the file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def num_bytes(self) -> int:
        """Return the bytes that unpacking it takes; none for a file on disk."""
        return self.member.file_size if self.member else 0

    def open(self) -> BufferedIOBase:
        """Return the file, opened for reading.

        Raises:
            InputError: it cannot be read, or the archive is damaged.
        """
        if self.archive and self.member:
            return BytesIO(b"".join(chunks(self.place, self.archive, self.member)))
        try:
            return self.place.open("rb")
        except OSError as error:
            raise InputError(f"{self.place}: cannot be read ({error.strerror}); check its permissions") from error

    def put(self, folder: Path, link: bool) -> None:
        """Put the file into a folder: linked where possible, unpacked from an archive.

        Raises:
            InputError: the archive is damaged, or the file cannot be read.
            OSError: it cannot be written.
        """
        if not (self.archive and self.member):
            place_file(self.place, folder / self.name, link)
            return
        if self.name in (".", ".."):
            raise InputError(f"{self.place}: {self.path} names no file; download it again")
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / self.name).open("xb") as target:
            for chunk in chunks(self.place, self.archive, self.member):
                target.write(chunk)


@contextmanager
def open_download(root: Path) -> Iterator[list[DownloadedFile]]:
    """Yield all files of a download: those inside of zip archives below a folder (or of one archive), then its own.

    Raises:
        InputError: there is no such folder or archive, an archive is damaged, or of a kind that must be unpacked.
    """
    if (kind := kind_of(root)) == "nothing":
        raise InputError(f"{root}: no such folder or zip archive; name the download")
    with ExitStack() as stack:
        places = _places(root) if kind == "folder" else [root]
        files = [member for place in places if place.suffix.lower() == ".zip" for member in _members(stack, place)]
        files += [_on_disk(root, place) for place in places if not _is_archive(place)]
        if not files and (archive := next(filter(_is_archive, places), None)):
            raise InputError(f"{archive}: only zip archives are read; unpack it, and name the folder")
        yield files


def _places(root: Path) -> list[Path]:
    found = walk(root)
    notify(found.note)
    return sorted(found.files)


def _is_archive(place: Path) -> bool:
    return place.name.lower().endswith(ARCHIVE_SUFFIXES)


def _on_disk(root: Path, place: Path) -> DownloadedFile:
    return DownloadedFile(place.relative_to(root).as_posix(), place)


def _members(stack: ExitStack, place: Path) -> Iterator[DownloadedFile]:
    """Yield the members of an archive; those packed on Windows may have backslashes in their names."""
    archive = stack.enter_context(open_archive(place))
    for member in archive.infolist():
        if not member.is_dir():
            yield DownloadedFile(member.filename.replace("\\", "/"), place, archive, member)
