"""What stands where in a crop, told so that two looks of one layout are told alike.

With the packaged weights it is what EfficientNet-Lite0 sees, each channel relative to its mean and spread in its own
look. Without them it is, for each place, how light and how rough it is among all places of its frame, and how high up
it lies. In a drawn world, and in one rendered by day and by night, crops that the first puts beside each other agree in
58 % of their pixels in what is shown, by the second in 53 and 51 %; by chance it is 28 and 32 % (docs/log.md).
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int8
from torch import Tensor

from recyclegan.data import CachedClip, DomainFrames
from recyclegan.data.eviction import locked, make_folder, mark_used
from recyclegan.features.efficientnet import ABOUT, weights_file
from recyclegan.files import whole_file
from recyclegan.matching.candidates import Candidate
from recyclegan.metrics.deep_features import deep_map
from recyclegan.tensors import Frames, to_frames

VERSION = 1
"""Changes with what is kept of a crop."""
DIGEST_BYTES = 32
CELLS = (4, 6)
"""Cells of a crop, from top to bottom and from left to right."""
POINTS = 2
"""Points that are looked at along each side of a cell."""
SIMPLE_SIDE = 64
"""Pixels of the shorter side that frames are brought to where no weights are there."""
ROUGH = 5
"""Pixels of such a frame that roughness is a mean over."""
LARGEST = 4.0
"""Standard deviations from the mean that are told apart at most."""

LayoutMap = Float[Tensor, "_ channels rows columns"]
Boxes = Float[Tensor, "crops 4"]
"""Top, bottom, left and right of crops, in shares of the frame."""
Described = Float[Tensor, "crops channels cells"]
Layout = Int8[Tensor, "_ numbers"]
"""What is kept of crops; distances between whole numbers are the same on every machine."""
Told = Callable[[int], None]
"""Hears how many crops are described."""


@dataclass(frozen=True)
class Layouts:
    """How crops are described."""

    name: str
    map: Callable[[Frames], LayoutMap]
    """What is seen at each place of frames."""


def known_layouts() -> Layouts:
    """Return how crops are described here: by deep features where their weights are installed."""
    return Layouts(ABOUT, deep_map) if weights_file() else Layouts("lightness, roughness, height", simple_map)


def simple_map(frames: Frames) -> LayoutMap:
    """Return the rank in lightness and in roughness, and the height, of each place of frames; each from 0 to 1."""
    height, width = frames.shape[-2:]
    scale = SIMPLE_SIDE / min(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    grey = F.interpolate(frames.mean(dim=1, keepdim=True), size=size, mode="bilinear", antialias=True)
    down = torch.linspace(0, 1, size[0])[:, None].expand_as(grey)
    return torch.cat([_ranks(grey), _ranks(_roughness(grey)), down], dim=1)


def _roughness(grey: LayoutMap) -> LayoutMap:
    """Return the mean step from pixel to pixel around each place."""
    padded = F.pad(grey, (0, 1, 0, 1), mode="replicate")
    steps = (padded[..., :-1, 1:] - grey).abs() + (padded[..., 1:, :-1] - grey).abs()
    return F.avg_pool2d(steps, ROUGH, 1, ROUGH // 2)


def _ranks(values: LayoutMap) -> LayoutMap:
    """Return the share of the places of a frame that have less than each place has."""
    flat = values.flatten(1)
    return flat.argsort(dim=1, stable=True).argsort(dim=1, stable=True).view_as(values) / flat.shape[1]


def describe(seen: LayoutMap, boxes: Boxes) -> Described:
    """Return what is seen in each cell of crops of one frame."""
    rows = _between(boxes[:, 0], boxes[:, 1], CELLS[0] * POINTS)
    columns = _between(boxes[:, 2], boxes[:, 3], CELLS[1] * POINTS)
    places = torch.stack(
        [columns[:, None].expand(-1, rows.shape[1], -1), rows[..., None].expand(-1, -1, columns.shape[1])], dim=-1
    )
    maps = seen.expand(len(boxes), -1, -1, -1)
    sampled = F.grid_sample(maps, places * 2 - 1, padding_mode="border", align_corners=False)
    return F.avg_pool2d(sampled, POINTS).flatten(2)


def _between(first: Float[Tensor, " crops"], last: Float[Tensor, " crops"], count: int) -> Float[Tensor, "crops _"]:
    """Return the middles of ``count`` equal parts between two places."""
    shares = (torch.arange(count) + 0.5) / count
    return first[:, None] + (last - first)[:, None] * shares


def relative(described: Described) -> Layout:
    """Return crops of one look as they are kept: each channel relative to its mean and spread over all of them."""
    mean, spread = described.mean(dim=(0, 2), keepdim=True), described.std(dim=(0, 2), keepdim=True)
    standing = (described - mean) / spread.clamp(min=1e-6)
    return (standing.flatten(1) / LARGEST * 127).round().clamp(-127, 127).to(torch.int8)


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
