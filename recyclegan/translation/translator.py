"""The translator: frames, images, videos and folders through a generator that describes itself."""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as PillowImage
from torch import nn

from recyclegan.checkpoint import Card, find_translator, load_translator
from recyclegan.data.resize import Resize
from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.files import added_to, kind_of, sweep
from recyclegan.labels import snap
from recyclegan.networks.loading import check_finite
from recyclegan.tensors import Frames, Translated, to_frames, to_images
from recyclegan.translation.batches import batches, counted
from recyclegan.translation.devices import moved, pick_device, told_when_memory_is_out
from recyclegan.translation.hub import locate
from recyclegan.translation.outputs import (
    FRAME_COMMENT,
    LOSSY_SUFFIXES,
    Output,
    kind_of_output,
    may_write,
    remove_frames_from,
    video_place,
)
from recyclegan.translation.plan import FramesJob, VideoJob, plan_folder
from recyclegan.video import IMAGE_SUFFIXES, VideoReader, losses, probe, read_image, write_image

Images = UInt8[np.ndarray, "batch height width channels"]
TranslatedImages = UInt8[np.ndarray, "batch height width channels_out"]
Picture = UInt8[np.ndarray, "_ _ _"]
"""An image among others, which may differ from it in size."""
Precision = Literal["32", "bf16-mixed", "16-mixed"]
Progress = Callable[[int, int | None, str], None]
"""Told of (frames done, frames in all or None, what) while a video or folder is translated."""

DTYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
MOST_SCALED = 1 << 25
"""Pixels of a frame at the scale of training, unless it has more by itself: those of 8K."""


