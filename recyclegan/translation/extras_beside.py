"""Further inputs beside what is translated, such as depth: found by the names of clips, and read along with frames."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recyclegan.arrays import Picture
from recyclegan.checkpoint import Card
from recyclegan.data import Clip, LoadSpec, Resize, find_clips
from recyclegan.data.extra_clips import EXTRA_FOLDER, misfit_of
from recyclegan.data.scenes import in_order
from recyclegan.errors import InputError
from recyclegan.files import kind_of
from recyclegan.settings.extra_inputs import named_in_words
from recyclegan.translation.kinds import Images
from recyclegan.translation.outputs import Output
from recyclegan.translation.plan import FramesJob, Plan
from recyclegan.video import IMAGE_SUFFIXES, WHOLE, VideoFrame, read_image

VideoFrames = Generator[VideoFrame, None, None]
BESIDE = EXTRA_FOLDER.removeprefix("A")
"""What the name of a folder of clips ends in where further inputs lie beside it, as in train/A and train/A_extra."""


@dataclass(frozen=True)
class Extras:
    """What lies beside a clip: for each further input another clip, and its channels."""

    clip: Clip
    beside: Mapping[str, Clip]
    channels: Mapping[str, int]

    def pictures(self) -> Generator[Picture, None, None]:
        """Yield the further channels of each frame, joined in their order."""
        specs = [LoadSpec(Resize("none"), channels=self.channels[name]) for name in self.beside]
        for images in zip(*(clip.images() for clip in self.beside.values()), strict=False):
            yield np.concatenate([spec(image) for spec, image in zip(specs, images, strict=True)], axis=2)


def extras_of_plan(plan: Plan, card: Card, output: Output) -> dict[Path, Extras]:
    """Return what lies beside each clip of a plan, by its file or folder; nothing where a translator reads none.

    Raises:
        InputError: something is missing, or does not fit; or videos are to be cut by time.
    """
    if not card.extras:
        return {}
    if output.span != WHOLE:
        raise InputError("--start and --end: not for a translator that reads further inputs; leave them out")
    clips = [Clip(job.source.stem, "video", (job.source,), output.reading) for job in plan.videos]
    clips += [_whole_folder(job) for job in plan.frames if job.frames]
    return {_place_of(clip): _extras_beside(clip, card, output) for clip in clips}


def _whole_folder(job: FramesJob) -> Clip:
    """Return the folder that the frames of a job lie in, those of it that need no translation included.

    Raises:
        InputError: they lie in several.
    """
    folder = job.frames[0][0].parent
    if strange := next((frame for frame, _ in job.frames if frame.parent != folder), None):
        raise InputError(f"{strange}: lies in another folder than {job.frames[0][0]}; name folders of frames")
    images = [file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES]
    return Clip(folder.name, "frames", in_order(images))


def _place_of(clip: Clip) -> Path:
    return clip.files[0] if clip.kind == "video" else clip.files[0].parent


def _extras_beside(clip: Clip, card: Card, output: Output) -> Extras:
    folder = output.extra or _folder_beside(_place_of(clip).absolute())
    if folder is None:
        names, wanted = named_in_words([*card.extras]), f"{next(iter(card.extras))}/{clip.name}"
        raise InputError(
            f"{_place_of(clip)}: this translator also reads {names} of it; give --extra FOLDER, which holds {wanted}"
        )
    found = {name: _beside(clip, folder / name) for name in card.extras}
    for name, extra in found.items():
        if misfit := misfit_of(clip, extra):
            raise InputError(f"{folder / name / extra.name}: {misfit}")
    return Extras(clip, found, card.extras)


def _folder_beside(place: Path) -> Path | None:
    """Return the folder that lies beside one that a clip lies in, such as val/A_extra for val/A/drive.mp4."""
    folders = (above.parent / f"{above.name}{BESIDE}" for above in place.parents)
    return next((folder for folder in folders if kind_of(folder) == "folder"), None)


def _beside(clip: Clip, folder: Path) -> Clip:
    """Return the clip of a folder whose name is the longest end of the path of another clip."""
    if kind_of(folder) != "folder":
        raise InputError(f"{folder}: no such folder; put {folder.name} of {clip.name} there")
    known = {clip.name: clip for clip in find_clips(folder)}
    parts = _place_of(clip).absolute().with_name(clip.name).parts
    name = next((end for end in ("/".join(parts[first:]) for first in range(1, len(parts))) if end in known), None)
    if name is None:
        raise InputError(f"{folder}: holds nothing for {clip.name}; add it as a video or a folder of that name")
    return known[name]


def read_video_along(frames: VideoFrames, extras: Extras | None) -> VideoFrames:
    """Return the frames of a whole video, with their further channels behind their own.

    Raises:
        InputError: there are more or fewer of these.
    """
    return frames if extras is None else _read_along(frames, extras)


def _read_along(frames: VideoFrames, extras: Extras) -> VideoFrames:
    with closing(frames), closing(extras.pictures()) as pictures:
        for frame in frames:
            yield replace(frame, image=_with_next(frame.image, pictures))
        if next(pictures, None) is not None:
            raise InputError(f"extra: goes on after {extras.clip.name}; expected as many frames")


def _with_next(image: Picture, pictures: Iterator[Picture]) -> Picture:
    """Return an image with the next further channels behind its own."""
    extra = next(pictures, None)
    if extra is None:
        raise InputError("extra: ends before its clip; expected as many frames")
    return np.concatenate([image, extra], axis=2)


def read_frames_along(job: FramesJob, extras: Extras | None, as_labels: bool) -> Iterator[tuple[str, Picture]]:
    """Yield the name of each frame's translation and the frame, its further channels behind its own."""
    if extras is None:
        yield from ((name, read_image(frame, as_labels)) for frame, name in job.frames)
        return
    wanted = dict(job.frames)
    with closing(extras.pictures()) as pictures:
        for frame in extras.clip.files:
            image = _with_next(read_image(frame, as_labels), pictures)
            if frame in wanted:
                yield wanted[frame], image


def parted(images: Images, card: Card) -> list[Images]:
    """Return the frames and each further input of images that hold both.

    Raises:
        InputError: they hold other channels than a translator reads.
    """
    if not card.extras:
        return [images]
    if images.shape[3] != 3 + card.num_extras:
        names = named_in_words([f"{name} ({channels})" for name, channels in card.extras.items()])
        raise InputError(f"images: found {images.shape[3]} channels, expected 3, and behind them {names}")
    return np.split(images, np.cumsum([3, *card.extras.values()])[:-1], axis=3)
