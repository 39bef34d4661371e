"""Frames under synthetic motion, to be looked at before training."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image as PillowImage

from recyclegan.arrays import Image, Picture
from recyclegan.data import Clip, Resize, find_clips
from recyclegan.errors import InputError
from recyclegan.files import whole_file
from recyclegan.flow import Motion, sample_motion
from recyclegan.pages.grids import Band, Row, image_grid, letters_for, sheet, with_key
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.frames import Damaged, Reading
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Flow, Frames, to_frames, to_images
from recyclegan.video import write_image, write_video

DARK = "Dark: what was outside of the frame before it moved."
WHEEL = 128
"""Diameter in pixels of the wheel of directions."""
FILM_FRAMES = 24
"""Frames from no motion to all of it, and as many back."""
RATE = Fraction(24)


def preview_flow(
    input: AnyPath,
    out: AnyPath,
    size: tuple[int, int] | None,
    num_frames: int,
    seed: int,
    flow: FlowSynthesis,
    damaged: Damaged = "refuse",
) -> tuple[Path, Path]:
    """Write ``out/flow.png`` and ``out/flow.mp4``, both or none, and return their paths.

    The picture has a row a frame: the frame, the frame moved (invisible pixels darkened), and the flow as colours, with
    a key: the hue is its direction, full colour its largest length. In the video every frame moves there and back.

    Raises:
        InputError: the input is no footage, no frame is asked for, or the folder cannot be written.
    """
    if num_frames < 1:
        raise InputError(f"num_frames: found {num_frames}, expected at least 1")
    input, out = as_path(input), as_path(out)
    images = _chosen(input, size, num_frames, Reading(damaged))
    frames = to_frames(np.stack(list(images.values())))
    motion = sample_motion(flow, frames, torch.Generator().manual_seed(seed))
    moved = to_images(torch.where(motion.visible, motion(frames), motion(frames) * 0.5 - 0.5))
    shown = zip(to_images(frames), moved, flow_colours(motion.flow), strict=True)
    rows = [Row(row, f"frame {index}") for index, row in zip(images, shown, strict=True)]
    grid = sheet([Band(["frame", "frame moved", "motion"], rows)])
    film = [_moment(frames, motion, (1 - np.cos(np.pi * t / FILM_FRAMES)) / 2) for t in range(2 * FILM_FRAMES)]
    with whole_file(out / "flow.png") as scratch:
        write_image(scratch, with_flow_key(grid, motion.flow, DARK))
        write_video(out / "flow.mp4", film, RATE)
    return out / "flow.png", out / "flow.mp4"


def _moment(frames: Frames, motion: Motion, share: float) -> np.ndarray:
    images = to_images(Motion(motion.flow * share)(frames))
    return image_grid([list(pair) for pair in np.array_split(images, max(1, len(images) // 2))])


def _chosen(place: Path, size: tuple[int, int] | None, num_frames: int, reading: Reading) -> dict[int, Image]:
    """Return frames spread evenly over the first clip by their number, at one size."""
    clip = find_clips(place, reading=reading)[0] if place.is_dir() else Clip(place.stem, "video", (place,), reading)
    wanted = np.linspace(0, clip.num_frames - 1, num_frames).round().astype(int)
    resize = Resize("rectangle", *(size or clip.size))
    return {index: resize(image) for index, image in enumerate(clip.images()) if index in wanted}


def flow_colours(flow: Flow) -> list[Image]:
    """Return a picture of each flow: hue for direction, saturation for length relative to the longest."""
    dx, dy = flow.double().numpy().transpose(1, 0, 2, 3)
    length = np.hypot(dx, dy)
    hue = (np.arctan2(dy, dx) / (2 * np.pi)) % 1
    saturation = length / max(length.max(), 1e-9)
    levels = np.stack([hue, saturation, np.ones_like(hue)], axis=-1) * 255
    return [np.asarray(PillowImage.fromarray(level.astype(np.uint8), "HSV").convert("RGB")) for level in levels]


def with_flow_key(picture: Picture, flow: Flow, *more: str) -> Picture:
    """Return a sheet with flows in colours above their key: the wheel of directions, and the length of full colour."""
    longest = float(flow.norm(dim=1).max())
    texts = (
        "Hue: the direction in which things move, as on the wheel.",
        f"Full colour: {longest:.1f} pixels. White: no motion.",
        *more,
    )
    return with_key(picture, direction_wheel(), texts, letters_for(picture.shape[1] // 4))


def direction_wheel() -> Image:
    """Return a disc on white whose colour at each place is that of a motion from its centre to there."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, WHEEL)] * 2, indexing="ij")
    flow = torch.stack([x, y])[None]
    (wheel,) = flow_colours(flow * (flow.norm(dim=1, keepdim=True) <= 1))
    return wheel