class Translator:
    """A trained generator for one direction, with what it knows of itself.

    Frames are brought to the scale that it was trained at, translated, and brought back to their own size.
    """

    def __init__(
        self,
        generator: nn.Module,
        card: Card,
        device: str = "auto",
        precision: Precision = "32",
        scale: Literal["trained", "native"] = "trained",
        batch_size: int = 4,
    ) -> None:
        """Move the generator to ``device``; with ``scale="native"`` frames are translated at their own size."""
        if batch_size < 1:
            raise InputError(f"batch size: found {batch_size}, expected at least 1")
        self.device = pick_device(device)
        self.generator, self.card, self.precision = moved(generator, self.device), card, precision
        self.batch_size = batch_size
        self._to_scale = Resize("none") if scale == "native" else card.scale.whole

    @classmethod
    def from_pretrained(
        cls,
        place: str | Path,
        direction: Direction | None = None,
        device: str = "auto",
        precision: Precision = "32",
        scale: Literal["trained", "native"] = "trained",
        batch_size: int = 4,
    ) -> "Translator":
        """Return the translator of a run folder, a .safetensors file, or a repository on the Hugging Face hub.

        A run holds two; ``direction`` picks one, by default a to b. Repositories are named ``hf://owner/name``, or
        ``owner/name`` where there is no path like that.

        Raises:
            InputError: there is none, not in that direction, or none that can be used.
        """
        path = find_translator(locate(place, direction), direction)
        return cls(*load_translator(path), device=device, precision=precision, scale=scale, batch_size=batch_size)

    @torch.inference_mode()
    def translate(self, frames: Frames) -> Translated:
        """Return translated frames in [-1, 1], at the size that they come in, on the translator's device.

        Raises:
            InputError: numbers come out that are not finite, or the device has too little memory.
        """
        dtype, (height, width) = DTYPES.get(self.precision), frames.shape[-2:]
        with (
            told_when_memory_is_out(f"a batch of {len(frames)} frames of {width}x{height}"),
            torch.autocast(self.device.type, dtype) if dtype else nullcontext(),
        ):
            translated = self.generator(frames.to(self.device)).float()
        check_finite(translated, f"translating {self.card.direction} in --precision {self.precision}")
        return translated

    def translate_images(self, images: Images) -> TranslatedImages:
        """Return translated 8-bit images of the same size; label maps hold colours of their palette only.

        Raises:
            InputError: the number of channels is not what the translator reads, frames would be too large at the scale
                of training, or as ``translate``.
        """
        self._check_scaled(*images.shape[1:3])
        scaled = np.stack([self._to_scale(image, is_label=self.card.labels_in) for image in images])
        translated = to_images(self.translate(to_frames(self._with_channels(scaled))))
        if self.card.palette:
            palette = np.array(self.card.palette)
            translated = np.stack([snap(image, palette) for image in translated])
        to_size = Resize("rectangle", *images.shape[1:3])
        return np.stack([to_size(image, is_label=bool(self.card.palette)) for image in translated])

    def translate_path(
        self, source: str | Path, target: str | Path, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate a video, an image, or everything in a folder; return what there is to say of it.

        Raises:
            InputError: as the function for each kind.
        """
        source, target, output = Path(source), Path(target), output or Output()
        if kind_of(source) == "folder":
            return self.translate_folder(source, target, output, progress)
        if source.suffix.lower() in IMAGE_SUFFIXES:
            self._translate_image(source, target, output)
            return []
        return self.translate_video(source, target, output, progress)

    def _translate_image(self, source: Path, target: Path, output: Output) -> None:
        if self.card.palette and target.suffix.lower() in LOSSY_SUFFIXES:
            raise InputError(f"{target}: {target.suffix} blurs the palette of label maps; name a .png file")
        if may_write(source, target, output):
            sweep(target.parent)
            write_image(target, next(self._shown([read_image(source, self.card.labels_in)], output)))

    def translate_video(
        self, source: str | Path, target: str | Path, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate a video, and return what there is to say of its sound or colours.

        Size, frame rate, times and sound are kept; memory does not grow with its length.

        Raises:
            InputError: the source is no video or damaged, the target is there already or cannot be written, or the
                numbers of a frame are not finite.
        """
        source, target, output = Path(source), Path(target), output or Output()
        place = video_place(target, output)
        if not may_write(source, place, output, kind_of_output(output)):
            return [f"{place}: is there already, and is left as it is"]
        job = VideoJob(source, place)
        job.check(output)
        sweep(place.parent)
        return self._translate_video(job, output, progress)

    def _translate_video(self, job: VideoJob, output: Output, progress: Progress | None) -> list[str]:
        reader, total = VideoReader(job.source, output.reading), probe(job.source).num_frames
        if output.frames:
            self._translate_to_frames(reader, job, total, output, progress)
            return [*job.notes, *losses(job.source), *reader.notes]
        with job.writer(output) as writer:
            frames = batches(reader, self.batch_size, lambda frame: self._pixels(frame.image))
            for done, batch in counted(frames):
                shown = self._shown([frame.image for frame in batch], output)
                for frame, image in zip(batch, shown, strict=True):
                    writer.write(image, frame.time)
                if progress:
                    progress(done, total, job.source.name)
        exact = f"{job.target}: a video blurs the palette of label maps; --frames writes exact PNG files"
        blurred = [exact] if self.card.palette else []
        return [*job.notes, *losses(job.source), *reader.notes, *writer.notes, *blurred]

    def _translate_to_frames(
        self, reader: VideoReader, job: VideoJob, total: int | None, output: Output, progress: Progress | None
    ) -> None:
        done = 0
        with added_to(job.target) as folder:
            images = (frame.image for frame in reader)
            for done, batch in counted(batches(images, self.batch_size, self._pixels)):
                for number, image in enumerate(self._shown(batch, output), start=done - len(batch)):
                    write_image(folder / f"{number:06d}.png", image, FRAME_COMMENT)
                if progress:
                    progress(done, total, job.source.name)
        remove_frames_from(job.target, done)

    def translate_folder(
        self, source: str | Path, target: str | Path, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate everything in a folder, into a folder of the same names: videos, and folders of frames.

        Each video, and each folder's frames together, appear whole or not at all. Label maps are written as PNG. What
        can be known to fail is refused before the first is translated.

        Raises:
            InputError: there is nothing to translate, a file is damaged, an output is there already or cannot be
                written as asked, or two inputs would become the same output.
        """
        source, target, output = Path(source), Path(target), output or Output()
        plan = plan_folder(source, target, output, self._image_name)
        for job in plan.videos:
            job.check(output)
        for folder in plan.folders:
            sweep(folder)
        for frames in plan.frames:
            self._translate_frames(frames, output, progress)
        return [note for job in plan.videos for note in self._translate_video(job, output, progress)]

    def _translate_frames(self, job: FramesJob, output: Output, progress: Progress | None) -> None:
        if not job.frames:
            return
        with added_to(job.target) as folder:
            images = ((name, read_image(frame, self.card.labels_in)) for frame, name in job.frames)
            for done, batch in counted(batches(images, self.batch_size, lambda named: self._pixels(named[1]))):
                shown = self._shown([image for _, image in batch], output)
                for (name, _), image in zip(batch, shown, strict=True):
                    write_image(folder / name, image)
                if progress:
                    progress(done, len(job.frames), job.name)

    def _image_name(self, frame: Path) -> str:
        """Return the frame's own name; label maps become PNG, which keeps their colours."""
        lossy = self.card.palette and frame.suffix.lower() in LOSSY_SUFFIXES
        return frame.with_suffix(".png").name if lossy else frame.name

    def _shown(self, images: list[Picture], output: Output) -> Iterator[Picture]:
        """Yield what is written for each image, in order and in RGB; neighbours of one size are translated together."""
        for _, group in groupby(images, key=lambda image: image.shape):
            batch = np.stack(list(group))
            translations = self.translate_images(batch)
            rgb = np.repeat(translations, 3 // translations.shape[3], axis=3)
            for source, translated in zip(batch, rgb, strict=True):
                yield np.concatenate([source, translated], axis=1) if output.side_by_side else translated

    def _pixels(self, image: Picture) -> int:
        """Return the pixels of an image at its own size or at the scale of training, whichever are more."""
        height, width = image.shape[:2]
        return max(height * width, math.prod(self._to_scale.size(height, width)))

    def _check_scaled(self, height: int, width: int) -> None:
        """Refuse frames that the scale of training would blow up beyond measure."""
        scaled = self._to_scale.size(height, width)
        if math.prod(scaled) > max(MOST_SCALED, height * width):
            raise InputError(
                f"frames of {width}x{height}: would be {scaled[1]}x{scaled[0]} at the scale of training, which is too "
                "large; crop them, or give --scale native"
            )

    def _with_channels(self, images: Images) -> TranslatedImages:
        """Return RGB images with as many channels as the generator reads."""
        if self.card.channels_in == images.shape[3]:
            return images
        if self.card.channels_in == 1:
            return np.stack([np.asarray(PillowImage.fromarray(image).convert("L"))[..., None] for image in images])
        raise InputError(f"images: found {images.shape[3]} channels, expected {self.card.channels_in}")
