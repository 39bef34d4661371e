"""What is known about the source: its classes, and how each frame came out of the one before.

Three forms. ``NAME.npz`` holds all of a clip called NAME: ``classes`` [time, height, width] (8-bit ids),
``flow_backward`` [time, height, width, 2] (pixels) and ``visible_backward`` [time, height, width]. Label maps (a video
or a folder of frames called NAME) tell the classes alone. VIPER's download is read frame by frame:
``DIR/{cls,flow,flowbw}/SEQUENCE/FRAME.{png,npz}`` tell classes, and ``u`` and ``v`` that lead from a frame to the next
one (``flow``) or to the one before (``flowbw``), in pixels to the right and down, not finite where they are unknown;
each file bears the name of the frame that it starts from.

Source: Richter, Hayder and Koltun 2017, "Playing for Benchmarks", and the toolkit of its benchmark.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32, Shaped

from recyclegan.arrays import ClassMap, FlowArray, MaskArray
from recyclegan.data.archives import read_arrays
from recyclegan.data.index import Clip
from recyclegan.data.label_maps import classes_of, read_class_map
from recyclegan.errors import InputError
from recyclegan.flow import visible, warp
from recyclegan.labels import VIPER, LabelSet, exact_ids
from recyclegan.metrics.flow_estimation import (
    BACKWARD_MASK,
    BOTH_WAYS_MASK,
    EXACT_MASK,
    FORWARD_MASK,
    consistent,
    turned,
)
from recyclegan.metrics.segmentation import VOID
from recyclegan.tensors import Flow, Mask

TRUTH_KEYS = ("classes", "flow_backward", "visible_backward")
_LARGEST_ID = 255

Size = tuple[int, int]
"""Height and width."""
Wanted = Sequence[int]
"""Numbers of frames, in order."""


@dataclass(frozen=True)
class FrameTruth:
    """What is known of a frame: its classes, and, from a renderer, how it came out of the frame before."""

    classes: ClassMap
    flow: FlowArray | None = None
    visible: MaskArray | None = None


@runtime_checkable
class Truth(Protocol):
    """The truth about one clip."""

    @property
    def mask(self) -> str | None:
        """Return in words how it is known which pixels were visible before; None where no flow is told."""

    @property
    def tells_classes(self) -> bool:
        """Return whether it holds classes."""

    def frames(self, size: Size, wanted: Wanted | None = None) -> Iterator[FrameTruth]:
        """Yield the truth of each (wanted) frame at a size: by nearest neighbour, the flow scaled with it.

        Raises:
            InputError: a file is damaged, or does not tell what it should.
        """


@dataclass(frozen=True)
class ArrayTruth:
    """The truth of a whole clip in one ``.npz`` file."""

    path: Path
    num_frames: int
    labels: LabelSet | None = None
    """What the classes are of, where they are asked for."""
    mask = EXACT_MASK
    tells_classes = True

    def __post_init__(self) -> None:
        if not zipfile.is_zipfile(self.path):
            raise InputError(f"{self.path}: is no .npz file; expected arrays {', '.join(TRUTH_KEYS)}")

    def frames(self, size: Size, wanted: Wanted | None = None) -> Iterator[FrameTruth]:
        """Yield the truth of each frame at a size, or of the wanted ones."""
        arrays = read_arrays(self.path, TRUTH_KEYS)
        check_arrays(arrays, self.path)
        classes, flow, visible = (arrays[key] for key in TRUTH_KEYS)
        if lengths := {len(array) for array in arrays.values()} - {self.num_frames}:
            raise InputError(
                f"{self.path}: tells {min(lengths)} frames, the clip has {self.num_frames};"
                " make the truth of the whole clip"
            )
        if classes.ndim != 3 or flow.shape != (*classes.shape, 2) or visible.shape != classes.shape:
            shapes = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
            raise InputError(f"{self.path}: holds {shapes}; expected (time, height, width), and 2 more for flow")
        for index in range(self.num_frames) if wanted is None else wanted:
            motion = known_motion(flow[index].astype(np.float32), visible[index].astype(bool))
            yield resized(FrameTruth(self._ids(classes[index]), *motion), size)

    def _ids(self, classes: np.ndarray) -> ClassMap:
        """Return classes of any whole type as 8-bit ids."""
        try:
            if self.labels:
                return exact_ids(classes.astype(np.int64), self.labels)
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error
        if classes.min(initial=0) < 0 or classes.max(initial=0) > _LARGEST_ID:
            strange = classes.min() if classes.min(initial=0) < 0 else classes.max()
            raise InputError(f"{self.path}: holds class id {strange}; expected 0 to {_LARGEST_ID}, 255 being void")
        return classes.astype(np.uint8)


@dataclass(frozen=True)
class LabelTruth:
    """Label maps of a clip, which tell the classes alone."""

    clip: Clip
    labels: LabelSet
    mask = None
    tells_classes = True

    def frames(self, size: Size, wanted: Wanted | None = None) -> Iterator[FrameTruth]:
        """Yield the truth of each frame at a size, or of the wanted ones."""
        numbers = range(self.clip.num_frames) if wanted is None else wanted
        return (FrameTruth(nearest(classes, size)) for classes in self._maps(frozenset(numbers)))

    def _maps(self, wanted: frozenset[int]) -> Iterator[ClassMap]:
        if self.clip.kind == "frames":
            return (read_class_map(self.clip.files[index], self.labels) for index in sorted(wanted))
        name, images = str(self.clip.files[0]), enumerate(self.clip.images(as_labels=True))
        return (classes_of(image, self.labels, name) for index, image in images if index in wanted)


def resized(truth: FrameTruth, size: Size) -> FrameTruth:
    """Return the truth at another size by nearest neighbour, its flow in pixels of that size."""
    if truth.classes.shape == size:
        return truth
    assert truth.flow is not None
    assert truth.visible is not None
    return FrameTruth(nearest(truth.classes, size), scaled_flow(truth.flow, size), nearest(truth.visible, size))


def scaled_flow(flow: FlowArray, size: Size) -> Float32[np.ndarray, "_ _ 2"]:
    """Return a flow at another size by nearest neighbour, in pixels of that size."""
    height, width = flow.shape[:2]
    return nearest(flow, size) * np.array([size[1] / width, size[0] / height], np.float32)


def nearest(array: Shaped[np.ndarray, "height width *rest"], size: Size) -> np.ndarray:
    """Return an array at another size by nearest neighbour."""
    if array.shape[:2] == size:
        return array
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.int64) for new, old in zip(size, array.shape[:2], strict=True)
    )
    return array[rows[:, None], columns]


KINDS = {
    "classes": ("biu", "whole numbers"),
    "flow_backward": ("fiu", "numbers"),
    "visible_backward": ("biu", "truth values"),
}
"""For each array the kinds of its values, in NumPy's letters and in words."""


