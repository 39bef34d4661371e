"""Carrying out what is planned: videos and frames are read, translated in batches and written."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from recyclegan.errors import InputError
from recyclegan.files import added_to, sweep
from recyclegan.translation.extras_beside import (
    Extras,
    VideoFrames,
    extras_of_plan,
    read_frames_along,
    read_video_along,
)
from recyclegan.translation.kinds import Picture
from recyclegan.translation.outputs import FRAME_COMMENT, LOSSY_SUFFIXES, Output, may_write, remove_frames_from
from recyclegan.translation.pipeline import Pipeline, Progress
from recyclegan.translation.plan import FramesJob, Plan, VideoJob
from recyclegan.video import WHOLE, VideoReader, losses, read_image, write_image

if TYPE_CHECKING:
    from recyclegan.translation.translator import Translator


AllExtras = Mapping[Path, Extras]
"""What lies beside clips, by their file or folder."""


@dataclass(frozen=True)
class NamedFrame:
    """An image, and the name of the file that its translation becomes."""

    image: Picture
    name: str


def carry_out(plan: Plan, translator: "Translator", output: Output, progress: Progress | None) -> list[str]:
    """Translate all that is planned, and return what there is to say of it; nothing is begun before all is checked.

    Raises:
        InputError: something cannot be read, or cannot be written as asked.
    """
    plan.check(output)
    extras = extras_of_plan(plan, translator.card, output)
    for folder in plan.folders:
        sweep(folder)
    for frames in plan.frames:
        _translate_frames(frames, translator, output, progress, extras)
    return [note for job in plan.videos for note in translate_video(job, translator, output, progress, extras)]


def translate_image(source: Path, target: Path, translator: "Translator", output: Output) -> None:
    """Translate an image file.

    Raises:
        InputError: it cannot be read, or not be written as asked.
    """
    translator.card.refuse_extras(str(source))
    if output.span != WHOLE:
        raise InputError(f"{source}: is no video, and has no times; leave --start and --end out")
    if translator.card.palette and target.suffix.lower() in LOSSY_SUFFIXES:
        raise InputError(f"{target}: {target.suffix} blurs the palette of label maps; name a .png file")
    if may_write(source, target, output):
        sweep(target.parent)
        frame = NamedFrame(read_image(source, translator.card.labels_in), target.name)
        Pipeline(translator, output).run([frame], lambda _, image: write_image(target, image), source.name, 1)


def translate_video(
    job: VideoJob, translator: "Translator", output: Output, progress: Progress | None, extras: AllExtras | None = None
) -> list[str]:
    """Translate a video into a file or a folder of frames, and return what there is to say of it."""
    reader = VideoReader(job.source, output.reading, output.span)
    frames = read_video_along(iter(reader), (extras or {}).get(job.source))
    if output.frames:
        _translate_to_frames(frames, job, translator, output, progress)
        return [*job.notes, *losses(job.source), *reader.notes]
    total = job.num_frames(output)
    with job.writer(output) as writer:
        Pipeline(translator, output, even=True).run(
            frames, lambda frame, image: writer.write(image, frame.time), job.source.name, total, progress
        )
    exact = f"{job.target}: a video blurs the palette of label maps; --frames writes exact PNG files"
    blurred = [exact] if translator.card.palette and job.target.suffix.lower() != ".gif" else []
    return [*job.notes, *losses(job.source), *reader.notes, *writer.notes, *blurred]


def _translate_to_frames(
    frames: VideoFrames, job: VideoJob, translator: "Translator", output: Output, progress: Progress | None
) -> None:
    total, numbers = job.num_frames(output), count()
    with added_to(job.target) as folder:
        done = Pipeline(translator, output).run(
            frames,
            lambda _, image: write_image(folder / f"{next(numbers):06d}.png", image, FRAME_COMMENT),
            job.source.name,
            total,
            progress,
        )
        if not done:
            raise InputError(f"{job.source}: has no frame {output.span}")
    remove_frames_from(job.target, done)


def _translate_frames(
    job: FramesJob, translator: "Translator", output: Output, progress: Progress | None, extras: AllExtras
) -> None:
    if not job.frames:
        return
    named = read_frames_along(job, extras.get(job.frames[0][0].parent), translator.card.labels_in)
    frames = (NamedFrame(image, name) for name, image in named)
    with added_to(job.target) as folder:
        Pipeline(translator, output).run(
            frames, lambda frame, image: write_image(folder / frame.name, image), job.name, len(job.frames), progress
        )
