"""The translator: frames, images, videos and folders through a generator that describes itself."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import groupby, islice
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as PillowImage
from torch import nn

from recyclegan.checkpoint import Card, find_translator, load_translator
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError
from recyclegan.labels import snap
from recyclegan.tensors import Direction, Frames, Translated, to_frames, to_images
from recyclegan.translation.outputs import (
    FRAME_COMMENT,
    LOSSY_SUFFIXES,
    Output,
    find_media,
    frames_folder,
    may_write,
    remove_frames_from,
    video_place,
    video_targets,
)
from recyclegan.video import (
    IMAGE_SUFFIXES,
    VideoReader,
    VideoWriter,
    check_whole,
    losses,
    probe,
    read_image,
    write_image,
)

Images = UInt8[np.ndarray, "batch height width channels"]
TranslatedImages = UInt8[np.ndarray, "batch height width channels_out"]
Picture = UInt8[np.ndarray, "_ _ _"]
"""An image among others, which may differ from it in size."""
Precision = Literal["32", "bf16-mixed", "16-mixed"]
Progress = Callable[[int, int | None, str], None]
"""Told of (frames done, frames in all or None, what) while a video or folder is translated."""

T = TypeVar("T")
DTYPES = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


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
        self.generator, self.card, self.precision = generator.to(self.device), card, precision
        self.batch_size = batch_size
        self._to_scale = Resize("none") if scale == "native" else Resize(card.resize, *card.size)

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
        """Return the translator of a run folder, a .safetensors file, or a Hugging Face repository (``owner/name``).

        A run holds two; ``direction`` picks one, by default a to b.

        Raises:
            InputError: there is none, or not in that direction.
        """
        path = find_translator(_local(place, direction), direction)
        return cls(*load_translator(path), device=device, precision=precision, scale=scale, batch_size=batch_size)

    @torch.inference_mode()
    def translate(self, frames: Frames) -> Translated:
        """Return translated frames in [-1, 1], at the size that they come in, on the translator's device."""
        dtype = DTYPES.get(self.precision)
        with torch.autocast(self.device.type, dtype) if dtype else nullcontext():
            return self.generator(frames.to(self.device)).float()

    def translate_images(self, images: Images) -> TranslatedImages:
        """Return translated 8-bit images of the same size; label maps hold colours of their palette only.

        Raises:
            InputError: the number of channels is not what the translator reads.
        """
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
        if source.is_dir():
            return self.translate_folder(source, target, output, progress)
        if source.suffix.lower() in IMAGE_SUFFIXES:
            self._translate_image(source, target, output)
            return []
        return self.translate_video(source, target, output, progress)

    def _translate_image(self, source: Path, target: Path, output: Output) -> None:
        if self.card.palette and target.suffix.lower() in LOSSY_SUFFIXES:
            raise InputError(f"{target}: {target.suffix} blurs the palette of label maps; name a .png file")
        if may_write(source, target, output.existing):
            write_image(target, next(self._shown([read_image(source)], output)))

    def translate_video(
        self, source: str | Path, target: str | Path, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate a video, and return what there is to say of its sound or colours.

        Size, frame rate, times and sound are kept; memory does not grow with its length.

        Raises:
            InputError: the source is no video or damaged, the target is there already or cannot be written.
        """
        source, target, output = Path(source), Path(target), output or Output()
        info = probe(source)
        target = video_place(target, output)
        if not may_write(source, target, output.existing):
            return []
        check_whole(source, output.reading)
        reader = VideoReader(source, output.reading)
        if output.frames:
            self._translate_to_frames(reader, target, info.num_frames, output, progress)
            return [*losses(source), *reader.notes]
        writer = _writer(source, target, output)
        with writer:
            for done, batch in _counted(_batches(reader, self.batch_size)):
                shown = self._shown([frame.image for frame in batch], output)
                for frame, image in zip(batch, shown, strict=True):
                    writer.write(image, frame.time)
                if progress:
                    progress(done, info.num_frames, source.name)
        exact = f"{target}: a video blurs the palette of label maps; --frames writes exact PNG files"
        return [*losses(source), *reader.notes, *writer.notes, *([exact] if self.card.palette else [])]

    def _translate_to_frames(
        self, reader: VideoReader, target: Path, total: int | None, output: Output, progress: Progress | None
    ) -> None:
        done = 0
        with frames_folder(target) as folder:
            images = (frame.image for frame in reader)
            for done, batch in _counted(_batches(images, self.batch_size)):
                for number, image in enumerate(self._shown(batch, output), start=done - len(batch)):
                    write_image(folder / f"{number:06d}.png", image, FRAME_COMMENT)
                if progress:
                    progress(done, total, reader.path.name)
        remove_frames_from(target, done)

    def translate_folder(
        self, source: str | Path, target: str | Path, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate everything in a folder, into a folder of the same names: videos, and folders of frames.

        Each video, and each folder's frames together, appear whole or not at all. Label maps are written as PNG.

        Raises:
            InputError: there is nothing to translate, a file is damaged, or an output is there already.
        """
        source, target, output = Path(source), Path(target), output or Output()
        if target.resolve().is_relative_to(source.resolve()):
            raise InputError(f"{target}: lies inside the input; name a folder outside {source}")
        videos, clips = find_media(source)
        if not videos and not clips:
            raise InputError(f"{source}: holds no videos and no frames")
        targets = video_targets(videos, source, target, output)
        for video, place in targets.items():
            _check_video(video, video_place(place, output), output)
        for folder, frames in clips.items():
            self._translate_frames(frames, target / folder.relative_to(source), output, progress)
        changed = [video for video, place in targets.items() if place.suffix != video.suffix]
        notes = [f"{video}: {video.suffix} is read but not written; became {targets[video]}" for video in changed]
        for video in videos:
            notes += self.translate_video(video, targets[video], output, progress)
        return notes

    def _translate_frames(self, frames: list[Path], target: Path, output: Output, progress: Progress | None) -> None:
        names = [self._image_name(frame) for frame in frames]
        if twice := {name for name in names if names.count(name) > 1}:
            raise InputError(f"{frames[0].parent}: two frames would both become {min(twice)}; rename one")
        wanted = [(f, n) for f, n in zip(frames, names, strict=True) if may_write(f, target / n, output.existing)]
        with frames_folder(target) as folder:
            for done, batch in _counted(_batches(wanted, self.batch_size)):
                images = [read_image(frame) for frame, _ in batch]
                for (_, name), image in zip(batch, self._shown(images, output), strict=True):
                    write_image(folder / name, image)
                if progress:
                    progress(done, len(wanted), frames[0].parent.name)

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

    def _with_channels(self, images: Images) -> TranslatedImages:
        """Return RGB images with as many channels as the generator reads."""
        if self.card.channels_in == images.shape[3]:
            return images
        if self.card.channels_in == 1:
            return np.stack([np.asarray(PillowImage.fromarray(image).convert("L"))[..., None] for image in images])
        raise InputError(f"images: found {images.shape[3]} channels, expected {self.card.channels_in}")


def _writer(source: Path, target: Path, output: Output) -> VideoWriter:
    """Return what writes the translation of a video, with the source's times and sound."""
    info = probe(source)
    width = info.width * (2 if output.side_by_side else 1)
    return VideoWriter(
        target,
        width,
        info.height,
        like=source,
        codec=output.codec,
        crf=output.crf,
        audio_from=source,
        damaged=output.reading.damaged,
    )


def _check_video(source: Path, target: Path, output: Output) -> None:
    """Refuse, before any work, a video that is cut off, or whose translation could not be written."""
    if may_write(source, target, output.existing):
        check_whole(source, output.reading)
        if not output.frames:
            _writer(source, target, output).check()


def pick_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` is CUDA where there is one, else MPS, else the CPU.

    Raises:
        InputError: this machine has no such device.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, there in found.items() if there))
    if not found.get(name.split(":")[0], False):
        raise InputError(f"device {name}: is not there; found {', '.join(k for k, v in found.items() if v)}")
    return torch.device(name)


def _local(place: str | Path, direction: Direction | None) -> Path:
    """Return a path on this machine, fetching ``owner/name`` from the Hugging Face hub where no such path exists."""
    path = Path(place)
    if path.exists() or not re.fullmatch(r"[\w.-]+/[\w.-]+", str(place)) or path.suffix == ".safetensors":
        return path
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(str(place), f"{direction or 'ab'}.safetensors"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            f"{place}: neither a path here nor a translator on the hub ({type(error).__name__})"
        ) from error


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _counted(batches: Iterable[list[T]]) -> Iterator[tuple[int, list[T]]]:
    """Yield each batch with the number of items up to its end."""
    done = 0
    for batch in batches:
        done += len(batch)
        yield done, batch