def check_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Refuse arrays of a clip's truth that are of another kind, of no frames or of no pixels.

    Raises:
        InputError: there is such.
    """
    for name, (kinds, words) in KINDS.items():
        array = arrays[name]
        if array.dtype.kind not in kinds:
            raise InputError(f"{path}: {name} holds values of type {array.dtype}, expected {words}; write it anew")
        if array.ndim < 3 or not array.size:
            raise InputError(f"{path}: {name} is of shape {array.shape}, expected (time, height, width); write it anew")


def known_motion(flow: FlowArray, visible: MaskArray) -> tuple[FlowArray, MaskArray]:
    """Return a flow, 0 where it is not finite, and where a pixel was visible and its flow is known."""
    known = np.isfinite(flow).all(axis=2)
    return np.where(known[..., None], flow, np.float32(0)), visible & known


CLASSES, FORWARD, BACKWARD = "cls", "flow", "flowbw"


def is_viper(folder: Path) -> bool:
    """Return whether a folder looks like VIPER's download."""
    return any((folder / kind).is_dir() for kind in (CLASSES, FORWARD, BACKWARD))


@dataclass(frozen=True)
class ViperTruth:
    """The truth of a sequence of VIPER; a frame belongs to the files of its own name."""

    folder: Path
    """Holds ``cls``, ``flow`` and ``flowbw``, or some of them."""
    source: Clip

    def __post_init__(self) -> None:
        if self.source.kind != "frames":
            raise InputError(
                f"{self.source.files[0]}: VIPER's truth goes by the names of frames; name their folder as source"
            )
        if not any(self._has(kind) for kind in (CLASSES, FORWARD, BACKWARD)):
            expected = self._file(BACKWARD, self.source.files[-1])
            raise InputError(f"{self.folder}: tells nothing about {self.source.name}; expected such as {expected}")

    @property
    def mask(self) -> str | None:
        """Return how visible pixels are known, by which of the two flows is there."""
        if self._has(BACKWARD):
            return BOTH_WAYS_MASK if self._has(FORWARD) else BACKWARD_MASK
        return FORWARD_MASK if self._has(FORWARD) else None

    @property
    def tells_classes(self) -> bool:
        """Return whether there are label maps of this sequence."""
        return self._has(CLASSES)

    def frames(self, size: Size, wanted: Wanted | None = None) -> Iterator[FrameTruth]:
        """Yield the truth of each (wanted) frame at a size; what no file tells is void, or seen nowhere."""
        has_mask = self.mask is not None
        files = self.source.files
        for index in range(len(files)) if wanted is None else wanted:
            before, frame = files[index - 1] if index else None, files[index]
            flow, seen = self._motion(before, frame, size) if has_mask else (None, None)
            yield FrameTruth(self._classes(frame, size), flow, seen)

    def _has(self, kind: str) -> bool:
        return any(self._file(kind, frame).is_file() for frame in self.source.files)

    def _file(self, kind: str, frame: Path) -> Path:
        suffix = ".png" if kind == CLASSES else ".npz"
        return self.folder / kind / frame.parent.name / f"{frame.stem}{suffix}"

    def _classes(self, frame: Path, size: Size) -> ClassMap:
        path = self._file(CLASSES, frame)
        return nearest(read_class_map(path, VIPER), size) if path.is_file() else np.full(size, VOID, np.uint8)

    def _motion(self, before: Path | None, frame: Path, size: Size) -> tuple[FlowArray, MaskArray]:
        """Return the backward flow of a frame, and where it is known and was visible."""
        forward, backward = None, None
        if before is not None and _follows(before, frame):
            forward = self._flow(self._file(FORWARD, before), size)
            backward = self._flow(self._file(BACKWARD, frame), size)
        if backward is not None:
            return _checked(-backward, None if forward is None else -forward)
        if forward is not None and not self._has(BACKWARD):
            return turned(forward)
        return np.zeros((*size, 2), np.float32), np.zeros(size, bool)

    def _flow(self, path: Path, size: Size) -> FlowArray | None:
        if not path.is_file():
            return None
        arrays = read_arrays(path, ("u", "v"))
        if arrays["u"].ndim != 2 or arrays["u"].shape != arrays["v"].shape:
            found = " and ".join(str(array.shape) for array in arrays.values())
            raise InputError(f"{path}: holds u and v of shapes {found}; expected (height, width) for both")
        return scaled_flow(np.stack([arrays["u"], arrays["v"]], axis=-1).astype(np.float32), size)


def _follows(before: Path, frame: Path) -> bool:
    """Return whether two frames are neighbours by their numbers: flow does not lead over a gap."""
    numbers = [re.findall(r"\d+", path.stem) for path in (before, frame)]
    return all(numbers) and int(numbers[1][-1]) == int(numbers[0][-1]) + 1


def _checked(backward: FlowArray, forward: FlowArray | None) -> tuple[FlowArray, MaskArray]:
    """Return a backward flow without holes, and where it is known and the forward flow, if there is one, agrees."""
    known, flow = _without_holes(backward)
    known &= visible(flow)
    if forward is not None:
        known_forward, back = _without_holes(forward)
        known &= (warp(known_forward.float(), flow) > 0.5) & consistent(flow, back)
    return flow[0].permute(1, 2, 0).numpy(), known[0, 0].numpy()


def _without_holes(flow: FlowArray) -> tuple[Mask, Flow]:
    """Return where a flow is known, and the flow, which is 0 elsewhere."""
    batch = torch.from_numpy(flow).permute(2, 0, 1)[None]
    known = batch.isfinite().all(dim=1, keepdim=True)
    return known, batch.where(known, torch.zeros(()))
