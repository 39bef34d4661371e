"""Streams through a translator, every frame in turn: pipes, numbered images and videos into one another."""

from pathlib import Path
from typing import TYPE_CHECKING

from recyclegan.errors import InputError
from recyclegan.settings.streaming import PIPE, PipeOptions
from recyclegan.streams import is_image_pattern
from recyclegan.translation.outputs import LOSSY_SUFFIXES, Output
from recyclegan.translation.pipeline import Pipeline, Progress
from recyclegan.translation.stream_ends import may_write_stream, stream_source, stream_target

if TYPE_CHECKING:
    from recyclegan.translation.translator import Translator

_EXACT = frozenset({"rgb24", "bgr24", "rgba", "bgra"})
"""What pipes carry that keeps colours exactly."""


def is_streamed(name: str) -> bool:
    """Return whether a name is a pipe or a pattern of numbered images."""
    return name == PIPE or is_image_pattern(name)


def translate_stream(
    source: str,
    target: str,
    translator: "Translator",
    output: Output,
    pipe: PipeOptions | None = None,
    progress: Progress | None = None,
) -> list[str]:
    """Translate every frame of a pipe, of numbered images or of a video; return what there is to say of it.

    ``-`` is standard input or output, ``frame_%05d.png`` numbered images, which keep their numbers; those of a pipe or
    a video count from 1. A pipe carries frames at an even rate: of a video whose times are not even, some are repeated
    or left out. No sound is kept. Whatever is written appears whole or not at all.

    Raises:
        InputError: the source cannot be read, holds no frames, or the target cannot be written as asked.
        BrokenPipeError: nobody reads the pipe any more.
    """
    pipe = pipe or PipeOptions()
    translator.card.refuse_extras(source)
    if is_image_pattern(source) and not Path(target).suffix and target != PIPE:
        target = str(Path(target) / Path(source).name)
    palette = _on_palette(target, translator, pipe)
    if not may_write_stream(source, target, output):
        return [f"{target}: is there already, and is left as it is"]
    frames = stream_source(source, output, pipe, translator.card.labels_in)
    even = Path(target).suffix != "" and not is_image_pattern(target)
    height, width = output.size(*frames.size, even)
    with stream_target(target, output, pipe, frames, (height, width * (2 if output.side_by_side else 1))) as writer:
        done = Pipeline(translator, output, even).run(
            frames, lambda frame, image: writer.write(image, frame.time), "frames", frames.num_frames, progress
        )
        if not done:
            raise InputError(f"{source}: has no frame {output.span}")
    return [*frames.notes, *writer.notes, *palette]


def _on_palette(target: str, translator: "Translator", pipe: PipeOptions) -> list[str]:
    """Return what there is to say of the colours of label maps.

    Raises:
        InputError: they would be written as images that blur them.
    """
    suffix = Path(target).suffix.lower()
    if not translator.card.palette or suffix == ".gif":
        return []
    if is_image_pattern(target):
        if suffix in LOSSY_SUFFIXES:
            raise InputError(f"{target}: {suffix} blurs the palette of label maps; name .png files")
        return []
    if target != PIPE:
        return [f"{target}: a video blurs the palette of label maps; a pattern such as out_%05d.png is exact"]
    blurs = pipe.pipe_format not in _EXACT
    return [f"-: {pipe.pipe_format} blurs the palette of label maps; --pipe-format rgb24 is exact"] if blurs else []
