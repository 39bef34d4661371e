"""Downloads as they come: unpacked folders, zip archives, or some of each."""

import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path

from recyclegan.data.archives import chunks, open_archive
from recyclegan.data.placing import place_file
from recyclegan.data.walk import walk
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.notes import tell

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
    tell(found.note)
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
