"""Frames of the user's own footage: those that int8 is calibrated on, and others that it is judged on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from recyclegan.arrays import Image
from recyclegan.checkpoint import Card
from recyclegan.data.index import Clip, find_clips
from recyclegan.data.resize import Resize
from recyclegan.engines.on_device import grey_of, to_signed
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.paths import AnyPath, as_path
from recyclegan.video import IMAGE_SUFFIXES, read_frame, read_image

MOST_FRAMES = 40
"""Frames that are taken at most, evenly over the footage."""
JUDGED = 5
"""Every fifth of them is judged on, so that it is none of those that are calibrated on."""
LEAST_FRAMES = 10


@dataclass(frozen=True)
class CalibrationFrames:
    """Frames as an exported file takes them, one a tensor: (1, ...), since their sizes may differ."""

    calibrating: list[Tensor]
    judging: list[Tensor]
    name: str
    """What the footage is called."""


def calibration_frames(place: AnyPath, card: Card, images: bool, to_scale: Resize) -> CalibrationFrames:
    """Return frames of a video or of a folder of videos and frames, evenly spread over it, brought to a scale.

    With ``images`` they are 8-bit images (NHWC), else frames in [-1, 1] (NCHW).

    Raises:
        InputError: there are none, too few, or none that the translator reads.
    """
    place = as_path(place)
    pictures = _pictures(place, card.labels_in)
    if len(pictures) < LEAST_FRAMES:
        raise InputError(f"{place}: holds {len(pictures)} frames, expected at least {LEAST_FRAMES}; give more footage")
    given = [_given(to_scale(image, is_label=card.labels_in), card, images) for image in pictures]
    judging = given[JUDGED - 1 :: JUDGED]
    return CalibrationFrames([one for number, one in enumerate(given, 1) if number % JUDGED], judging, place.name)


def _given(image: Image, card: Card, images: bool) -> Tensor:
    levels = torch.from_numpy(np.array(image[None])).permute(0, 3, 1, 2)
    seen = grey_of(levels) if card.channels_in == 1 else levels
    return seen.permute(0, 2, 3, 1).contiguous() if images else to_signed(seen)


def _pictures(place: Path, as_labels: bool) -> list[Image]:
    """Return up to ``MOST_FRAMES`` frames, as many of each of the clips that they are taken from."""
    clips = _clips(place)
    chosen = clips[:: -(-len(clips) // MOST_FRAMES)]
    share = -(-MOST_FRAMES // len(chosen))
    return [image for clip in chosen for image in _spread(clip, share, as_labels)][:MOST_FRAMES]


def _clips(place: Path) -> tuple[Clip, ...]:
    match kind_of(place):
        case "folder":
            return find_clips(place)
        case "file" if place.suffix.lower() in IMAGE_SUFFIXES:
            return (Clip(place.stem, "frames", (place,)),)
        case "file":
            return (Clip(place.stem, "video", (place,)),)
    raise InputError(f"{place}: no such file or folder; expected a video, or a folder of videos or frames")


def _spread(clip: Clip, count: int, as_labels: bool) -> Iterator[Image]:
    """Yield at most ``count`` frames, evenly over a clip."""
    taken = min(count, clip.num_frames)
    numbers = [place * clip.num_frames // taken for place in range(taken)]
    if clip.kind == "video":
        return (read_frame(clip.files[0], number) for number in numbers)
    return (read_image(clip.files[number], as_labels) for number in numbers)
