"""Label maps in image files: exact classes, or a refusal that names the value and the file. The one reader of them.

The colours that label maps hold, gathered frame by frame as they are written into the cache.
"""

import re
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from PIL import Image as Pillow
from PIL import ImageOps

from recyclegan.arrays import ClassMap, Image
from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.labels import (
    CITYSCAPES,
    CITYSCAPES_LABEL_IDS,
    LABEL_SETS,
    LARGEST_PALETTE,
    NUM_CITYSCAPES_LABELS,
    VOID,
    LabelSet,
    exact_class,
    exact_ids,
    packed,
)
from recyclegan.video import open_picture, read_image, refuse_missing_colours

_ID_MODES = ("1", "L", "I", "I;16", "I;16B", "I;16L", "I;16N")
_FEWEST_COLOURS = 3
"""Colours that tell a label map from a blank frame, such as the black one that a film begins with."""
_LOSSY_FORMATS = ("JPEG", "MPO")
_SPREAD = {"L;2": 85, "L;4": 17}
_CITYSCAPES_KIND = re.compile(r"_(labelIds|labelTrainIds|instanceIds|instanceTrainIds)$", re.IGNORECASE)

Levels = Int[np.ndarray, "height width"]


def read_class_map(path: Path, labels: LabelSet) -> ClassMap:
    """Return the class ids of a label map: those that it holds, or those of its colours, which must be exact.

    Raises:
        InputError: the file is missing, damaged or no image, or holds a value or a colour that is no class.
    """
    ids = read_ids(path, labels)
    return classes_of(read_image(path, as_labels=True), labels, str(path)) if ids is None else ids


def read_ids(source: Path | BufferedIOBase, labels: LabelSet, name: str = "") -> ClassMap | None:
    """Return the class ids that a map of one channel holds, None for a map that holds colours.

    A palette image holds colours where those that it uses are of the label set, ids where none is but black.
    Cityscapes' ``*_labelIds`` maps, told by their names, are brought to its training ids. ``name`` is what errors call
    the file.

    Raises:
        InputError: the file is missing, damaged or no image, or holds a value that is no class.
    """
    name = name or str(source)
    with open_picture(source, name) as opened:
        if opened.mode not in (*_ID_MODES, "P"):
            return None
        step = _step(opened, name)
        refuse_missing_colours(opened)
        picture = ImageOps.exif_transpose(opened)
        levels, colours = np.array(picture).astype(np.int64) // step, _used(picture)
    if colours is not None and _are_colours(colours, labels, name):
        return None
    try:
        return exact_ids(_of_cityscapes(levels, name) if labels is CITYSCAPES else levels, labels)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def classes_of(image: Image, labels: LabelSet, name: str) -> ClassMap:
    """Return the class of each pixel of an image in a label set's very colours; ``name`` is what errors call it.

    Raises:
        InputError: it has a colour that is no class.
    """
    try:
        return exact_class(image, labels)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def shows_label_map(image: Image) -> bool:
    """Return whether an image is a label map for certain: three colours or more, all of them of one known label set."""
    colours = {tuple(colour) for colour in np.unique(image.reshape(-1, image.shape[-1]), axis=0).tolist()}
    return len(colours) >= _FEWEST_COLOURS and any(
        colours <= {tuple(colour) for colour in labels.painted.tolist()} for labels in LABEL_SETS.values()
    )


def _step(picture: Pillow.Image, name: str) -> int:
    """Return what Pillow multiplies the levels of few bits by, to spread them over 8.

    Raises:
        InputError: the levels do not come back exactly.
    """
    tile: Any = next(iter(getattr(picture, "tile", ())), None)
    args = tile.args if tile else ""
    raw = str(args[0] if isinstance(args, tuple) else args)
    is_inverted = "I" in raw.partition(";")[2].removeprefix("16")
    is_scaled = picture.format == "PPM" and tile is not None and tile.codec_name != "raw"
    if picture.format in _LOSSY_FORMATS or is_inverted or is_scaled:
        why = "stored inverted" if is_inverted else "spread over 8 bits" if is_scaled else "blurred by JPEG"
        raise InputError(f"{name}: its levels are {why}, so that class ids do not come back; save them as PNG")
    return next((step for bits, step in _SPREAD.items() if raw.startswith(bits)), 1)


