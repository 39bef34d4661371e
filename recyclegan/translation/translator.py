"""The translator: frames, images, videos and folders through a generator that describes itself."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image as PillowImage
from torch import Tensor, nn

from recyclegan.checkpoint import Card, find_translator, load_translator
from recyclegan.data.resize import Resize
from recyclegan.domains import Direction
from recyclegan.engines.batches import batches
from recyclegan.engines.devices import moved, pick_device
from recyclegan.engines.onnx_reading import check_choices, is_exported, load_exported
from recyclegan.errors import InputError
from recyclegan.exports.torch_program import SUFFIX as PROGRAM
from recyclegan.exports.torch_program import load_program
from recyclegan.files import kind_of
from recyclegan.hub import locate
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.translating import EngineChoice, PrecisionChoice
from recyclegan.streams import is_image_pattern
from recyclegan.tensors import Frames, Translated
from recyclegan.translation import publishing
from recyclegan.translation.computing import Computing
from recyclegan.translation.jobs import carry_out, translate_image
from recyclegan.translation.kinds import Layout, Levels, Picture, frames_of, is_stream, unpacked_each
from recyclegan.translation.model_cards import facts_of
from recyclegan.translation.outputs import LOSSY_SUFFIXES, Output, kind_of_output, may_write, video_place
from recyclegan.translation.passage import Passage
from recyclegan.translation.pipeline import Progress
from recyclegan.translation.plan import Plan, VideoJob, find_inputs, is_pattern, plan_folder, plan_several
from recyclegan.translation.stream_jobs import is_streamed, translate_stream
from recyclegan.video import IMAGE_SUFFIXES

Images = UInt8[np.ndarray, "batch height width channels"]
TranslatedImages = UInt8[np.ndarray, "batch height_out width_out channels_out"]
Given = TypeVar("Given", PillowImage.Image, np.ndarray, Tensor, list[Any], tuple[Any, ...])
Item = TypeVar("Item")


class Translator:
    """A trained generator for one direction, with what it knows of itself.

    Frames are brought to the scale that it was trained at, translated, and brought back to their own size.

    Example:
        >>> translator = Translator.from_pretrained("runs/day2night", device="cpu")
        >>> translator
        Translator(unsup-recycle-gan, ab, size=(32, 48), scale=(36, 54), device='cpu', steps=2)
    """

    def __init__(
        self,
        generator: nn.Module,
        card: Card,
        device: str = "auto",
        precision: PrecisionChoice = "32",
        scale: Literal["trained", "native"] = "trained",
        batch_size: int | Literal["auto"] = 4,
        engine: EngineChoice = "torch",
        max_memory: float | None = None,
    ) -> None:
        """Move the generator to ``device``; with ``scale="native"`` frames are translated at their own size.

        ``precision``, ``batch_size`` and ``engine`` may be "auto": they are then chosen by measuring while videos and
        folders are translated, and are 32, a few and torch for all else. ``max_memory`` is the most gigabytes that
        translating a frame may take; larger frames are translated in bands, to the same picture.
        ``computing.account`` tells what was chosen, and what translating took.

        Raises:
            InputError: one of them is not there, or not for the others.
        """
        self.device = pick_device(device)
        self.generator, self.card, self.scale = moved(generator, self.device), card, scale
        self.precision = precision
        self._to_scale = Resize("none") if scale == "native" else card.scale.whole
        self.computing = Computing(self.generator, self.device, engine, precision, batch_size, max_memory)
        self.passage = Passage(card, self._to_scale, self.computing)
        self.batch_size = self.computing.batch_size
        self._weights: Path | None = None

    def __repr__(self) -> str:
        card, scale = self.card, self.card.scale.loaded if self.scale == "trained" else "native"
        return (
            f"Translator({card.method}, {card.direction}, size={card.size}, scale={scale}, "
            f"device={str(self.device)!r}, steps={card.steps})"
        )

    @classmethod
    def from_pretrained(
        cls,
        place: AnyPath,
        direction: Direction | None = None,
        device: str = "auto",
        precision: PrecisionChoice = "32",
        scale: Literal["trained", "native"] = "trained",
        batch_size: int | Literal["auto"] = 4,
        engine: EngineChoice | None = None,
        max_memory: float | None = None,
        revision: str | None = None,
    ) -> "Translator":
        """Return the translator of a run folder, a .safetensors or exported file, a name, or a repository.

        A run holds two; ``direction`` picks one, by default a to b. Names are those that ``recyclegan models`` lists.
        Repositories of the hub are named ``hf://owner/name``, or ``owner/name`` where there is no path like that;
        ``revision`` is a branch, tag or commit of one. Where the hub does not answer, the copy that was fetched before
        is taken, and that is told. The engine is torch by default; exported .onnx files are run by onnxruntime alone,
        .xml files by openvino, on a CPU and in the precision that they have. Of .pt2 files card and weights are read,
        and none of the program in them is run.

        Raises:
            InputError: there is none, not in that direction, or none that can be used.

        Example:
            >>> Translator.from_pretrained("runs/day2night", "ba").card.direction
            'ba'
        """
        path = locate(place, direction, revision)
        if is_exported(path):
            check_choices(path, engine, precision, device, max_memory)
            network, card = load_exported(path, direction)
            return cls(network, card, "cpu", "32", scale, batch_size, network.engine)
        is_program = path.suffix.lower() == PROGRAM
        weights = path if is_program else find_translator(path, direction)
        generator, card = load_program(weights, direction) if is_program else load_translator(weights)
        made = cls(generator, card, device, precision, scale, batch_size, engine or "torch", max_memory)
        made._weights = weights
        return made

    def save_pretrained(
        self, folder: AnyPath, data: str = "", licence: str = "", picture: AnyPath | None = None
    ) -> Path:
        """Write the weights into a folder beside a model card, README.md, and return their file.

        ``data`` says in words what it was trained on, ``licence`` that of the weights, such as ``cc-by-4.0``, and
        ``picture`` is a PNG file. By default the card shows what the run tells that the translator was read from: the
        name of its data folder, and its newest samples. Each direction has a file, so that a folder can hold both.

        Raises:
            InputError: it cannot be written, it was read from an exported file, or there is no such picture.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator.save_pretrained("to_share", data="my own dashcam", licence="cc-by-4.0").name
            'ab.safetensors'
        """
        return publishing.save_pretrained(folder, *self._to_publish(), facts_of(self._weights, data, licence, picture))

    def push_to_hub(
        self,
        repository: str,
        data: str = "",
        licence: str = "",
        picture: AnyPath | None = None,
        private: bool = False,
        revision: str | None = None,
    ) -> str:
        """Put what ``save_pretrained`` writes into ``owner/name`` on the Hugging Face hub, and return its address.

        A repository that is not there is made; ``revision`` is the branch to write to. Log in before: hf auth login.

        Raises:
            InputError: the hub does not answer or refuses, or as ``save_pretrained``.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator.push_to_hub("someone/day2night", private=True)  # doctest: +SKIP
            'https://huggingface.co/someone/day2night'
        """
        facts = facts_of(self._weights, data, licence, picture)
        return publishing.push_to_hub(repository, *self._to_publish(), facts, private, revision)

    def _to_publish(self) -> tuple[nn.Module, Card]:
        """Return generator and card, where there are weights to write."""
        if not any(True for _ in self.generator.parameters()):
            raise InputError("this translator was read from an exported file: publish the run or file it was made of")
        return self.generator, self.card

    @torch.inference_mode()
    def translate(self, frames: Frames) -> Translated:
        """Return translated frames in [-1, 1], at the size that they come in, on the translator's device.

        Raises:
            InputError: numbers come out that are not finite, or the device has too little memory.
        """
        return self.passage.translated(frames.to(self.device))

    @overload
    def translate_images(self, images: Images, size: tuple[int, int] | None = None) -> TranslatedImages: ...
    @overload
    def translate_images(
        self, images: Given, size: None = None, *, layout: Layout | None = None, levels: Levels | None = None
    ) -> Given: ...

    def translate_images(
        self,
        images: Any,
        size: tuple[int, int] | None = None,
        *,
        layout: Layout | None = None,
        levels: Levels | None = None,
    ) -> Any:
        """Return translated 8-bit images of the same size; label maps hold colours of their palette only.

        Images are an array (batch, height, width, channels) of ``uint8``; what else a call takes comes back as the call
        gives it, which has ``layout`` and ``levels``. ``size`` is another (height, width) to give an array back at;
        what a translator reads besides (``card.extras``) lies behind the colours of an array.

        Raises:
            InputError: the number of channels is not what the translator reads, frames would be too large at the scale
                of training, there is a ``size`` for something else than such an array, or as a call.
        """
        is_batch = isinstance(images, np.ndarray) and images.ndim == 4 and images.dtype == np.uint8
        if is_batch and layout in (None, "NHWC"):
            return self._translated_images(images, size or images.shape[1:3])
        if size is not None:
            raise InputError("size: is for 8-bit arrays (batch, height, width, channels); resize others yourself")
        return self(images, layout=layout, levels=levels)

    def _translated_images(self, images: Images, size: tuple[int, int]) -> TranslatedImages:
        return self.passage.begin(images, size).images()

    @overload
    def __call__(self, given: AnyPath) -> Any: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, given: Given, *, layout: Layout | None = None, levels: Levels | None = None
    ) -> Given: ...
    @overload
    def __call__(
        self, given: Iterable[Item], *, layout: Layout | None = None, levels: Levels | None = None
    ) -> Iterator[Item]: ...

    def __call__(self, given: Any, *, layout: Layout | None = None, levels: Levels | None = None) -> Any:
        """Return the translation of frames as the same kind of thing: type, layout, levels and device stay.

        ===============================  =============================================================================
        given                            given back
        ===============================  =============================================================================
        path of an image                 a PIL picture
        path of a video                  an iterator of its frames: arrays HWC, 8 bits
        PIL picture (RGB, L, P)          a PIL picture
        array or tensor, 8 bits          the same, of the same shape
        array or tensor of floats        the same; ``levels`` says whether they are in [-1, 1] or in [0, 1]
        list or tuple of these           a list or tuple, mixed sizes and kinds as they were
        iterator, generator, DataLoader  an iterator that translates as it is asked, ``batch_size`` frames at a time
        ===============================  =============================================================================

        Channels are those of the look translated into: 3, or 1 for grey. An array HW that becomes colourful gets an
        axis for it. What is grey is read as such by any translator; alpha channels are refused.

        ``layout`` says what the axes are: HW, HWC, CHW, NHWC or NCHW, as in ``layout="CHW"``. It is found where only
        one of them gives 1 or 3 channels. ``levels`` is ``"signed"`` (-1 is black, 1 is white) or ``"unit"`` (0 is
        black). It is found where a float lies below -0.5, which can only be signed; an iterator stays what it was
        found to be. All else is asked for, not guessed. Floats are rounded to 8 bits, as footage has them.

        Raises:
            InputError: it holds no frames, or it is not clear how; or as ``translate_images``.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator("street.png").save("night.png")
            >>> frames = np.zeros((2, 48, 64, 3), np.uint8)
            >>> translator(frames).shape
            (2, 48, 64, 3)
            >>> translator(torch.rand(3, 48, 64), levels="unit").shape
            torch.Size([3, 48, 64])
            >>> sum(1 for frame in translator("drive.mp4"))
            6
        """
        if isinstance(given, str | os.PathLike) and as_path(given).suffix.lower() not in IMAGE_SUFFIXES:
            return self._stream(frames_of(as_path(given)), None, None)
        if is_stream(given):
            return self._stream(given, layout, levels)
        return next(self._stream([given], layout, levels))

    def _stream(self, items: Iterable[Any], layout: Layout | None, levels: Levels | None) -> Iterator[Any]:
        """Yield the translation of each item; as many are read ahead as are translated together."""
        unpacked = unpacked_each(items, layout, levels, self.card.labels_in)
        for group in batches(unpacked, self.batch_size, lambda item: sum(map(self.pixels, item.images))):
            translations = self._translated([image for item in group for image in item.images])
            for item in group:
                yield item.pack(list(islice(translations, len(item.images))))

    def _translated(self, images: list[Picture]) -> Iterator[Picture]:
        for batch in batches(images, self.batch_size, self.pixels):
            for _, alike in groupby(batch, key=lambda image: image.shape):
                yield from self.translate_images(np.stack(list(alike)))

    def translate_path(
        self,
        source: AnyPath | Sequence[AnyPath],
        target: AnyPath,
        output: Output | None = None,
        progress: Progress | None = None,
    ) -> list[str]:
        """Translate a video, an image, or everything in a folder; return what there is to say of it.

        A list of these, or a pattern such as ``clips/*.mp4``, stands for several, which keep their names in the folder
        ``target``. ``frame_%05d.png`` stands for numbered images, as source or as target.

        Raises:
            InputError: as the function for each kind, or two of several would have one name.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator.translate_path("clips/*.mp4", "night", Output(max_side=48))
            []
        """
        if isinstance(source, str | os.PathLike) and (is_streamed(str(source)) or is_image_pattern(str(target))):
            return translate_stream(str(source), str(target), self, output or Output(), progress=progress)
        target, output = as_path(target), output or Output()
        if not isinstance(source, str | os.PathLike) or is_pattern(source):
            sources = find_inputs([source] if isinstance(source, str | os.PathLike) else source)
            return carry_out(plan_several(sources, target, output, self._image_name), self, output, progress)
        source = as_path(source)
        if kind_of(source) == "folder":
            return self.translate_folder(source, target, output, progress)
        if source.suffix.lower() in IMAGE_SUFFIXES:
            translate_image(source, target, self, output)
            return []
        return self.translate_video(source, target, output, progress)

    def translate_video(
        self, source: AnyPath, target: AnyPath, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate a video, and return what there is to say of its sound or colours.

        Size, frame rate, times and sound are kept; memory does not grow with its length.

        Raises:
            InputError: the source is no video or damaged, the target is there already or cannot be written, or the
                numbers of a frame are not finite.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator.translate_video("drive.mp4", "drive_night.mp4")
            []
        """
        source, target, output = as_path(source), as_path(target), output or Output()
        place = video_place(target, output)
        if not may_write(source, place, output, kind_of_output(output)):
            return [f"{place}: is there already, and is left as it is"]
        return carry_out(Plan((), (VideoJob(source, place),)), self, output, progress)

    def translate_folder(
        self, source: AnyPath, target: AnyPath, output: Output | None = None, progress: Progress | None = None
    ) -> list[str]:
        """Translate everything in a folder, into a folder of the same names: videos, and folders of frames.

        Each video, and each folder's frames together, appear whole or not at all. Label maps are written as PNG. What
        can be known to fail is refused before the first is translated.

        Raises:
            InputError: there is nothing to translate, a file is damaged, an output is there already or cannot be
                written as asked, or two inputs would become the same output.

        Example:
            >>> translator = Translator.from_pretrained("runs/day2night")
            >>> translator.translate_folder("clips", "clips_night")
            []
        """
        source, target, output = as_path(source), as_path(target), output or Output()
        return carry_out(plan_folder(source, target, output, self._image_name), self, output, progress)

    def _image_name(self, frame: Path) -> str:
        """Return the frame's own name; label maps become PNG, which keeps their colours."""
        lossy = self.card.palette and frame.suffix.lower() in LOSSY_SUFFIXES
        return frame.with_suffix(".png").name if lossy else frame.name

    def pixels(self, image: Picture) -> int:
        """Return the pixels of an image at its own size or at the scale of training, whichever are more."""
        height, width = image.shape[:2]
        return max(height * width, math.prod(self._to_scale.size(height, width)))
