"""The layouts of a domain's crops: described once, then read from the cache."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from recyclegan.data import CachedClip, DomainFrames
from recyclegan.data.eviction import locked, make_folder, mark_used
from recyclegan.files import whole_file
from recyclegan.matching.candidates import Candidate
from recyclegan.matching.layouts import Boxes, Described, Layout, Layouts, describe, relative
from recyclegan.tensors import to_frames

VERSION = 1
"""Changes with what is kept of a crop."""
DIGEST_BYTES = 32

Told = Callable[[int], None]
"""Hears how many crops are described."""


def layouts_of(
    frames: DomainFrames, candidates: Sequence[Candidate], layouts: Layouts, folder: Path | None, told: Told
) -> Layout:
    """Return the layouts of crops of a domain; those of clips in the cache are kept in ``folder``, beside them.

    Raises:
        InputError: frames are damaged in the cache, or layouts cannot be written there.
    """
    digests = [clip.digest for clip in frames.clips if isinstance(clip, CachedClip)]
    if folder is None or len(digests) < len(frames.clips):
        return described(frames, candidates, layouts, told)
    path = folder / f"{_key(digests, candidates, layouts)}.npy"
    make_folder(folder)
    with locked(path, lambda: False):
        found = _read(path, len(candidates))
        if found is None:
            found = described(frames, candidates, layouts, told)
            _write(path, found)
    mark_used(path)
    return found


def described(frames: DomainFrames, candidates: Sequence[Candidate], layouts: Layouts, told: Told) -> Layout:
    """Return the layouts of crops of one domain, which come window by window."""
    found: list[Described] = []
    for one in _by_window(frames, candidates, layouts):
        found.append(one)
        told(sum(map(len, found)))
    return relative(torch.cat(found))


def _by_window(frames: DomainFrames, candidates: Sequence[Candidate], layouts: Layouts) -> Iterator[Described]:
    for (clip, start), crops in groupby(candidates, lambda one: (one.clip, one.start)):
        frame = frames.clips[clip][start : start + 1]
        yield describe(layouts.map(to_frames(frame)), _boxes(list(crops), *frame.shape[1:3]))


def _boxes(crops: Sequence[Candidate], height: int, width: int) -> Boxes:
    sides = [(one.rows.start, one.rows.stop, one.columns.start, one.columns.stop) for one in crops]
    return torch.tensor(sides, dtype=torch.float32) / torch.tensor([height, height, width, width])


def _key(digests: Sequence[str], candidates: Sequence[Candidate], layouts: Layouts) -> str:
    """Return a name that changes with the frames, with the crops, and with how they are described."""
    text = json.dumps([VERSION, layouts.name, digests, [str(one) for one in candidates]])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(path: Path, num_crops: int) -> Layout | None:
    """Return what a file of the cache holds; None where there is none, or it is not as it was written."""
    data = path.read_bytes() if path.is_file() else b""
    body, seal = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if not body or hashlib.sha256(body).digest() != seal:
        return None
    found = torch.from_numpy(np.load(io.BytesIO(body)))
    return found if len(found) == num_crops else None


def _write(path: Path, layout: Layout) -> None:
    body = io.BytesIO()
    np.save(body, layout.numpy())
    with whole_file(path) as scratch:
        scratch.write_bytes(body.getvalue() + hashlib.sha256(body.getvalue()).digest())
