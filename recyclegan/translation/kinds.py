"""Frames of every kind that people hold them in, and how translations become the same kind again.

The levels of pixels: 8 bits, or floats in [-1, 1] or [0, 1], which are never taken for each other.
"""

import math
import os
import reprlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as Pillow
from torch import Tensor

from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.paths import as_path
from recyclegan.video import IMAGE_SUFFIXES, VideoFrame, VideoReader, probe, read_image, refuse_missing_colours

Levels = Literal["signed", "unit"]
"""What floats are: ``signed`` in [-1, 1] (-1 is black), ``unit`` in [0, 1] (0 is black)."""
LEAST = {"signed": -1.0, "unit": 0.0}
ROUNDING = 0.5 / 255
"""By how much floats may lie outside of their range, in shares of it: half a level of 8 bits."""
SURELY_SIGNED = -0.5
"""No rounding and no resizing takes a float of [0, 1] below this; one that lies there is of [-1, 1]."""


def are_surely_signed(given: Iterable[Any]) -> bool:
    """Return whether a float of an array or tensor among others can only be of [-1, 1]."""
    return any(_least(item) < SURELY_SIGNED for item in given)


def _least(item: Any) -> float:
    is_array = isinstance(item, np.ndarray) and item.dtype.kind == "f"
    is_tensor = isinstance(item, Tensor) and item.is_floating_point()
    if not (is_array or is_tensor) or 0 in item.shape:
        return math.inf
    return float(item.min())


