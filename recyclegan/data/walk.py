"""What lies below a folder: the one walk that all commands take, so that each sees what the others see.

Links are followed, each real folder is entered once. Hidden files and folders, pipes, sockets and devices are left out;
what is left out is kept count of, to be told. A link that leads nowhere and a folder that cannot be read are refused,
because nobody knows what they should hold.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.files import kind_of

HIDDEN = "hidden"
NO_FILES = "pipes, sockets or devices"
SEEN_BEFORE = "folders here a second time, by links"
OTHER_KINDS = "files of other kinds"

_LITTER = ("._", ".ds_store", "__macosx", "thumbs.db", "desktop.ini", ".directory")
"""What systems leave behind; nobody wants to hear of it."""
_MOST_NAMED = 3


@dataclass(frozen=True)
class Found:
    """Files below a folder, folder by folder, in the order of their names."""

    root: Path
    folders: tuple[tuple[Path, tuple[Path, ...]], ...]
    """Every folder, the root first, with the files that lie in it."""
    left_out: str
    """What was left out, in words, with the first names; empty where nothing was."""

    @property
    def files(self) -> Iterator[Path]:
        """Yield all files."""
        return (file for _, files in self.folders for file in files)

    @property
    def note(self) -> str:
        """Return what is to be told of the walk, empty where there is nothing."""
        return f"{self.root}: left out {self.left_out}" if self.left_out else ""


@dataclass
class _Walk:
    root: Path
    suffixes: Set[str] | None
    folders: list[tuple[Path, tuple[Path, ...]]] = field(default_factory=list)
    left_out: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    seen: set[tuple[int, int]] = field(default_factory=set)

    def visit(self, folder: Path) -> list[Path]:
        """Take in what lies in a folder; return the folders below it, real ones first."""
        files, below = [], []
        for entry in _entries(folder):
            path = folder / entry.name
            if entry.name.startswith((".", "__MACOSX")) or entry.name.lower() in _LITTER:
                self._leave_out(path)
                continue
            mode = _mode(path)
            if stat.S_ISDIR(mode):
                below.append((entry.is_symlink(), path))
            elif not stat.S_ISREG(mode):
                self.left_out[NO_FILES].append(path)
            elif self.suffixes is None or path.suffix.lower() in self.suffixes:
                files.append(path)
            else:
                self.left_out[OTHER_KINDS].append(path)
        self.folders.append((folder, tuple(files)))
        return [path for _, path in sorted(below)]

    def _leave_out(self, path: Path) -> None:
        if not path.name.lower().startswith(_LITTER):
            self.left_out[HIDDEN].append(path)

    def in_words(self) -> str:
        """Return what was left out: how many, why, and the first names."""
        return "; ".join(
            f"{kind}: {len(paths)} ({in_short(path.relative_to(self.root).as_posix() for path in paths)})"
            for kind, paths in self.left_out.items()
        )

    def is_new(self, folder: Path) -> bool:
        """Return whether a folder was not seen before."""
        state = folder.stat()
        key = (state.st_dev, state.st_ino)
        if key in self.seen:
            self.left_out[SEEN_BEFORE].append(folder)
            return False
        self.seen.add(key)
        return True


def walk(root: Path, suffixes: Set[str] | None = None) -> Found:
    """Return the files below a folder: all, or those with one of ``suffixes`` (lower case, with a dot).

    Raises:
        InputError: there is no such folder, a folder cannot be read, or a link leads nowhere.
    """
    if kind_of(root) != "folder":
        raise InputError(f"{root}: no such folder; check the path")
    walking = _Walk(root, suffixes)
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if walking.is_new(folder):
            waiting += reversed(walking.visit(folder))
    return Found(root, tuple(walking.folders), walking.in_words())


def is_empty(folder: Path) -> bool:
    """Return whether nothing lies in a folder, nothing hidden either.

    Raises:
        InputError: it cannot be read.
    """
    return not _entries(folder)


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, hidden ones left out.

    Raises:
        InputError: it cannot be read.
    """
    shown = (entry.name for entry in _entries(folder) if not entry.name.startswith("."))
    return [name for name in shown if kind_of(folder / name) == "folder"]


def in_short(names: Iterable[str]) -> str:
    """Return the first few names in words."""
    shown = [printable(name) for name in islice(names, _MOST_NAMED + 1)]
    return ", ".join([*shown[:_MOST_NAMED], *(["..."] if len(shown) > _MOST_NAMED else [])])


def printable(name: str) -> str:
    """Return a name in one line, with what cannot be shown written in numbers."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{folder}: cannot be read ({reason}); allow reading it, or move it elsewhere") from error


def _mode(path: Path) -> int:
    """Return what kind of thing stands at a path, links followed."""
    try:
        return path.stat().st_mode
    except OSError as error:
        if path.is_symlink():
            target = printable(str(path.readlink()))
            raise InputError(
                f"{path}: no such file (a link to {target}); put back what it leads to, or remove it"
            ) from error
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from error
