"""Frames of cameras and screens, as FFmpeg's devices give them."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
from av.container import InputContainer

from recyclegan.errors import InputError
from recyclegan.live.sources import Now, Source
from recyclegan.video import VideoFrame
from recyclegan.video.colour_tags import ColourConverter
from recyclegan.video.opening import LIBRARY_ERRORS, reason_of

_CAMERAS = {"darwin": "avfoundation", "win32": "dshow"}
_SCREENS = {"darwin": "avfoundation", "win32": "gdigrab"}
_REGION = re.compile(r"(\d{1,5})x(\d{1,5})(?:\+(\d{1,5})\+(\d{1,5}))?")
DEFAULT_RATE = 25.0


class DeviceSource(Source):
    """Frames of a device of FFmpeg, which gives them whether they are taken or not."""

    waits = False

    def __init__(self, what: str, name: str, device: str, options: dict[str, str], now: Now = time.monotonic) -> None:
        """``what`` is what errors call it, ``name`` FFmpeg's name of it, ``device`` the kind of device.

        Raises:
            InputError: it is not there, or gives no frames.
        """
        self._what, self._now, self._unwanted = what, now, Event()
        self._container = _opened(what, name, device, options)
        stream = self._container.streams.video[0]
        self.rate = Fraction(stream.average_rate or stream.base_rate or int(DEFAULT_RATE))
        self.size = (stream.codec_context.height, stream.codec_context.width)

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return []

    def __iter__(self) -> Iterator[VideoFrame]:
        """Yield frames with the seconds since the first one."""
        colours, begun = ColourConverter(Path(self._what)), self._now()
        with self._container:
            try:
                for frame in self._container.decode(video=0):
                    if self._unwanted.is_set():
                        return
                    yield VideoFrame(colours.to_rgb(frame), Fraction(self._now() - begun).limit_denominator(10**6))
            except LIBRARY_ERRORS as error:
                raise InputError(
                    f"{self._what}: gives no more frames ({reason_of(error)}); is it plugged in?"
                ) from error

    def play(self) -> None:
        """There is nothing to do: a device goes on by itself."""

    def stop(self) -> None:
        """Let the thread that waits for a frame end with the next one."""
        self._unwanted.set()


def camera(which: str, size: str | None, rate: str | None) -> DeviceSource:
    """Return the frames of a camera: its number, its device (``/dev/video0``) or its name.

    ``size`` (``640x480``) and ``rate`` are asked of it; without them it chooses.

    Raises:
        InputError: there is none.
    """
    device = _CAMERAS.get(sys.platform, "v4l2")
    options = ({"video_size": size} if size else {}) | ({"framerate": rate} if rate else {})
    return DeviceSource(f"camera {which}", _camera_name(which, device), device, options)


def screen(region: str, rate: str | None, display: Callable[[], str | None]) -> DeviceSource:
    """Return the frames of a screen, or of its ``region``: ``WIDTHxHEIGHT+X+Y`` in pixels; empty for all of it.

    Raises:
        InputError: there is no screen, or no such region.
    """
    match = _REGION.fullmatch(region) if region else None
    if region and match is None:
        raise InputError(f"screen: found region {region!r}, expected WIDTHxHEIGHT+X+Y, such as 640x360+100+50")
    width, height, x, y = match.groups(default="0") if match else ("", "", "0", "0")
    device = _SCREENS.get(sys.platform, "x11grab")
    options = {"framerate": rate or f"{DEFAULT_RATE:g}"} | ({"video_size": f"{width}x{height}"} if match else {})
    if device == "gdigrab":
        return DeviceSource("screen", "desktop", device, options | {"offset_x": x, "offset_y": y})
    if device == "avfoundation":
        return DeviceSource("screen", "Capture screen 0", device, options)
    shown = display()
    if not shown:
        raise InputError("screen: there is no display (DISPLAY is not set); name a video, a camera or - instead")
    return DeviceSource("screen", f"{shown}+{x},{y}", device, options | {"draw_mouse": "0"})


def _camera_name(which: str, device: str) -> str:
    """Return what a kind of device calls a camera."""
    if device == "v4l2":
        return f"/dev/video{which}" if which.isdigit() else which
    return f"video={which}" if device == "dshow" else which


def _opened(what: str, name: str, device: str, options: dict[str, str]) -> InputContainer:
    try:
        container = av.open(name, format=device, options=options)
    except LIBRARY_ERRORS as error:
        asked = "".join(f", {key} {value}" for key, value in options.items())
        check = "it is there and the region lies on it" if what == "screen" else "it is there and free"
        raise InputError(f"{what}: cannot be opened ({reason_of(error)}{asked}); check that {check}") from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{what}: gives no pictures; name another")
    return container
