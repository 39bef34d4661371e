"""Carrying out what is planned: videos and frames are read, translated in batches and written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
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
from recyclegan.translation.outputs import FRAME_COMMENT, LOSSY_SUFFIXES, Output, may_write, remove_frames_from
from recyclegan.translation.pipeline import Pipeline
from recyclegan.translation.plan import FramesJob, Plan, VideoJob
from recyclegan.video import WHOLE, VideoFrame, VideoReader, losses, read_image, write_image

if TYPE_CHECKING:
    from recyclegan.translation.translator import Translator


AllExtras = Mapping[Path, Extras]
"""What lies beside clips, by their file or folder."""
Progress = Callable[[int, int | None, str], None]
"""Told of (frames done, frames in all or None, what) while a video or folder is translated."""


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
        Pipeline(translator, output).run(
            [read_image(source, translator.card.labels_in)],
            lambda image: image,
            lambda _, image: write_image(target, image),
            _teller(None, 1, source.name),
            1,
        )


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
            frames,
            lambda frame: frame.image,
            lambda frame, image: writer.write(image, frame.time),
            _teller(progress, total, job.source.name),
            total,
        )
    exact = f"{job.target}: a video blurs the palette of label maps; --frames writes exact PNG files"
    blurred = [exact] if translator.card.palette and job.target.suffix.lower() != ".gif" else []
    return [*job.notes, *losses(job.source), *reader.notes, *writer.notes, *blurred]


def _translate_to_frames(
    frames: VideoFrames, job: VideoJob, translator: "Translator", output: Output, progress: Progress | None
) -> None:
    total = job.num_frames(output)
    with added_to(job.target) as folder:
        done = Pipeline(translator, output).run(
            _numbered(frames),
            lambda numbered: numbered[1].image,
            lambda numbered, image: write_image(folder / f"{numbered[0]:06d}.png", image, FRAME_COMMENT),
            _teller(progress, total, job.source.name),
            total,
        )
        if not done:
            raise InputError(f"{job.source}: has no frame {output.span}")
    remove_frames_from(job.target, done)


def _translate_frames(
    job: FramesJob, translator: "Translator", output: Output, progress: Progress | None, extras: AllExtras
) -> None:
    if not job.frames:
        return
    with added_to(job.target) as folder:
        Pipeline(translator, output).run(
            read_frames_along(job, extras.get(job.frames[0][0].parent), translator.card.labels_in),
            lambda named: named[1],
            lambda named, image: write_image(folder / named[0], image),
            _teller(progress, len(job.frames), job.name),
            len(job.frames),
        )


def _numbered(video: VideoFrames) -> Iterator[tuple[int, VideoFrame]]:
    """Yield the frames of a video with their numbers, and close it where nobody asks on."""
    with closing(video) as frames:
        yield from enumerate(frames)


def _teller(progress: Progress | None, total: int | None, what: str) -> Callable[[int], None]:
    """Return what tells the progress of ``what`` from the frames done."""
    return (lambda done: progress(done, total, what)) if progress else (lambda _: None)
