"""Carrying out what is planned: videos and frames are read, translated in batches and written.

Frames gathered into batches whose memory is bounded, whatever the size of the frames and the batch asked for.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.files import added_to, sweep
from recyclegan.translation.kinds import Picture
from recyclegan.translation.outputs import FRAME_COMMENT, LOSSY_SUFFIXES, Output, may_write, remove_frames_from
from recyclegan.translation.plan import FramesJob, Plan, VideoJob
from recyclegan.video import WHOLE, VideoReader, losses, read_image, write_image

if TYPE_CHECKING:
    from recyclegan.translation.translator import Translator

T = TypeVar("T")

MOST_PIXELS = 1 << 23
"""Pixels translated at once, unless one frame has more: four frames of 1080p. More take memory and no less time."""


def batches(items: Iterable[T], size: int, pixels: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield items in order, at most ``size`` at a time, and fewer where they would have more than ``MOST_PIXELS``."""
    batch: list[T] = []
    total = 0
    for item in items:
        each = pixels(item)
        if batch and total + each > MOST_PIXELS:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += each
        if len(batch) == size:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def counted(groups: Iterable[list[T]]) -> Iterator[tuple[int, list[T]]]:
    """Yield each batch with the number of items up to its end."""
    done = 0
    for group in groups:
        done += len(group)
        yield done, group


Progress = Callable[[int, int | None, str], None]
"""Told of (frames done, frames in all or None, what) while a video or folder is translated."""


def carry_out(plan: Plan, translator: "Translator", output: Output, progress: Progress | None) -> list[str]:
    """Translate all that is planned, and return what there is to say of it; nothing is begun before all is checked.

    Raises:
        InputError: something cannot be read, or cannot be written as asked.
    """
    plan.check(output)
    for folder in plan.folders:
        sweep(folder)
    for frames in plan.frames:
        _translate_frames(frames, translator, output, progress)
    return [note for job in plan.videos for note in translate_video(job, translator, output, progress)]


def translate_image(source: Path, target: Path, translator: "Translator", output: Output) -> None:
    """Translate an image file.

    Raises:
        InputError: it cannot be read, or not be written as asked.
    """
    if output.span != WHOLE:
        raise InputError(f"{source}: is no video, and has no times; leave --start and --end out")
    if translator.card.palette and target.suffix.lower() in LOSSY_SUFFIXES:
        raise InputError(f"{target}: {target.suffix} blurs the palette of label maps; name a .png file")
    if may_write(source, target, output):
        sweep(target.parent)
        write_image(target, next(_shown([read_image(source, translator.card.labels_in)], translator, output)))


def translate_video(job: VideoJob, translator: "Translator", output: Output, progress: Progress | None) -> list[str]:
    """Translate a video into a file or a folder of frames, and return what there is to say of it."""
    reader = VideoReader(job.source, output.reading, output.span)
    if output.frames:
        _translate_to_frames(reader, job, translator, output, progress)
        return [*job.notes, *losses(job.source), *reader.notes]
    total = job.num_frames(output)
    with job.writer(output) as writer:
        for done, batch in counted(
            batches(reader, translator.batch_size, lambda frame: translator.pixels(frame.image))
        ):
            shown = _shown([frame.image for frame in batch], translator, output, even=True)
            for frame, image in zip(batch, shown, strict=True):
                writer.write(image, frame.time)
            if progress:
                progress(done, total, job.source.name)
    exact = f"{job.target}: a video blurs the palette of label maps; --frames writes exact PNG files"
    blurred = [exact] if translator.card.palette else []
    return [*job.notes, *losses(job.source), *reader.notes, *writer.notes, *blurred]


def _translate_to_frames(
    reader: VideoReader, job: VideoJob, translator: "Translator", output: Output, progress: Progress | None
) -> None:
    done, total = 0, job.num_frames(output)
    with added_to(job.target) as folder:
        images = (frame.image for frame in reader)
        for done, batch in counted(batches(images, translator.batch_size, translator.pixels)):
            for number, image in enumerate(_shown(batch, translator, output), start=done - len(batch)):
                write_image(folder / f"{number:06d}.png", image, FRAME_COMMENT)
            if progress:
                progress(done, total, job.source.name)
        if not done:
            raise InputError(f"{job.source}: has no frame {output.span}")
    remove_frames_from(job.target, done)


def _translate_frames(job: FramesJob, translator: "Translator", output: Output, progress: Progress | None) -> None:
    if not job.frames:
        return
    with added_to(job.target) as folder:
        images = ((name, read_image(frame, translator.card.labels_in)) for frame, name in job.frames)
        named = batches(images, translator.batch_size, lambda image: translator.pixels(image[1]))
        for done, batch in counted(named):
            shown = _shown([image for _, image in batch], translator, output)
            for (name, _), image in zip(batch, shown, strict=True):
                write_image(folder / name, image)
            if progress:
                progress(done, len(job.frames), job.name)


def _shown(images: list[Picture], translator: "Translator", output: Output, even: bool = False) -> Iterator[Picture]:
    """Yield what is written for each image, in order and in RGB; neighbours of one size are translated together."""
    for (height, width, _), group in groupby(images, key=lambda image: image.shape):
        batch = np.stack(list(group))
        size = output.size(height, width, even)
        translations = translator.translate_images(batch, size)
        rgb = np.repeat(translations, 3 // translations.shape[3], axis=3)
        for source, translated in zip(batch, rgb, strict=True):
            yield _beside(source, translated, translator.card.labels_in) if output.side_by_side else translated


def _beside(source: Picture, translated: Picture, is_label: bool) -> Picture:
    """Return a source, as large as its translation, to the left of it."""
    resized = Resize("rectangle", *translated.shape[:2])(source, is_label=is_label)
    return np.concatenate([resized, translated], axis=1)
