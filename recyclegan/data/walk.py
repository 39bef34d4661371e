"""What lies below a folder: the one walk that all commands take, so that each sees what the others see.

Links are followed, each real folder is entered once. Hidden files and folders, pipes, sockets and devices are left out;
what is left out is kept count of, to be told. A link that leads nowhere and a folder that cannot be read are refused,
because nobody knows what they should hold.
"""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recyclegan.errors import InputError

HIDDEN = "hidden"
NO_FILES = "no files (pipes, sockets or devices)"
SEEN_BEFORE = "folders that are here a second time, by links"
OTHER_KINDS = "of other kinds"

_LITTER = ("._", ".ds_store", "__macosx", "thumbs.db", "desktop.ini", ".directory")
"""What systems leave behind; nobody wants to hear of it."""
_MOST_NAMED = 3

LeftOut = Mapping[str, Sequence[Path]]
"""What is left out, by why."""


@dataclass(frozen=True)
class Found:
    """Files below a folder, folder by folder, in the order of their names."""

    root: Path
    folders: tuple[tuple[Path, tuple[Path, ...]], ...]
    """Every folder, the root first, with the files that lie in it."""
    left_out: LeftOut

    @property
    def files(self) -> Iterator[Path]:
        """Yield all files."""
        return (file for _, files in self.folders for file in files)


@dataclass
class _Walk:
    root: Path
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
            elif stat.S_ISREG(mode):
                files.append(path)
            else:
                self.left_out[NO_FILES].append(path)
        self.folders.append((folder, tuple(files)))
        return [path for _, path in sorted(below)]

    def _leave_out(self, path: Path) -> None:
        if not path.name.lower().startswith(_LITTER):
            self.left_out[HIDDEN].append(path)

    def is_new(self, folder: Path) -> bool:
        """Return whether a folder was not seen before."""
        state = folder.stat()
        key = (state.st_dev, state.st_ino)
        if key in self.seen:
            self.left_out[SEEN_BEFORE].append(folder)
            return False
        self.seen.add(key)
        return True


def walk(root: Path) -> Found:
    """Return all files below a folder.

    Raises:
        InputError: there is no such folder, a folder cannot be read, or a link leads nowhere.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder; check the path")
    walking = _Walk(root)
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if walking.is_new(folder):
            waiting += reversed(walking.visit(folder))
    return Found(root, tuple(walking.folders), dict(walking.left_out))


def in_words(found: Found, others: Sequence[Path] = ()) -> list[str]:
    """Return what there is to say of what was left out, ``others`` being files of other kinds: one line, or none."""
    kinds = {**found.left_out, OTHER_KINDS: others}
    parts = [f"{len(paths)} {kind} ({_named(found.root, paths)})" for kind, paths in kinds.items() if paths]
    return [f"{found.root}: left out {', '.join(parts)}"] if parts else []


def _named(root: Path, paths: Sequence[Path]) -> str:
    names = [printable(path.relative_to(root).as_posix()) for path in paths[:_MOST_NAMED]]
    return ", ".join([*names, *(["..."] if len(paths) > _MOST_NAMED else [])])


def printable(name: str) -> str:
    """Return a name with what is no Unicode written as ``\\\\xNN``, so that it can be shown."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


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
