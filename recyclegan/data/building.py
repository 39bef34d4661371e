"""Decoding clips into the cache, several at once, until all are there or one fails or a signal ends it."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock

from recyclegan.arrays import Image
from recyclegan.data.colours import ColoursSeen
from recyclegan.data.entry import DamagedError, Entry, open_entry, write_entry
from recyclegan.data.loading import Source
from recyclegan.data.room import locked
from recyclegan.errors import InputError
from recyclegan.files import whole_file

Progress = Callable[[int, int, str], None]
"""Called with frames done, frames in all, and the name of the clip at hand."""

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
