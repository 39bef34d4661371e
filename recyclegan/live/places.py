"""What the words INPUT and OUTPUT of ``recyclegan live`` stand for."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.live.devices_seen import camera, screen
from recyclegan.live.sinks import Controls, PipeSink, Sink
from recyclegan.live.sources import PipeSource, PlayedSource, Source
from recyclegan.live.virtual_camera import opened_camera
from recyclegan.live.web_page import HERE, PORT, PageSink
from recyclegan.live.window import opened_window
from recyclegan.settings.streaming import PIPE, PipeOptions
from recyclegan.streams import FramePipeReader, InputPipe, pipe_writer, raw_format, standard_output


def open_source(word: str, pipe: PipeOptions) -> Source:
    """Return the frames that a word stands for.

    Raises:
        InputError: it stands for none that can be read.
    """
    kind, _, which = word.partition(":")
    if word == PIPE:
        return PipeSource(FramePipeReader(InputPipe(), raw_format(pipe), "keep"))
    if kind == "camera" or re.fullmatch(r"\d{1,2}|/dev/video\d+", word):
        return camera(which or ("0" if kind == "camera" else word), pipe.size, pipe.rate)
    if kind == "screen":
        return screen(which, pipe.rate, lambda: os.environ.get("DISPLAY"))
    return PlayedSource(Path(word))


def opened_sink(
    word: str, source: Source, pipe: PipeOptions, controls: Controls, tell: Callable[[str], None], host: str = HERE
) -> AbstractContextManager[Sink]:
    """Return what shows the frames of a source while it is entered; ``host`` is where a page listens.

    Raises:
        InputError: the word stands for nothing that can be shown on.
    """
    kind, _, which = word.partition(":")
    if word == PIPE:
        return _piped(source, pipe)
    if word == "window":
        return opened_window(controls, source.size)
    if kind == "camera":
        return opened_camera(which, source.size, source.rate)
    if kind == "page":
        page = PageSink(controls, _port(which), host)
        tell(f"showing on {page.address}" + ("" if host == HERE else ", to all who reach it, without a password"))
        return page
    raise InputError(f"{word}: shows nothing; expected -, window, page or camera (translate writes files)")


@contextmanager
def _piped(source: Source, pipe: PipeOptions) -> Iterator[Sink]:
    with standard_output() as out:
        yield PipeSink(pipe_writer(out, pipe.pipe_format, *source.size, source.rate))


def _port(text: str) -> int:
    if text and not (text.isdigit() and int(text) < 1 << 16):
        raise InputError(f"page:{text}: expected a port after the colon, 1 to 65535, such as page:8766")
    return int(text) if text else PORT