def _used(picture: Pillow.Image) -> Image | None:
    """Return the distinct colours that the pixels of a palette image have, as a picture of one row."""
    if picture.mode != "P":
        return None
    counts = np.bincount(np.asarray(picture).ravel(), minlength=256)
    row = Pillow.fromarray(np.flatnonzero(counts).astype(np.uint8)[None], "P")
    row.putpalette(picture.getpalette() or [])
    return np.array(row.convert("RGB"))


def _are_colours(colours: Image, labels: LabelSet, name: str) -> bool:
    """Return whether the colours of a palette image are those of the label set; if none is but black, it holds ids."""
    known = {tuple(colour) for colour in labels.painted.tolist()}
    used = {tuple(colour) for colour in colours[0].tolist()}
    if used <= known:
        return True
    if used & known - {(0, 0, 0)}:
        raise InputError(
            f"{name}: its palette has colour {min(used - known)}, neither a class of {labels.name} nor void, beside "
            "such that are; save class ids as grey levels, or name the label set"
        )
    return False


def _of_cityscapes(levels: Levels, name: str) -> Levels:
    """Return Cityscapes' training ids from what the file's name says that it holds."""
    kind = _CITYSCAPES_KIND.search(Path(name).stem)
    if kind and kind.group(1).lower().startswith("instance"):
        raise InputError("holds numbers of instances, expected classes; name the labelIds or labelTrainIds maps")
    if kind and kind.group(1).lower() == "labelids" and levels.min() >= 0:
        training_ids = np.full(max(int(levels.max()) + 1, 256), -1)
        training_ids[[*range(NUM_CITYSCAPES_LABELS), VOID]] = VOID
        training_ids[list(CITYSCAPES_LABEL_IDS)] = np.arange(len(CITYSCAPES_LABEL_IDS))
        return np.where(training_ids[levels] < 0, levels, training_ids[levels])
    if not kind and ((levels > max(CITYSCAPES.ids)) & (levels < NUM_CITYSCAPES_LABELS)).any():
        raise InputError(
            f"class id {levels[(levels > max(CITYSCAPES.ids)) & (levels < NUM_CITYSCAPES_LABELS)][0]}: no training id "
            "of cityscapes, whose labelIds it may be; name such maps *_labelIds.png, or give the labelTrainIds maps"
        )
    return levels


_NUM_COLOURS = 1 << 24


class ColoursSeen:
    """The distinct colours of all frames of a clip of label maps."""

    def __init__(self, name: str) -> None:
        """Begin with no colour; ``name`` is that of the clip."""
        self._name = name
        self._is_seen = np.zeros(_NUM_COLOURS, bool)
        self._colours: list[int] = []

    def add(self, image: Image) -> None:
        """Add the colours of a frame; grey is a colour of three equal levels.

        Raises:
            InputError: there are more than 256 now.
        """
        found = packed(np.broadcast_to(image, (*image.shape[:2], 3)))
        new = np.unique(found[~self._is_seen[found]])
        self._is_seen[new] = True
        self._colours += new.tolist()
        if len(self._colours) > LARGEST_PALETTE:
            raise InputError(
                f"{self._name}: {len(self._colours)} colours: not a label map (expected at most {LARGEST_PALETTE}); "
                "name label maps saved without compression loss"
            )

    @property
    def palette(self) -> Colours:
        """Return the colours, sorted by red, then green, then blue."""
        return tuple((colour >> 16, (colour >> 8) & 255, colour & 255) for colour in sorted(self._colours))
