"""The truth of VIPER, read frame by frame from the folders of its download.

``DIR/{cls,flow,flowbw}/SEQUENCE/FRAME.{png,npz}``: classes; ``u`` and ``v`` that lead from a frame to the next one
(``flow``) or to the one before (``flowbw``), in pixels to the right and down, not finite where they are unknown. Each
file bears the name of the frame that it starts from.

Source: Richter, Hayder and Koltun 2017, "Playing for Benchmarks", and the toolkit of its benchmark.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from recyclegan.arrays import ClassMap, FlowArray, MaskArray
from recyclegan.data.archives import read_arrays
from recyclegan.data.index import Clip
from recyclegan.data.label_maps import read_class_map
from recyclegan.errors import InputError
from recyclegan.evaluation.truth import FrameTruth, Size, Wanted, nearest, scaled_flow
from recyclegan.flow import visible, warp
from recyclegan.labels import VIPER
from recyclegan.metrics.motion import BACKWARD_MASK, BOTH_WAYS_MASK, FORWARD_MASK, consistent, turned
from recyclegan.metrics.segmentation import VOID
from recyclegan.tensors import Flow, Mask

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
        told = self.mask is not None
        files = self.source.files
        for index in range(len(files)) if wanted is None else wanted:
            before, frame = files[index - 1] if index else None, files[index]
            flow, seen = self._motion(before, frame, size) if told else (None, None)
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
