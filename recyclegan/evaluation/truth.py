"""What is known about the source: its classes, and how each frame came out of the one before.

Three forms. ``NAME.npz`` holds all of a clip called NAME: ``classes`` [time, height, width] (8-bit ids),
``flow_backward`` [time, height, width, 2] (pixels) and ``visible_backward`` [time, height, width]. Label maps (a video
or a folder of frames called NAME) tell the classes alone. VIPER's folders, as downloaded, are read frame by frame: see
`recyclegan.evaluation.viper`.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Shaped

from recyclegan.arrays import ClassMap, FlowArray, MaskArray
from recyclegan.data.archives import read_arrays
from recyclegan.data.index import Clip
from recyclegan.data.label_maps import classes_of, read_class_map
from recyclegan.errors import InputError
from recyclegan.evaluation.arrays import check_arrays, known_motion
from recyclegan.labels import LabelSet, exact_ids
from recyclegan.metrics.motion import EXACT_MASK

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
            told = known_motion(flow[index].astype(np.float32), visible[index].astype(bool))
            yield resized(FrameTruth(self._ids(classes[index]), *told), size)

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