def to_bytes(values: np.ndarray, what: str, levels: Levels | None) -> np.ndarray:
    """Return an array as 8 bits, floats rounded to the nearest level; ``what`` is what errors call it.

    Raises:
        InputError: its numbers are of another type, out of range, not finite, or of a range that is not clear.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind != "f":
        raise InputError(f"{what}: expected whole numbers of 8 bits (uint8), or floats in [-1, 1] or [0, 1]")
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(f"{what}: holds numbers that are not finite; expected [-1, 1] or [0, 1]")
    found = f"{what}: holds {low:.4g} to {high:.4g}"
    if levels is None:
        raise InputError(f"{found}; {_unclear(low, high)}")
    least = LEAST[levels]
    share_low, share_high = (low - least) / (1 - least), (high - least) / (1 - least)
    if share_low < -ROUNDING or share_high > 1 + ROUNDING:
        raise InputError(f"{found}; expected {least:g} to 1 (levels={levels!r}); clamp or scale it")
    return np.clip(np.rint((values.astype(np.float64) - least) / (1 - least) * 255), 0, 255).astype(np.uint8)


def _unclear(low: float, high: float) -> str:
    if low >= 0 and high > 2:
        return "expected floats in [0, 1] or [-1, 1]; divide by 255, or give 8-bit numbers (uint8)"
    if low < -1 - 2 * ROUNDING or high > 1 + ROUNDING:
        return "expected floats in [-1, 1] or [0, 1]; clamp or scale it"
    return 'which may be of [0, 1] or of [-1, 1]; say levels="unit" or levels="signed"'


def from_bytes(values: np.ndarray, kind: np.dtype, levels: Levels | None) -> np.ndarray:
    """Return 8-bit values as the type that they came in, at its levels."""
    if kind == np.uint8:
        return values
    least = LEAST[levels or "signed"]
    return (values / 255 * (1 - least) + least).astype(kind)


Picture = UInt8[np.ndarray, "_ _ _"]
"""An image among others, which may differ from it in size."""
Images = UInt8[np.ndarray, "batch height width _"]
Layout = Literal["HW", "HWC", "CHW", "NHWC", "NCHW"]
"""What the axes of an array or tensor are: number, height, width, channels."""
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
BATCH = "NHWC"
CHANNELS = (1, 3)
WITH_ALPHA = (2, 4)
PICTURE_MODES = ("1", "L", "P", "RGB")
EXPECTED = "expected a path, a PIL picture, an array, a tensor, a list of these, or an iterator of them"


@dataclass(frozen=True)
class Unpacked:
    """The frames of one thing that was given."""

    images: list[Picture]
    """8-bit RGB."""
    pack: Callable[[list[Picture]], Any]
    """Makes the same kind of thing of as many translations, whose channels may be others."""


def is_stream(given: Any) -> bool:
    """Return whether something gives frames one after the other, such as a generator or a ``DataLoader``."""
    return isinstance(given, Iterable) and not isinstance(given, Collection | Pillow.Image | Tensor | np.ndarray)


def frames_of(path: Path) -> Iterator[Picture]:
    """Return the frames of a video file one after the other.

    Raises:
        InputError: there is no such file, or it is no video.
    """
    if kind_of(path) == "folder":
        raise InputError(f"{path}: is a folder, expected a video or an image; translate_folder translates folders")
    probe(path)
    return (frame.image for frame in VideoReader(path))


def unpacked_each(
    items: Iterable[Any], layout: Layout | None, levels: Levels | None, labels: bool
) -> Iterator[Unpacked]:
    """Yield each item unpacked; once one is surely in [-1, 1], so are those that follow."""
    for item in items:
        levels = levels or ("signed" if are_surely_signed(_leaves(item)) else None)
        yield unpacked(item, layout, levels, labels)


def unpacked(given: Any, layout: Layout | None, levels: Levels | None, labels: bool) -> Unpacked:
    """Return the frames of one thing, and what makes the same kind of thing again; ``labels``: they are label maps.

    Raises:
        InputError: it holds no frames, or it is not clear how they lie in it or what their levels are.
    """
    match given:
        case str() | os.PathLike():
            return Unpacked([_read(as_path(given), labels)], lambda images: _picture(images[0]))
        case VideoFrame():
            return Unpacked([given.image], lambda images: VideoFrame(images[0], given.time))
        case Pillow.Image():
            return Unpacked([_pixels(given)], lambda images: _picture(images[0]))
        case np.ndarray():
            return _of_array(given, f"array of {given.dtype} and shape {given.shape}", layout, levels)
        case Tensor():
            return _of_tensor(given, layout, levels)
        case list() | tuple():
            return _of_list(given, layout, levels, labels)
    raise InputError(f"{_called(given)}: is no frame; {EXPECTED}")


def with_channels(images: Images, channels: int) -> Images:
    """Return RGB images with as many channels as a generator reads.

    Raises:
        InputError: they have another number, and are not RGB that can become grey.
    """
    check_channels(images, channels)
    if channels == images.shape[3]:
        return images
    return np.stack([np.asarray(Pillow.fromarray(image).convert("L"))[..., None] for image in images])


def check_channels(images: Images, channels: int) -> None:
    """Refuse images that have another number of channels than a generator reads, and are not RGB that can become grey.

    Raises:
        InputError: they are such.
    """
    if images.shape[3] != channels and channels != 1:
        raise InputError(f"images: found {images.shape[3]} channels, expected {channels}")


def _of_list(
    given: list[Any] | tuple[Any, ...], layout: Layout | None, levels: Levels | None, labels: bool
) -> Unpacked:
    if not given:
        raise InputError(f"empty {type(given).__name__}: holds no frames; expected at least one")
    parts = [unpacked(item, layout, levels, labels) for item in given]

    def pack(images: list[Picture]) -> Any:
        remaining = iter(images)
        packed = [part.pack(list(islice(remaining, len(part.images)))) for part in parts]
        return packed if isinstance(given, list) else tuple(packed)

    return Unpacked([image for part in parts for image in part.images], pack)


def _of_array(array: np.ndarray, what: str, layout: Layout | None, levels: Levels | None) -> Unpacked:
    found = _layout(array.shape, what, layout)
    batch = to_bytes(_to_batch(array, found), what, levels)
    coloured = np.repeat(batch, 3 // batch.shape[3], axis=3)
    return Unpacked(
        list(coloured), lambda images: from_bytes(_from_batch(np.stack(images), found), array.dtype, levels)
    )


def _of_tensor(tensor: Tensor, layout: Layout | None, levels: Levels | None) -> Unpacked:
    here = tensor.detach().cpu()
    exact = here.float() if here.is_floating_point() and here.dtype != torch.float64 else here
    inner = _of_array(exact.numpy(), f"tensor of {tensor.dtype} and shape {tuple(tensor.shape)}", layout, levels)
    return Unpacked(inner.images, lambda images: torch.from_numpy(inner.pack(images)).to(tensor.device, tensor.dtype))


def _layout(shape: tuple[int, ...], what: str, said: Layout | None) -> Layout:
    """Return how the axes of an array lie: as it is said, or the only way in which it has 1 or 3 channels."""
    if 0 in shape:
        raise InputError(f"{what}: is empty; expected at least one frame of one pixel")
    possible = [layout for layout in LAYOUTS if _is_possible(layout, shape)]
    if said in possible:
        return said
    if said:
        raise InputError(f"{what}: does not lie as layout={said!r} says; expected {len(said)} axes, C of 1 or 3")
    if len(possible) > 1:
        directions = " or ".join(f"layout={layout!r}" for layout in possible)
        raise InputError(f"{what}: could lie in {len(possible)} ways; say {directions}")
    if not possible:
        has_alpha = len(shape) > 2 and (shape[-1] in WITH_ALPHA or shape[-3] in WITH_ALPHA)
        alpha = "; leave its alpha channel out, as in x[..., :3]" if has_alpha else ""
        raise InputError(f"{what}: expected {', '.join(LAYOUTS)} with 1 or 3 channels (C){alpha}")
    return possible[0]


def _is_possible(layout: Layout, shape: tuple[int, ...]) -> bool:
    return len(layout) == len(shape) and ("C" not in layout or shape[layout.index("C")] in CHANNELS)


def _to_batch(array: np.ndarray, layout: Layout) -> np.ndarray:
    """Return an array as N, H, W, C."""
    ordered = array.transpose([layout.index(axis) for axis in BATCH if axis in layout])
    return np.expand_dims(ordered, _missing(layout))


def _from_batch(batch: np.ndarray, layout: Layout) -> np.ndarray:
    """Return N, H, W, C as it lay before; a frame that had no axis for channels gets one if it needs it."""
    if layout == "HW" and batch.shape[3] > 1:
        layout = "HWC"
    kept = [axis for axis in BATCH if axis in layout]
    squeezed = batch.squeeze(_missing(layout))
    return np.ascontiguousarray(squeezed.transpose([kept.index(axis) for axis in layout]))


def _missing(layout: Layout) -> tuple[int, ...]:
    return tuple(place for place, axis in enumerate(BATCH) if axis not in layout)


def _read(path: Path, labels: bool) -> Picture:
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(f"{path}: is not the name of an image; of several things, only images may be named by path")
    return read_image(path, labels)


def _pixels(picture: Pillow.Image) -> Picture:
    """Return the pixels of a PIL picture as RGB."""
    what = f"PIL picture of mode {picture.mode} and size {picture.size}"
    if 0 in picture.size:
        raise InputError(f"{what}: is empty; expected at least one pixel")
    if picture.has_transparency_data:
        raise InputError(f"{what}: has an alpha channel; expected RGB or L, such as picture.convert('RGB')")
    if picture.mode not in PICTURE_MODES:
        raise InputError(f"{what}: expected RGB or L, 8 bits a channel; convert it, such as picture.convert('RGB')")
    try:
        refuse_missing_colours(picture)
        return np.array(picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: cannot be decoded ({error}); replace its file") from error


def _picture(image: Picture) -> Pillow.Image:
    return Pillow.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)


def _leaves(given: Any) -> Iterator[Any]:
    if isinstance(given, list | tuple):
        for item in given:
            yield from _leaves(item)
    else:
        yield given


def _called(given: Any) -> str:
    """Return what an error calls a thing that is no frame."""
    return type(given).__name__ if isinstance(given, Collection) else reprlib.repr(given)
