"""Downloads as they come: unpacked folders, zip archives, or some of each."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from recyclegan.data.index import Clip
from recyclegan.data.placing import place_clip
from recyclegan.errors import InputError

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")


@dataclass(frozen=True)
class DownloadedFile:
    """A file on disk, or a member of a zip archive."""

    path: str
    """Where it lies below the download, or inside its archive, with slashes."""
    place: Path
    """The file itself, or the archive."""
    archive: zipfile.ZipFile | None = None

    @property
    def name(self) -> str:
        """Return the file's own name."""
        return self.path.rpartition("/")[2]

    def open(self) -> IO[bytes] | BufferedIOBase:
        """Return the file, opened for reading."""
        return self.archive.open(self.path) if self.archive else self.place.open("rb")

    def put(self, folder: Path, link: bool) -> None:
        """Put the file into a folder: linked where possible, unpacked from an archive.

        Raises:
            InputError: the archive is damaged.
        """
        if self.archive is None:
            place_clip(Clip(".", "frames", (self.place,)), folder, link)
            return
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with self.open() as source, (folder / self.name).open("wb") as target:
                shutil.copyfileobj(source, target)
        except zipfile.BadZipFile as error:
            raise InputError(f"{self.place}: is damaged at {self.path}; download it again") from error


@contextmanager
def open_download(root: Path) -> Iterator[list[DownloadedFile]]:
    """Yield all files of a download: those inside of zip archives below a folder (or of one archive), then its own.

    Raises:
        InputError: there is no such folder or archive, an archive is damaged, or of a kind that must be unpacked.
    """
    if not root.exists():
        raise InputError(f"{root}: no such folder or zip archive; name the download")
    places = sorted(root.rglob("*")) if root.is_dir() else [root]
    with ExitStack() as stack:
        files = [member for place in places if place.suffix.lower() == ".zip" for member in _members(stack, place)]
        files += [_on_disk(root, place) for place in places if place.is_file() and not _is_archive(place)]
        if not files and (archive := next(filter(_is_archive, places), None)):
            raise InputError(f"{archive}: only zip archives are read; unpack it, and name the folder")
        yield files


def _is_archive(place: Path) -> bool:
    return place.name.lower().endswith(ARCHIVE_SUFFIXES)


def _on_disk(root: Path, place: Path) -> DownloadedFile:
    return DownloadedFile(place.relative_to(root).as_posix(), place)


def _members(stack: ExitStack, place: Path) -> Iterator[DownloadedFile]:
    try:
        archive = stack.enter_context(zipfile.ZipFile(place))
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{place}: is no whole zip archive ({error}); download it again") from error
    for member in archive.infolist():
        if not member.is_dir():
            yield DownloadedFile(member.filename, place, archive)
